package io.hypernetes.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The API server under load, against what the disk can do. See `bench/api`.
public final class ApiLoad {
    private static final int CLIENTS = 256;
    private static final int COLD = 2_000;
    private static final int LISTED = 10_000;
    private static final int LISTS = 30;
    /// So many creates and rounds of events until a master's code is compiled as far as it ever is, and so many creates that are measured then.
    private static final int COMPILING = 120_000;
    private static final int COMPILING_ROUNDS = 20;
    private static final int COMPILED = 60_000;
    private static final Duration REST = Duration.ofSeconds(30);
    private static final String PODS = "/api/v1/namespaces/default/pods";
    private final ApiMaster master;
    private final Map<String, Object> figures = new TreeMap<>();
    private SSLContext tls;

    @SuppressWarnings("NullAway.Init") // main() sets it once the master is there
    private ApiLoad(ApiMaster master) {
        this.master = master;
    }

    /// @param arguments how many pods the store holds in the end; with `events` and a number: that many rounds of events at watchers, and nothing else; with
    /// `creates` and perhaps a file for the flight recorder: creates alone; with `memory`: what leads to the master's memory at rest, and that
    public static void main(String[] arguments) throws Exception {
        int count = Math.max(LISTED + COLD, Integer.parseInt(arguments[0]));
        Path home = Path.of(System.getProperty("hypernetes.home"));
        Path folder = Files.createTempDirectory("hypernetes-bench-");
        try (ApiMaster master = new ApiMaster(home, folder)) {
            ApiLoad run = new ApiLoad(master);
            run.row("start of an empty master", "ms", master.start() / 1e6);
            if (arguments.length > 1 && arguments[1].equals("creates")) {
                CreateLoad.run(master, count, arguments.length > 2 ? arguments[2] : "");
                return;
            }
            run.tls = master.tls("root");
            if (arguments.length == 3 && arguments[1].equals("events")) {
                new FanOut(master, run.tls).measure("watched", 0, Integer.parseInt(arguments[2]), run::row);
                return;
            }
            if (arguments.length == 2 && arguments[1].equals("memory")) {
                run.filled(count);
                return;
            }
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
        row("creates, warm, to the floor", "x", filled(count) / flushes);
        master.stop();
        long ready = master.start();
        row("start of a master with " + count + " pods", "ms", ready / 1e6);
        long begin = System.nanoTime();
        master.get(PODS + "/p0");
        row("its first answer after that", "ms", (System.nanoTime() - begin) / 1e6);
        begin = System.nanoTime();
        master.get(PODS + "?limit=500");
        row("its first page of a list", "ms", (System.nanoTime() - begin) / 1e6);
        compiled(count);
    }

    /// A new master until its store is full and it rests.
    ///
    /// @return creates a second of the first that are not cold
    private double filled(int count) throws Exception {
        row("creates, cold, " + CLIENTS + " clients", "1/s", creates(0, COLD));
        double warm = creates(COLD, LISTED - COLD);
        row("creates, warm, " + CLIENTS + " clients", "1/s", warm);
        lists();
        new FanOut(master, tls).measure("watched", 0, 1, this::row);
        double rest = creates(LISTED, count - LISTED);
        row("creates, up to " + count + " pods", "1/s", rest);
        memory();
        return warm;
    }

    /// What a master does that has run for a while: the same master, after as much as makes its code compiled.
    private void compiled(int count) throws Exception {
        try (WireLoad clients = new WireLoad(tls, master.address(), CLIENTS)) {
            clients.send(count, COMPILING, CreateLoad::request, new Latencies());
        }
        row("creates, compiled, " + CLIENTS + " clients, above " + (count + COMPILING) + " pods", "1/s", creates(count + COMPILING, COMPILED));
        System.out.println("  after " + COMPILING_ROUNDS + " such rounds as above:");
        new FanOut(master, tls).measure("compiled", COMPILING_ROUNDS, 4, this::row);
    }

    private double creates(int from, int count) throws Exception {
        Latencies latencies = new Latencies();
        try (WireLoad clients = new WireLoad(tls, master.address(), CLIENTS)) {
            double server = master.processorSeconds();
            double own = FanOut.ownSeconds();
            long begin = System.nanoTime();
            clients.send(from, count, CreateLoad::request, latencies);
            double perSecond = count * 1e9 / (System.nanoTime() - begin);
            row("  of these: p50", "ms", latencies.millis(50));
            row("  of these: p99", "ms", latencies.millis(99));
            row("  processor time of the master for each", "us", (master.processorSeconds() - server) * 1e6 / count);
            row("  processor time of the client for each", "us", (FanOut.ownSeconds() - own) * 1e6 / count);
            return perSecond;
        }
    }

    private void lists() throws Exception {
        try (WireLoad client = new WireLoad(tls, master.address(), 1)) {
            Latencies first = new Latencies();
            client.send(0, 1, _ -> WireLoad.request(PODS), first);
            row("list of " + LISTED + " pods, first", "ms", first.millis(50));
            row("  its length", "MB", master.get(PODS) / 1e6);
            Latencies latencies = new Latencies();
            Latencies selected = new Latencies();
            client.send(0, LISTS, _ -> WireLoad.request(PODS), latencies);
            client.send(0, LISTS, _ -> WireLoad.request(PODS + "?labelSelector=shard%3Ds7"), selected);
            row("list of " + LISTED + " pods, p50", "ms", latencies.millis(50));
            row("list of 100 among " + LISTED + " by label, p50", "ms", selected.millis(50));
        }
    }

    private void memory() throws Exception {
        double stored = master.get(PODS) / 1e6;
        double resident = master.residentBytes() / 1e6;
        row("stored bytes", "MB", stored);
        row("resident memory of the master", "MB", resident);
        Thread.sleep(REST);
        double rested = master.residentBytes() / 1e6;
        row("  after " + REST.toSeconds() + " s at rest", "MB", rested);
        row("  of that no mapped files", "MB", master.anonymousBytes() / 1e6);
        row("  at rest, to 100 MB + 1.3 x the stored bytes", "x", rested / (100 + 1.3 * stored));
        MemoryParts.of(master.pid(), master.jcmd("GC.heap_info")).entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .forEach(each -> row("    " + each.getKey(), "MB", each.getValue() / 1e6));
        String tracked = master.jcmd("VM.native_memory summary");
        if (tracked.contains("Java Heap")) {
            System.out.println(tracked);
        }
        var live = master.live();
        row("  objects, after a collection", "MB", live.values().stream().mapToLong(Long::longValue).sum() / 1e6);
        live.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(20)
                .forEach(each -> row("    " + each.getKey(), "MB", each.getValue() / 1e6));
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
