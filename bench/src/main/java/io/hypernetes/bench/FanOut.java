package io.hypernetes.bench;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/// Changes of one object and their arrival at many watchers, each with a connection of its own.
final class FanOut {
    static final int WATCHERS = 1_000;
    private static final int CHANGES = 50;
    private static final String OBJECTS = "/api/v1/namespaces/default/configmaps";

    private final ApiMaster master;
    private final SSLContext tls;

    FanOut(ApiMaster master, SSLContext tls) {
        this.master = master;
        this.tls = tls;
    }

    /// A line of the table.
    interface Rows {
        void row(String name, String unit, double value);
    }

    /// Measures rounds with the same watchers, each of which prints its own rows: the first ones are those of a master whose code is being compiled meanwhile.
    void measure(int rounds, Rows rows) throws Exception {
        master.post(OBJECTS, "{\"metadata\":{\"name\":\"watched\"}}");
        String path = OBJECTS + "?watch=1&fieldSelector=metadata.name%3Dwatched";
        try (WireWatchers watchers = new WireWatchers(tls, master.address(), WATCHERS, path);
                WireLoad writer = new WireLoad(tls, master.address(), 1)) {
            for (int i = 0; i < rounds; i++) {
                round(i, watchers, writer, rows);
            }
        }
    }

    /// From the moment before a change is asked for to its arrival at each watcher.
    private void round(int number, WireWatchers watchers, WireLoad writer, Rows rows) throws Exception {
        Map<String, Long> sent = new ConcurrentHashMap<>();
        Latencies latencies = new Latencies();
        double server = master.processorSeconds();
        double own = ownSeconds();
        Thread changing = Thread.ofPlatform().start(() -> change(number, writer, sent));
        watchers.follow(CHANGES, sent, latencies);
        changing.join();
        rows.row("an event at " + WATCHERS + " watchers, p50", "ms", latencies.millis(50));
        rows.row("an event at " + WATCHERS + " watchers, p99", "ms", latencies.millis(99));
        rows.row("  processor time of the master for each watcher", "us", (master.processorSeconds() - server) * 1e6 / CHANGES / WATCHERS);
        rows.row("  processor time of the client for each watcher", "us", (ownSeconds() - own) * 1e6 / CHANGES / WATCHERS);
    }

    private static void change(int round, WireLoad writer, Map<String, Long> sent) {
        try {
            for (int i = 0; i < CHANGES; i++) {
                String mark = "m" + round + "-" + i;
                sent.put(mark, System.nanoTime());
                byte[] patch = WireLoad.request(
                        "PATCH", OBJECTS + "/watched", "application/merge-patch+json", "{\"data\":{\"mark\":\"" + mark + "\"}}");
                writer.send(0, 1, _ -> patch, new Latencies());
                TimeUnit.MILLISECONDS.sleep(100); // a pace, not a wait: changes must not meet each other
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static double ownSeconds() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
    }
}
