package io.hypernetes.bench;

import java.io.BufferedReader;
import java.io.IOException;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Many tenants in one master, and two of them against each other. See `bench/tenants`.
public final class TenantLoad {
    private static final String TENANTS = "/apis/hypernetes.io/v1/tenants";
    private static final String CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
    private static final String FLOOD = "--flood";
    private static final int ALONE = 200;
    private static final int MAKERS = 16;
    private static final int FLOODERS = 64;
    /// Requests after which a flood is one.
    private static final int WARM = 3_000;
    private static final int ASKED = 1_000;
    private static final int SHOWN = 24;

    private final ApiMaster master;
    private final Path home;
    private final Path folder;
    private final Map<String, Object> figures = new TreeMap<>();
    private long empty;

    private TenantLoad(ApiMaster master, Path home, Path folder) {
        this.master = master;
        this.home = home;
        this.folder = folder;
    }

    /// @param arguments how many tenants, and which parts: `again` (the master started anew with them), `flood`; none: all. The process that floods is another of
    /// these
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals(FLOOD)) {
            floods(ApiMaster.running(Path.of(arguments[1]), Integer.parseInt(arguments[2])));
            return;
        }
        int count = Math.max(4 * ALONE, Integer.parseInt(arguments[0]));
        Path home = Path.of(System.getProperty("hypernetes.home"));
        Path folder = Files.createTempDirectory("hypernetes-bench-");
        try (ApiMaster master = new ApiMaster(home, folder)) {
            TenantLoad run = new TenantLoad(master, home, folder);
            master.start();
            run.empty = master.liveBytes();
            run.tenants(count);
            List<String> parts = List.of(arguments).subList(1, arguments.length);
            if (parts.isEmpty() || parts.contains("again")) {
                run.again(count);
            }
            if (parts.isEmpty() || parts.contains("flood")) {
                run.flood();
            }
            Path file = home.resolve("bench/target/tenants.json");
            Files.writeString(file, JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build().writeValueAsString(run.figures));
            System.out.println("\n  figures: " + file);
        } finally {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        }
    }

    private void tenants(int count) throws Exception {
        for (int n = 0; n < ALONE; n++) {
            make(n);
        }
        Map<String, Long> before = master.live();
        Latencies alone = new Latencies();
        for (int n = ALONE; n < 2 * ALONE; n++) {
            long start = System.nanoTime();
            make(n);
            alone.add(System.nanoTime() - start);
        }
        row("a tenant made, one after the other: p50", "ms", alone.millis(50));
        row("  p99", "ms", alone.millis(99));
        AtomicInteger next = new AtomicInteger(2 * ALONE);
        int burst = count - ALONE;
        long begin = System.nanoTime();
        try (ExecutorService makers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < MAKERS; i++) {
                makers.submit(() -> {
                    for (int n = next.getAndIncrement(); n < burst; n = next.getAndIncrement()) {
                        make(n);
                    }
                    return null;
                });
            }
        }
        row("tenants made by " + MAKERS + " at once", "1/s", (burst - 2 * ALONE) * 1e9 / (System.nanoTime() - begin));
        Latencies warm = new Latencies();
        for (int n = burst; n < count; n++) {
            long start = System.nanoTime();
            make(n);
            warm.add(System.nanoTime() - start);
        }
        // The first ones are made by a master whose code is being compiled meanwhile.
        row("a tenant made, one after the other, after those: p50", "ms", warm.millis(50));
        row("  p99", "ms", warm.millis(99));
        objects(before, count - ALONE);
        row("resident memory of the master with " + count + " tenants", "MB", master.residentBytes() / 1e6);
    }

    /// What has come with some tenants, and of which classes most of it is.
    private void objects(Map<String, Long> before, int tenants) throws IOException, InterruptedException {
        Map<String, Long> grown = master.live();
        before.forEach((type, bytes) -> grown.merge(type, -bytes, Long::sum));
        row("objects of a tenant just made, after a collection", "KB", grown.values().stream().mapToLong(Long::longValue).sum() / 1e3 / tenants);
        grown.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(SHOWN)
                .forEach(type -> row("  " + type.getKey(), "KB", type.getValue() / 1e3 / tenants));
    }

    /// The master is started anew with all tenants.
    private void again(int count) throws Exception {
        master.stop();
        row("a master with " + count + " tenants serves after", "s", master.start() / 1e9);
        master.get("/tenants/t" + (count - 1) + CONFIG_MAPS);
        row("  its memory then", "MB", master.residentBytes() / 1e6);
        row("  objects of an idle tenant then, after a collection", "KB", (master.liveBytes() - empty) / 1e3 / count);
    }

    private void make(int n) throws IOException, InterruptedException {
        master.post(TENANTS, "{\"metadata\":{\"name\":\"t" + n + "\"}}");
    }

    /// First with everything on all processors, where what the flooding clients use is missing to master and asker; then with a processor for the flooding
    /// clients, and the others for master and asker, as if the clients were on another machine: what is left then is the master's own.
    private void flood() throws Exception {
        flood("");
        int processors = Runtime.getRuntime().availableProcessors();
        if (processors > 1) {
            String rest = processors == 2 ? "0" : "0-" + (processors - 2);
            pin(master.pid(), rest);
            pin(ProcessHandle.current().pid(), rest);
            flood(Integer.toString(processors - 1));
        }
    }

    /// @param processor where the flooding clients run; empty for all
    private void flood(String processor) throws Exception {
        String where = processor.isEmpty() ? "" : ", clients on a processor of their own";
        // One thread and a bare connection: what it takes itself is not what is asked.
        try (WireLoad quiet = new WireLoad(master.tls("t1"), master.address(), 1)) {
            flood(quiet, processor, where);
        }
    }

    private void flood(WireLoad quiet, String processor, String where) throws Exception {
        ask(quiet, new Latencies());
        ask(quiet, new Latencies());
        Latencies idle = new Latencies();
        ask(quiet, idle);
        Latencies under = new Latencies();
        List<String> command = new ArrayList<>(processor.isEmpty() ? List.of() : List.of("taskset", "-c", processor));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Dhypernetes.home=" + home,
                "-Djdk.httpclient.connectionPoolSize=512", "-cp", System.getProperty("java.class.path"), TenantLoad.class.getName(),
                FLOOD, folder.toString(), Integer.toString(master.port())));
        Process flooder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader said = flooder.inputReader(StandardCharsets.UTF_8);
        said.readLine();
        long flooding = System.nanoTime();
        double used = master.processorSeconds();
        ask(quiet, under);
        double seconds = (System.nanoTime() - flooding) / 1e9;
        used = master.processorSeconds() - used;
        flooder.outputWriter(StandardCharsets.UTF_8).close();
        String[] counted = said.readLine().split(" ");
        flooder.waitFor();
        row("requests of the tenant that floods" + where, "1/s", Long.parseLong(counted[0]) / seconds);
        row("  of them told to come again", "1/s", Long.parseLong(counted[1]) / seconds);
        row("  processors that the master used", "", used / seconds);
        row("requests of another without: p50", "ms", idle.millis(50));
        row("  p99", "ms", idle.millis(99));
        row("requests of another meanwhile: p50", "ms", under.millis(50));
        row("  p99", "ms", under.millis(99));
        row("p99 under the flood to that without" + where, "x", under.millis(99) / idle.millis(99));
    }

    private static void pin(long process, String processors) throws IOException, InterruptedException {
        Process pinned = new ProcessBuilder("taskset", "-a", "-p", "-c", processors, Long.toString(process))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (pinned.waitFor() != 0) {
            throw new IOException("taskset cannot keep process " + process + " on processors " + processors);
        }
    }

    /// Floods a master until its input ends: says so when it is under way, and how many requests that were at the end.
    private static void floods(ApiMaster master) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger flooded = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        CountDownLatch warm = new CountDownLatch(WARM);
        try (ExecutorService flooders = Executors.newVirtualThreadPerTaskExecutor()) {
            TenantLoad load = new TenantLoad(master, Path.of(""), Path.of(""));
            HttpClient loud = master.client("t2");
            for (int i = 0; i < FLOODERS; i++) {
                int flooder = i;
                flooders.submit(() -> {
                    while (!over.get()) {
                        String created = flooder % 2 == 0 ? null : "{\"metadata\":{\"generateName\":\"c\"},\"data\":{\"k\":\"v\"}}";
                        if (load.send(loud, created) == 429) {
                            refused.incrementAndGet();
                        }
                        flooded.incrementAndGet();
                        warm.countDown();
                    }
                    return null;
                });
            }
            if (!warm.await(1, TimeUnit.MINUTES)) {
                over.set(true);
                throw new IOException("no flood: " + flooded.get() + " of its first " + WARM + " requests were answered within a minute");
            }
            flooded.set(0);
            refused.set(0);
            System.out.println("flooding");
            while (System.in.read() >= 0) {
                // Only the end counts.
            }
            System.out.println(flooded.get() + " " + refused.get());
            over.set(true);
        }
    }

    private static void ask(WireLoad client, Latencies latencies) throws IOException {
        for (int n = 0; n < ASKED; n++) {
            client.send(0, 1, _ -> WireLoad.request(CONFIG_MAPS), latencies);
        }
    }

    /// Lists, or creates what is given; the status of the answer.
    private int send(HttpClient client, @org.jspecify.annotations.Nullable String created) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(master.uri(CONFIG_MAPS));
        if (created != null) {
            request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(created));
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    private void row(String name, String unit, double value) {
        figures.put(name.strip() + " [" + unit + "]" + (name.startsWith("  ") ? " " + figures.size() : ""), value);
        System.out.printf("  %-60s %12.1f %s%n", name, value, unit);
    }
}
