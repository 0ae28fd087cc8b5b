package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Whether another tenant writes nothing or 500 objects a second is not to be told from anything that a tenant is answered, nor from how long it takes.
///
/// Phases alternate, so that what drifts meets all alike: the other is quiet; it sends as many creates as it will, which only rehearse (`dryRun`) and
/// take as much of the processors; it writes. Texts, headers and discovery must be equal to the byte, and revisions be the clock's. Times are compared
/// by ranks between rehearsing and writing, which leaves out that processors are shared.
///
/// The long form (`-Dunseen.rounds=40`) demands that the other really writes so fast, and judges by the size of the effect; the short one by a coarse
/// bound alone, as it has few samples and a machine that does other things.
class UnseenWritesTest extends ClusterTest {
    private static final int ROUNDS = Integer.getInteger("unseen.rounds", 2);
    private static final boolean LONG = ROUNDS >= 20;
    private static final int SAMPLES = LONG ? 40 : 12;
    private static final int WRITES_A_SECOND = 500;
    /// How often a time while the other writes may be longer than one while it rehearses. With the samples of the long form chance alone stays within
    /// 0.5 and 0.03; the rest is for machines that do other things too, whose noise the halves of one phase show beside it.
    private static final double LARGEST_EFFECT = 0.65;
    /// A create waits for the disk, which other tenants' writes use too: it comes to a flush that is under way.
    private static final double LARGEST_EFFECT_ON_CREATES = 0.80;
    private static final Set<String> CHANGING = Set.of("audit-id", "date", ":status");

    private static final String DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    /// The other's kinds come and go meanwhile: nobody else's discovery shows it.
    private static final String DEFINITION = """
            {"metadata":{"name":"things%1$d.prey.example.com"},"spec":{"group":"prey.example.com","scope":"Namespaced",
             "names":{"plural":"things%1$d","singular":"thing%1$d","kind":"Thing%1$d","listKind":"Thing%1$dList"},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}""";

    private enum Phase {
        QUIET,
        REHEARSES,
        WRITES
    }

    private Cluster.Client prey;
    private Cluster.Client prowler;
    private final Map<String, Map<Phase, List<Long>>> times = new TreeMap<>();
    private int made;
    private int definitions;

    @BeforeAll
    void tenants() {
        for (var name : List.of("prey", "prowler")) {
            admin.post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(201);
        }
        prey = cluster.new Client(cluster.credential("prey", "alice", "system:masters"), HttpClient.Version.HTTP_2);
        prowler = cluster.client("prowler", "mallory", "system:masters");
    }

    @Test
    void whetherAnotherWritesIsNotToBeToldFromAnything() throws Exception {
        prowler.post(configMaps("default"), configMap("own", "1")).expect(201);
        var old = "";
        var texts = new EnumMap<Phase, List<String>>(Phase.class);
        double written = 0;
        do {
            observe(Phase.QUIET);
            // History that becomes too old in the midst of it would be a difference that the other has no part in.
        } while (LONG && prowler.get(configMaps("default") + "?resourceVersion=1&resourceVersionMatch=Exact").code() != 410);
        times.clear();
        for (int round = 0; round < ROUNDS; round++) {
            // One's own changes and the clock do end what is known: a round is shorter than that.
            old = prowler.get(configMaps("default")).at("metadata", "resourceVersion");
            for (var phase : Phase.values()) {
                try (var other = new Other(phase)) {
                    other.isUnderWay();
                    int before = other.answered.get();
                    long begin = System.nanoTime();
                    observe(phase);
                    double rate = (other.answered.get() - before) * 1e9 / (System.nanoTime() - begin);
                    if (phase == Phase.WRITES) {
                        written += rate / ROUNDS;
                    }
                    texts.put(phase, texts());
                    assertThat(texts.get(phase)).as(phase + " against quiet").isEqualTo(texts.get(Phase.QUIET));
                }
            }
        }
        System.out.printf("unseen writes: %.0f a second%n", written);
        assertThat(written).as("writes of the other a second").isGreaterThan(LONG ? 0.9 * WRITES_A_SECOND : 0);
        times.forEach(UnseenWritesTest::judge);
        // Nor does what the other writes make one's own history shorter.
        try (var watch = prowler.watch(configMaps("default") + "?watch=1&resourceVersion=" + old + "&fieldSelector=metadata.name%3Down")) {
            prowler.patch(configMaps("default") + "/own", "application/merge-patch+json", "{\"data\":{\"k\":\"2\"}}").expect(200);
            assertThat(Json.string(watch.next(), "type")).isEqualTo("MODIFIED");
        }
    }

    private static void judge(String request, Map<Phase, List<Long>> samples) {
        var quiet = sorted(samples, Phase.QUIET);
        var rehearses = sorted(samples, Phase.REHEARSES);
        var writes = sorted(samples, Phase.WRITES);
        var ranks = Ranks.of(rehearses, writes);
        var itself = samples.get(Phase.REHEARSES);
        int half = itself.size() / 2;
        var noise = Ranks.of(longs(itself.subList(0, half)), longs(itself.subList(half, itself.size())));
        System.out.printf("  %-7s median us: quiet %d, rehearses %d, writes %d; writes longer than rehearses: %.3f (z %.1f); halves of rehearses: %.3f (z %.1f)%n",
                request, median(quiet) / 1000, median(rehearses) / 1000, median(writes) / 1000, ranks.effect(), ranks.z(), noise.effect(), noise.z());
        assertThat(median(writes)).as("time of a " + request).isLessThan(5 * median(rehearses) + 100_000_000);
        if (LONG) {
            double largest = request.equals("create") ? LARGEST_EFFECT_ON_CREATES : LARGEST_EFFECT;
            assertThat(ranks.effect()).as("times of a " + request + ", writing against rehearsing").isBetween(1 - largest, largest);
        }
    }

