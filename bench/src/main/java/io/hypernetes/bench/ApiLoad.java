package io.hypernetes.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The API server under load, against what the disk can do. See `bench/api`.
public final class ApiLoad {
    private static final int CLIENTS = 256;
    private static final int COLD = 2_000;
    private static final int LISTED = 10_000;
    private static final int LISTS = 30;
    private static final int WATCHERS = 1_000;
    private static final int CHANGES = 50;
    private static final String PODS = "/api/v1/namespaces/default/pods";
    /// A pod that no scheduler looks at.
    private static final String POD =
            """
            {"metadata":{"name":"p%d","labels":{"app":"bench","shard":"s%d"}},"spec":{"schedulerName":"nobody",
             "containers":[{"name":"c","image":"registry.example.com/bench/web:1.2.3","ports":[{"containerPort":8080}],
             "resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}]}}""";

    private final ApiMaster master;
    private final Map<String, Object> figures = new TreeMap<>();

    private ApiLoad(ApiMaster master) {
        this.master = master;
    }

    /// @param arguments how many pods the store holds in the end
    public static void main(String[] arguments) throws Exception {
        int count = Math.max(LISTED + COLD, Integer.parseInt(arguments[0]));
        Path home = Path.of(System.getProperty("hypernetes.home"));
        Path folder = Files.createTempDirectory("hypernetes-bench-");
        try (ApiMaster master = new ApiMaster(home, folder)) {
            ApiLoad run = new ApiLoad(master);
            run.row("start of an empty master", "ms", master.start() / 1e6);
            run.measure(folder, count);
            Path file = home.resolve("bench/target/api.json");
            Files.writeString(
                    file,
                    JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build().writeValueAsString(run.figures));
            System.out.println("\n  figures: " + file);
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        }
    }

    private void measure(Path folder, int count) throws Exception {
        double flushes = FlushFloor.perSecond(folder);
        row("floor: flushes of the disk", "1/s", flushes);
        etcd(folder);
        row("creates, cold, " + CLIENTS + " clients", "1/s", creates(0, COLD));
        double warm = creates(COLD, LISTED - COLD);
        row("creates, warm, " + CLIENTS + " clients", "1/s", warm);
        row("creates, warm, to the floor", "x", warm / flushes);
        lists();
        fanOut();
        double rest = creates(LISTED, count - LISTED);
        row("creates, up to " + count + " pods", "1/s", rest);
        memory();
        master.stop();
        long ready = master.start();
        row("start of a master with " + count + " pods", "ms", ready / 1e6);
        long begin = System.nanoTime();
        master.get(PODS + "/p0");
        row("its first answer after that", "ms", (System.nanoTime() - begin) / 1e6);
        begin = System.nanoTime();
        master.get(PODS + "?limit=500");
        row("its first page of a list", "ms", (System.nanoTime() - begin) / 1e6);
    }

