package io.hypernetes.bench;

import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Tls;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;

/// The master as a process of its own on free ports, and requests to it as the operator.
final class ApiMaster implements AutoCloseable {
    private final Path home;
    private final Path folder;
    private final int port;
    private final int metricsPort;
    private Process process;
    private HttpClient http;

    ApiMaster(Path home, Path folder) throws IOException {
        this(home, folder, freePort());
    }

    @SuppressWarnings("NullAway.Init") // start() comes first
    private ApiMaster(Path home, Path folder, int port) throws IOException {
        this.home = home;
        this.folder = folder;
        this.port = port;
        this.metricsPort = freePort();
    }

    /// One that another process has started, to make requests to.
    static ApiMaster running(Path folder, int port) throws IOException {
        return new ApiMaster(Path.of(""), folder, port);
    }

    int port() {
        return port;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /// Starts it; nanoseconds until it says that it serves.
    long start() throws IOException {
        long begin = System.nanoTime();
        process = new ProcessBuilder(
                        home.resolve("hypernetes").toString(), "master", "--root", folder.toString(),
                        "--set", "api-address=127.0.0.1", "--set", "api-port=" + port, "--set", "master-metrics-port=" + metricsPort)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
        if (!"READY".equals(output.readLine())) {
            throw new IOException("the master did not start; see " + folder.resolve("log/master.log"));
        }
        long taken = System.nanoTime() - begin;
        if (http == null) {
            http = client();
        }
        return taken;
    }

    void stop() {
        process.destroy();
        process.onExit().join();
    }

    /// The process; the launcher ends as the process that it starts.
    long pid() {
        return process.pid();
    }

    /// Resident memory in bytes.
    long residentBytes() throws IOException {
        return status("VmRSS:");
    }

    /// The part of it that is no mapped file, in bytes: programs, libraries and the ahead-of-time cache are of the page cache.
    long anonymousBytes() throws IOException {
        return status("RssAnon:");
    }

    private long status(String name) throws IOException {
        // The launcher ends as the process that it starts.
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith(name)) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
            }
        }
        throw new IOException("/proc says nothing of the master's memory");
    }

    /// The bytes of all objects that are still in use, after a collection.
    long liveBytes() throws IOException, InterruptedException {
        return live().values().stream().mapToLong(Long::longValue).sum();
    }

    /// The same by class.
    Map<String, Long> live() throws IOException, InterruptedException {
        Map<String, Long> bytes = new HashMap<>();
        for (String line : jcmd("GC.class_histogram").lines().toList()) {
            String[] columns = line.trim().split("\\s+");
            // What the collector fills gaps with is nobody's.
            if (columns.length >= 4 && columns[0].endsWith(":") && !columns[3].contains("jdk.internal.vm.Filler")) {
                bytes.merge(columns[3], Long.parseLong(columns[2]), Long::sum);
            }
        }
        if (bytes.isEmpty()) {
            throw new IOException("jcmd tells nothing of the master's objects");
        }
        return bytes;
    }

    /// What its virtual machine answers to a command.
    String jcmd(String command) throws IOException, InterruptedException {
        Process asked = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), Long.toString(process.pid()), command)
                .redirectErrorStream(true)
                .start();
        String answer = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        asked.waitFor();
        return answer;
    }

    /// Processor time that it has used, in seconds.
    double processorSeconds() {
        return process.toHandle().info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }

    /// Where it serves.
    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }

    /// A client with connections of its own.
    HttpClient client() {
        return client("root");
    }

    /// The same for an administrator of a tenant.
    HttpClient client(String tenant) {
        return HttpClient.newBuilder()
                .sslContext(tls(tenant))
                .version(HttpClient.Version.HTTP_1_1)
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
    }

    /// What an administrator of a tenant shows.
    SSLContext tls(String tenant) {
        Authorities authorities = Authorities.lookAt(folder.resolve("lib/master/pki"), Clock.systemUTC(), new SecureRandom());
        return Tls.client(
                authorities.root().certificate(),
                authorities.tenant(tenant).issue(CertificateSpec.client("bench", List.of("system:masters"), Duration.ofHours(2))));
    }

    URI uri(String path) {
        return URI.create("https://127.0.0.1:" + port + path);
    }

    /// Posts JSON, which must succeed.
    void post(String path, String json) throws IOException, InterruptedException {
        expect(http.send(
                HttpRequest.newBuilder(uri(path))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(json))
                        .build(),
                HttpResponse.BodyHandlers.ofString()));
    }

    void mergePatch(String path, String json) throws IOException, InterruptedException {
        expect(http.send(
                HttpRequest.newBuilder(uri(path))
                        .header("Content-Type", "application/merge-patch+json")
                        .method("PATCH", HttpRequest.BodyPublishers.ofString(json))
                        .build(),
                HttpResponse.BodyHandlers.ofString()));
    }

    /// The length of an answer.
    long get(String path) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer = http.send(HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofByteArray());
        if (answer.statusCode() != 200) {
            throw new IOException("GET " + path + " answered " + answer.statusCode());
        }
        return answer.body().length;
    }

    private static void expect(HttpResponse<String> answer) throws IOException {
        if (answer.statusCode() / 100 != 2) {
            throw new IOException(answer.request().method() + " " + answer.uri() + " answered " + answer.statusCode() + ": " + answer.body());
        }
    }

    @Override
    public void close() {
        stop();
        http.shutdownNow();
    }
}