    private static long[] sorted(Map<Phase, List<Long>> samples, Phase phase) {
        var sorted = longs(samples.getOrDefault(phase, List.of()));
        Arrays.sort(sorted);
        return sorted;
    }

    private static long[] longs(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    private static long median(long[] sorted) {
        return sorted[sorted.length / 2];
    }

    /// Asks for times, and whether revisions are the time and nothing else: they neither run ahead nor count, nor are they older than the request while a
    /// write of the other is on its way to the disk.
    private void observe(Phase phase) {
        for (int i = 0; i < SAMPLES; i++) {
            long before = micros();
            var list = timed("list", phase, () -> prowler.get(configMaps("default") + "?labelSelector=own").expect(200));
            isTheTime("a list's revision", phase, list.at("metadata", "resourceVersion"), before);
            timed("get", phase, () -> prowler.get(configMaps("default") + "/own").expect(200));
            var name = "made-" + made++;
            timed("create", phase, () -> prowler.post("/api/v1/namespaces/kube-public/configmaps", configMap(name, "1")).expect(201));
            timed("missing", phase, () -> prowler.get("/tenants/prey/api/v1/configmaps").expect(404));
            before = micros();
            var tooLarge = prowler.get(configMaps("default") + "?resourceVersion=9999999999999999").expect(504).at("message");
            isTheTime("the revision of an error", phase, tooLarge.substring(tooLarge.lastIndexOf(' ') + 1), before);
            before = micros();
            var rehearsed = prowler.post(configMaps("default") + "?dryRun=All", configMap("rehearsed", "1")).expect(201);
            isTheTime("a rehearsed revision", phase, rehearsed.at("metadata", "resourceVersion"), before);
        }
    }

    private static void isTheTime(String what, Phase phase, String revision, long before) {
        assertThat(Long.parseLong(revision)).as(what + " while the other " + phase).isBetween(before, micros() + 1_000);
    }

    private static long micros() {
        var now = Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
    }

    private Cluster.Reply timed(String request, Phase phase, Supplier<Cluster.Reply> asked) {
        long start = System.nanoTime();
        var reply = asked.get();
        times.computeIfAbsent(request, _ -> new EnumMap<>(Phase.class)).computeIfAbsent(phase, _ -> new ArrayList<>()).add(System.nanoTime() - start);
        return reply;
    }

    /// What is answered to the letter, with its headers; of revisions only that they are some.
    private List<String> texts() {
        var texts = new ArrayList<String>();
        for (var path : List.of(
                configMaps("default"),
                configMaps("default") + "/none",
                configMaps("default") + "?resourceVersion=1&resourceVersionMatch=Exact",
                configMaps("default") + "?resourceVersion=9999999999999999",
                configMaps("default") + "?watch=1&resourceVersion=1&timeoutSeconds=1",
                "/api/v1/configmaps?continue=bad",
                "/tenants/prey/api/v1/configmaps",
                "/apis/prey.example.com/v1/things0",
                "/api", "/apis", "/api/v1", "/apis/apps/v1", "/openapi/v3", "/openapi/v2", "/version", "/healthz", "/metrics")) {
            var reply = prowler.get(path);
            var headers = new TreeMap<>(reply.http().headers().map());
            CHANGING.forEach(headers::remove);
            texts.add(path + " " + reply.code() + " " + (headers + reply.text()).replaceAll("[0-9]{16,}", "N"));
        }
        texts.add(prowler.post(configMaps("default"), configMap("own", "1")).text());
        return texts;
    }

    /// The other tenant in one of the phases, until it is closed.
    private final class Other implements AutoCloseable {
        private static final int AT_ONCE = 64;
        private final AtomicInteger answered = new AtomicInteger();
        private final Phase phase;
        private final Thread pace;
        private volatile boolean over;

        Other(Phase phase) {
            this.phase = phase;
            this.pace = Thread.ofVirtual().start(this::run);
            if (phase == Phase.WRITES) {
                prey.post(DEFINITIONS, DEFINITION.formatted(definitions++)).expect(201);
            }
        }

        private void run() {
            if (phase == Phase.QUIET) {
                return;
            }
            var path = configMaps("default") + (phase == Phase.REHEARSES ? "?dryRun=All" : "");
            var free = new Semaphore(AT_ONCE);
            try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
                long next = System.nanoTime();
                while (!over) {
                    next = Math.max(next + 1_000_000_000 / WRITES_A_SECOND, System.nanoTime() - 100_000_000);
                    LockSupport.parkNanos(next - System.nanoTime());
                    free.acquireUninterruptibly();
                    threads.submit(() -> {
                        try {
                            prey.post(path, "{\"metadata\":{\"generateName\":\"busy-\"},\"data\":{\"k\":\"v\"}}").expect(201);
                            answered.incrementAndGet();
                        } finally {
                            free.release();
                        }
                    });
                }
            }
        }

        void isUnderWay() {
            await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(5)).until(() -> phase == Phase.QUIET || answered.get() >= 20);
        }

        @Override
        public void close() throws InterruptedException {
            over = true;
            pace.join();
            if (phase == Phase.WRITES) {
                prey.delete(DEFINITIONS + "/things" + (definitions - 1) + ".prey.example.com").expect(200);
            }
        }
    }
}
