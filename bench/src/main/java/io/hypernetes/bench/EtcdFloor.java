package io.hypernetes.bench;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/// Creates in an etcd of its own on this disk, through its HTTP gateway.
final class EtcdFloor {
    private static final int VALUE_BYTES = 1_500;
    private static final int STARTS = 100;

    private EtcdFloor() {}

    /// @return NaN where there is no etcd
    static double createsPerSecond(Path folder, int clients, int count) throws Exception {
        Path binary = Path.of("/usr/bin/etcd");
        if (!Files.isExecutable(binary)) {
            return Double.NaN;
        }
        int port = freePort();
        String url = "http://127.0.0.1:" + port;
        String peer = "http://127.0.0.1:" + freePort();
        Process etcd = new ProcessBuilder(
                        binary.toString(), "--data-dir", folder.toString(), "--listen-client-urls", url, "--advertise-client-urls", url,
                        "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "default=" + peer)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (HttpClient http = HttpClient.newBuilder().executor(Executors.newVirtualThreadPerTaskExecutor()).build()) {
            String value = Base64.getEncoder().encodeToString(new byte[VALUE_BYTES]);
            awaitAnswer(http, url);
            AtomicInteger next = new AtomicInteger();
            long begin = System.nanoTime();
            try (ExecutorService running = Executors.newVirtualThreadPerTaskExecutor()) {
                List<Future<?>> all = new ArrayList<>();
                for (int i = 0; i < clients; i++) {
                    all.add(running.submit(() -> {
                        for (int number = next.getAndIncrement(); number < count; number = next.getAndIncrement()) {
                            put(http, url, "/registry/pods/default/p" + number, value);
                        }
                        return null;
                    }));
                }
                for (Future<?> client : all) {
                    client.get();
                }
            }
            return count * 1e9 / (System.nanoTime() - begin);
        } finally {
            etcd.destroy();
            etcd.onExit().join();
        }
    }

    private static void awaitAnswer(HttpClient http, String url) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                put(http, url, "/ready", "");
                return;
            } catch (IOException e) {
                if (attempt == STARTS) {
                    throw e;
                }
                Thread.sleep(100); // it has no other way to say that it serves
            }
        }
    }

    private static void put(HttpClient http, String url, String key, String value) throws IOException, InterruptedException {
        String name = Base64.getEncoder().encodeToString(key.getBytes(StandardCharsets.UTF_8));
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(URI.create(url + "/v3/kv/put"))
                        .POST(HttpRequest.BodyPublishers.ofString("{\"key\":\"" + name + "\",\"value\":\"" + value + "\"}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException("etcd answered " + answer.statusCode() + ": " + answer.body());
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
