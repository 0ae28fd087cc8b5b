package io.hypernetes.bench;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;

/// Changes of one object and their arrival at many watchers, each with a connection of its own.
final class FanOut {
    static final int WATCHERS = 1_000;
    private static final int CHANGES = 50;
    private static final int ASKED = 1_000;
    private static final Rows NONE = (_, _, _) -> {};
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

    /// Measures rounds with the same watchers, each of which has rows of its own: the first are those of a master whose code is being compiled meanwhile. After several,
    /// what another tenant has of it.
    ///
    /// @param name of the object that is made for it and watched
    /// @param unseen rounds before those, which have no rows
    void measure(String name, int unseen, int rounds, Rows rows) throws Exception {
        master.post(OBJECTS, "{\"metadata\":{\"name\":\"" + name + "\"}}");
        String path = OBJECTS + "?watch=1&fieldSelector=metadata.name%3D" + name;
        try (WireWatchers watchers = new WireWatchers(tls, master.address(), WATCHERS, path);
                WireLoad writer = new WireLoad(tls, master.address(), 1)) {
            for (int i = 0; i < unseen + rounds; i++) {
                round(name, i, watchers, writer, i < unseen ? NONE : rows);
            }
            if (rounds > 1) {
                neighbour(name, unseen + rounds, watchers, writer, rows);
            }
        }
    }

    /// One more round, while another tenant makes small requests at a pace; then as many without.
    private void neighbour(String name, int round, WireWatchers watchers, WireLoad writer, Rows rows) throws Exception {
        master.post("/apis/hypernetes.io/v1/tenants", "{\"metadata\":{\"name\":\"neighbour\"}}");
        try (WireLoad asker = new WireLoad(master.tls("neighbour"), master.address(), 1)) {
            Latencies alone = new Latencies();
            Latencies first = new Latencies();
            ask(asker, () -> first.count() < ASKED, first);
            ask(asker, () -> alone.count() < ASKED, alone);
            Latencies meanwhile = new Latencies();
            AtomicBoolean under = new AtomicBoolean(true);
            Thread asking = Thread.ofPlatform().start(() -> ask(asker, under::get, meanwhile));
            round(name, round, watchers, writer, NONE);
            under.set(false);
            asking.join();
            rows.row("a request of another tenant, alone: p50", "ms", alone.millis(50));
            rows.row("  p99", "ms", alone.millis(99));
            rows.row("a request of another tenant, while there are events: p50", "ms", meanwhile.millis(50));
            rows.row("  p99", "ms", meanwhile.millis(99));
        }
    }

    private static void ask(WireLoad asker, BooleanSupplier more, Latencies latencies) {
        try {
            while (more.getAsBoolean()) {
                asker.send(0, 1, _ -> WireLoad.request(OBJECTS), latencies);
                TimeUnit.MILLISECONDS.sleep(3); // a pace: it must not be a flood
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// From the moment before a change is asked for to its arrival at each watcher.
    private void round(String name, int number, WireWatchers watchers, WireLoad writer, Rows rows) throws Exception {
        Map<String, Long> sent = new ConcurrentHashMap<>();
        Latencies latencies = new Latencies();
        double server = master.processorSeconds();
        double own = ownSeconds();
        Thread changing = Thread.ofPlatform().start(() -> change(name, number, writer, sent));
        watchers.follow(CHANGES, sent, latencies);
        changing.join();
        rows.row("an event at " + WATCHERS + " watchers, p50", "ms", latencies.millis(50));
        rows.row("an event at " + WATCHERS + " watchers, p99", "ms", latencies.millis(99));
        rows.row("  processor time of the master for each watcher", "us", (master.processorSeconds() - server) * 1e6 / CHANGES / WATCHERS);
        rows.row("  processor time of the client for each watcher", "us", (ownSeconds() - own) * 1e6 / CHANGES / WATCHERS);
    }

    private static void change(String name, int round, WireLoad writer, Map<String, Long> sent) {
        try {
            for (int i = 0; i < CHANGES; i++) {
                String mark = "m" + round + "-" + i;
                sent.put(mark, System.nanoTime());
                byte[] patch = WireLoad.request(
                        "PATCH", OBJECTS + "/" + name, "application/merge-patch+json", "{\"data\":{\"mark\":\"" + mark + "\"}}");
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
