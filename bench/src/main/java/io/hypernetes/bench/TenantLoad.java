package io.hypernetes.bench;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Many tenants in one master, and two of them against each other. See `bench/tenants`.
public final class TenantLoad {
    private static final String TENANTS = "/apis/hypernetes.io/v1/tenants";
    private static final String CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
    private static final int ALONE = 200;
    private static final int MAKERS = 16;
    private static final int FLOODERS = 64;
    private static final int ASKED = 400;

    private final ApiMaster master;
    private final Map<String, Object> figures = new TreeMap<>();

    private TenantLoad(ApiMaster master) {
        this.master = master;
    }

    /// @param arguments how many tenants
    public static void main(String[] arguments) throws Exception {
        int count = Math.max(2 * ALONE, Integer.parseInt(arguments[0]));
        Path home = Path.of(System.getProperty("hypernetes.home"));
        Path folder = Files.createTempDirectory("hypernetes-bench-");
        try (ApiMaster master = new ApiMaster(home, folder)) {
            TenantLoad run = new TenantLoad(master);
            master.start();
            run.tenants(count);
            run.flood();
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
        long before = master.liveBytes();
        Latencies alone = new Latencies();
        for (int n = ALONE; n < 2 * ALONE; n++) {
            long start = System.nanoTime();
            make(n);
            alone.add(System.nanoTime() - start);
        }
        row("a tenant made, one after the other: p50", "ms", alone.millis(50));
        row("  p99", "ms", alone.millis(99));
        AtomicInteger next = new AtomicInteger(2 * ALONE);
        long begin = System.nanoTime();
        try (ExecutorService makers = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < MAKERS; i++) {
                makers.submit(() -> {
                    for (int n = next.getAndIncrement(); n < count; n = next.getAndIncrement()) {
                        make(n);
                    }
                    return null;
                });
            }
        }
        row("tenants made by " + MAKERS + " at once", "1/s", (count - 2 * ALONE) * 1e9 / (System.nanoTime() - begin));
        row("objects of an idle tenant, after a collection", "KB", (master.liveBytes() - before) / 1e3 / (count - ALONE));
        row("resident memory of the master with " + count + " tenants", "MB", master.residentBytes() / 1e6);
    }

    private void make(int n) throws IOException, InterruptedException {
        master.post(TENANTS, "{\"metadata\":{\"name\":\"t" + n + "\"}}");
    }

    private void flood() throws Exception {
        HttpClient quiet = master.client("t1");
        ask(quiet, new Latencies());
        Latencies idle = new Latencies();
        ask(quiet, idle);
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger flooded = new AtomicInteger();
        Latencies under = new Latencies();
        long begin = System.nanoTime();
        try (ExecutorService flooders = Executors.newVirtualThreadPerTaskExecutor()) {
            HttpClient loud = master.client("t2");
            for (int i = 0; i < FLOODERS; i++) {
                int flooder = i;
                flooders.submit(() -> {
                    for (int n = 0; !over.get(); n++) {
                        send(loud, flooder % 2 == 0 ? null : "{\"metadata\":{\"name\":\"c" + flooder + "-" + n + "\"},\"data\":{\"k\":\"v\"}}");
                        flooded.incrementAndGet();
                    }
                    return null;
                });
            }
            ask(quiet, under);
            over.set(true);
        }
        row("requests of the tenant that floods", "1/s", flooded.get() * 1e9 / (System.nanoTime() - begin));
        row("requests of another without: p50", "ms", idle.millis(50));
        row("  p99", "ms", idle.millis(99));
        row("requests of another meanwhile: p50", "ms", under.millis(50));
        row("  p99", "ms", under.millis(99));
        row("p99 under the flood to that without", "x", under.millis(99) / idle.millis(99));
    }

    private void ask(HttpClient client, Latencies latencies) throws IOException, InterruptedException {
        for (int n = 0; n < ASKED; n++) {
            long start = System.nanoTime();
            send(client, null);
            latencies.add(System.nanoTime() - start);
        }
    }

    /// Lists, or creates what is given.
    private void send(HttpClient client, @org.jspecify.annotations.Nullable String created) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(master.uri(CONFIG_MAPS));
        if (created != null) {
            request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(created));
        }
        client.send(request.build(), HttpResponse.BodyHandlers.discarding());
    }

    private void row(String name, String unit, double value) {
        figures.put(name.strip() + " [" + unit + "]" + (name.startsWith("  ") ? " " + figures.size() : ""), value);
        System.out.printf("  %-60s %12.1f %s%n", name, value, unit);
    }
}