    private double creates(int from, int count) throws Exception {
        AtomicInteger next = new AtomicInteger(from);
        Latencies latencies = new Latencies();
        long begin = System.nanoTime();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                running.add(clients.submit(() -> {
                    for (int number = next.getAndIncrement(); number < from + count; number = next.getAndIncrement()) {
                        long start = System.nanoTime();
                        master.post(PODS, POD.formatted(number, number % 100));
                        latencies.add(System.nanoTime() - start);
                    }
                    return null;
                }));
            }
            for (Future<?> client : running) {
                client.get();
            }
        }
        double perSecond = count * 1e9 / (System.nanoTime() - begin);
        row("  of these: p50", "ms", latencies.millis(50));
        row("  of these: p99", "ms", latencies.millis(99));
        return perSecond;
    }

    private void lists() throws Exception {
        long begin = System.nanoTime();
        long bytes = master.get(PODS);
        row("list of " + LISTED + " pods, first", "ms", (System.nanoTime() - begin) / 1e6);
        row("  its length", "MB", bytes / 1e6);
        Latencies latencies = new Latencies();
        Latencies selected = new Latencies();
        for (int i = 0; i < LISTS; i++) {
            begin = System.nanoTime();
            master.get(PODS);
            latencies.add(System.nanoTime() - begin);
            begin = System.nanoTime();
            master.get(PODS + "?labelSelector=shard%3Ds7");
            selected.add(System.nanoTime() - begin);
        }
        row("list of " + LISTED + " pods, p50", "ms", latencies.millis(50));
        row("list of 100 among " + LISTED + " by label, p50", "ms", selected.millis(50));
    }

    /// From the moment before a change is asked for to its arrival at each of many watchers.
    private void fanOut() throws Exception {
        Map<String, Long> sent = new ConcurrentHashMap<>();
        Latencies latencies = new Latencies();
        CountDownLatch watching = new CountDownLatch(WATCHERS);
        CountDownLatch arrived = new CountDownLatch(WATCHERS * CHANGES);
        master.post("/api/v1/namespaces/default/configmaps", "{\"metadata\":{\"name\":\"watched\"}}");
        HttpClient http = master.client();
        try (ExecutorService watchers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < WATCHERS; i++) {
                watchers.submit(() -> {
                    follow(http, sent, latencies, watching, arrived);
                    return null;
                });
            }
            if (!watching.await(120, TimeUnit.SECONDS)) {
                throw new IOException(watching.getCount() + " of " + WATCHERS + " watches did not begin");
            }
            for (int i = 0; i < CHANGES; i++) {
                String mark = "m" + i;
                sent.put(mark, System.nanoTime());
                master.mergePatch("/api/v1/namespaces/default/configmaps/watched", "{\"data\":{\"mark\":\"" + mark + "\"}}");
                TimeUnit.MILLISECONDS.sleep(100); // a pace, not a wait: changes must not meet each other
            }
            if (!arrived.await(60, TimeUnit.SECONDS)) {
                throw new IOException(arrived.getCount() + " events did not arrive");
            }
            http.shutdownNow();
        }
        row("an event at " + WATCHERS + " watchers, p50", "ms", latencies.millis(50));
        row("an event at " + WATCHERS + " watchers, p99", "ms", latencies.millis(99));
    }

    private void follow(HttpClient http, Map<String, Long> sent, Latencies latencies, CountDownLatch watching, CountDownLatch arrived)
            throws IOException, InterruptedException {
        HttpResponse<java.io.InputStream> answer = http.send(
                HttpRequest.newBuilder(master.uri("/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3Dwatched"))
                        .build(),
                HttpResponse.BodyHandlers.ofInputStream());
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
            lines.readLine();
            watching.countDown();
            for (int i = 0; i < CHANGES; i++) {
                String line = lines.readLine();
                long now = System.nanoTime();
                if (line == null) {
                    return;
                }
                int at = line.indexOf("\"mark\":\"") + 8;
                Long start = sent.get(line.substring(at, line.indexOf('"', at)));
                if (start != null) {
                    latencies.add(now - start);
                    arrived.countDown();
                }
            }
        }
    }

    private void memory() throws Exception {
        double stored = master.get(PODS) / 1e6;
        double resident = master.residentBytes() / 1e6;
        row("stored bytes", "MB", stored);
        row("resident memory of the master", "MB", resident);
        row("resident memory to 100 MB + 1.3 x the stored bytes", "x", resident / (100 + 1.3 * stored));
    }

    private void etcd(Path folder) throws Exception {
        double creates = EtcdFloor.createsPerSecond(folder.resolve("etcd"), CLIENTS, LISTED);
        if (Double.isNaN(creates)) {
            System.out.println("  etcd is not installed (Debian: apt install etcd-server): left out");
        } else {
            row("peer: creates in etcd, " + CLIENTS + " clients", "1/s", creates);
        }
    }

    private void row(String name, String unit, double value) {
        figures.put(name.strip() + " [" + unit + "]" + (name.startsWith("  ") ? " " + figures.size() : ""), value);
        System.out.printf("  %-60s %12.1f %s%n", name, value, unit);
    }
}
