package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// How long a tenant's requests take does not tell that another writes 500 objects a second to the same store: they take as long as when the other writes
/// them to another master in the same process, which shares the processors, the disk, the heap and the code, but no store, lock, seat or event loop.
///
/// The other does one thing after the other for the time of a short block of requests, all in each round, in random order; blocks of a round are compared
/// with each other only, by the [Shift] of their medians. One of the things is done twice, so that what is found between equals is told beside it.
///
/// The long form (`-Dunseen.rounds=40`) judges by that, and goes on for up to four times as many rounds until it knows well enough; the short one by a
/// coarse bound, as it has few rounds and a machine that does other things.
class UnseenTimesTest extends ClusterTest {
    private static final boolean LONG = Integer.getInteger("unseen.rounds", 2) >= 20;
    private static final int ROUNDS = 5 * Integer.getInteger("unseen.rounds", 2);
    private static final int WARM = LONG ? 40 : 2;
    /// Requests of each kind in a block, some 80 ms in all.
    private static final int BLOCK = 8;
    private static final double DEVIATIONS = 3;
    private static final long TOLERATED_NANOS = 100_000;
    /// A create waits for the disk, and comes to a flush of others that is under way.
    private static final long TOLERATED_OF_CREATES_NANOS = 1_000_000;
    /// How far the bounds of a difference may lie apart, in what is tolerated: a delay of thrice that is found then.
    private static final double EXACT = 2.4;

    private enum Other {
        QUIET,
        REHEARSES,
        WRITES_ELSEWHERE,
        WRITES_ELSEWHERE_AGAIN,
        WRITES
    }

    private final Random random = new Random();
    private final Map<String, Map<Other, List<Long>>> medians = new TreeMap<>();
    private final Map<Other, long[]> rates = new EnumMap<>(Other.class);
    private Cluster elsewhere;
    private Cluster.Client prey;
    private Cluster.Client preyElsewhere;
    private Cluster.Client prowler;
    private Cluster.Client prowlerElsewhere;
    private int made;

    @BeforeAll
    void tenants() throws IOException {
        elsewhere = new Cluster();
        for (var name : List.of("prey", "prowler")) {
            admin.post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(201);
            elsewhere.operator().post("/apis/hypernetes.io/v1/tenants", tenant(name)).expect(201);
        }
        prey = cluster.new Client(cluster.credential("prey", "alice", "system:masters"), HttpClient.Version.HTTP_2);
        preyElsewhere = elsewhere.new Client(elsewhere.credential("prey", "alice", "system:masters"), HttpClient.Version.HTTP_2);
        prowler = cluster.client("prowler", "mallory", "system:masters");
        prowlerElsewhere = elsewhere.client("prowler", "mallory", "system:masters");
        prowler.post(configMaps("default"), configMap("own", "1")).expect(201);
    }

    @AfterAll
    void stopElsewhere() throws IOException {
        elsewhere.close();
    }

    @Test
    void whetherAnotherWritesHereOrElsewhereIsNotToBeToldFromTimes() throws Exception {
        try (var other = new OtherTenant()) {
            for (int round = 0; round < WARM; round++) {
                round(other);
            }
            medians.clear();
            rates.clear();
            for (int round = 0; round < ROUNDS || LONG && round < 4 * ROUNDS && !known(); round++) {
                round(other);
            }
        }
        rates.forEach((what, rate) -> System.out.printf("  %s: %.0f a second%n", what, rate[0] * 1e9 / rate[1]));
        medians.forEach(UnseenTimesTest::tell);
        medians.forEach(UnseenTimesTest::judge);
        if (LONG) {
            for (var what : List.of(Other.WRITES, Other.WRITES_ELSEWHERE)) {
                var rate = rates.get(what);
                assertThat(rate[0] * 1e9 / rate[1]).as(what + " a second").isGreaterThan(0.9 * OtherTenant.REQUESTS_A_SECOND);
            }
        }
    }

    private void round(OtherTenant other) throws InterruptedException {
        var order = new ArrayList<>(List.of(Other.values()));
        Collections.shuffle(order, random);
        for (var what : order) {
            switch (what) {
                case QUIET -> other.rest();
                case REHEARSES -> other.turnTo(() -> write(prey, "?dryRun=All"));
                case WRITES_ELSEWHERE, WRITES_ELSEWHERE_AGAIN -> other.turnTo(() -> write(preyElsewhere, ""));
                case WRITES -> other.turnTo(() -> write(prey, ""));
            }
            isAboutElsewhere();
            var rate = rates.computeIfAbsent(what, _ -> new long[2]);
            rate[0] -= other.answered();
            rate[1] -= System.nanoTime();
            block(what);
            rate[1] += System.nanoTime();
            rate[0] += other.answered();
        }
    }

    /// Whoever is not alone has fewer seats: there is another tenant on either master.
    private void isAboutElsewhere() {
        prowlerElsewhere.get(configMaps("default") + "/own").expect(404);
        prowlerElsewhere.post(configMaps("default") + "?dryRun=All", configMap("own", "1")).expect(201);
    }

    private static void write(Cluster.Client client, String query) {
        client.post(configMaps("default") + query, "{\"metadata\":{\"generateName\":\"busy-\"},\"data\":{\"k\":\"v\"}}").expect(201);
    }

    private void block(Other what) {
        var times = new TreeMap<String, List<Long>>();
        for (int i = 0; i < BLOCK; i++) {
            timed(times, "list", () -> prowler.get(configMaps("default") + "?labelSelector=own").expect(200));
            timed(times, "get", () -> prowler.get(configMaps("default") + "/own").expect(200));
            timed(times, "create", () -> prowler.post("/api/v1/namespaces/kube-public/configmaps", configMap("made-" + made++, "1")).expect(201));
            timed(times, "missing", () -> prowler.get("/tenants/prey/api/v1/configmaps").expect(404));
        }
        times.forEach((request, block) -> medians
                .computeIfAbsent(request, _ -> new EnumMap<>(Other.class))
                .computeIfAbsent(what, _ -> new ArrayList<>())
                .add(median(block)));
    }

    private static void timed(Map<String, List<Long>> times, String request, Supplier<Cluster.Reply> asked) {
        long start = System.nanoTime();
        asked.get();
        times.computeIfAbsent(request, _ -> new ArrayList<>()).add(System.nanoTime() - start);
    }

    private boolean known() {
        return medians.entrySet().stream().allMatch(request -> isKnown(request.getKey(), shift(request.getValue(), Other.WRITES_ELSEWHERE, Other.WRITES)));
    }

    private static boolean isKnown(String request, Shift shift) {
        return shift.high() - shift.low() <= EXACT * tolerated(request);
    }

    private static long tolerated(String request) {
        return request.equals("create") ? TOLERATED_OF_CREATES_NANOS : TOLERATED_NANOS;
    }

    private static void tell(String request, Map<Other, List<Long>> medians) {
        var said = new StringBuilder("  " + request + ", median us:");
        medians.forEach((what, blocks) -> said.append(' ').append(what).append(' ').append(median(blocks) / 1000));
        said.append("; longer than WRITES_ELSEWHERE us: WRITES ").append(text(shift(medians, Other.WRITES_ELSEWHERE, Other.WRITES)))
                .append(", WRITES_ELSEWHERE_AGAIN ").append(text(shift(medians, Other.WRITES_ELSEWHERE, Other.WRITES_ELSEWHERE_AGAIN)))
                .append(", REHEARSES ").append(text(shift(medians, Other.WRITES_ELSEWHERE, Other.REHEARSES)))
                .append(", QUIET ").append(text(shift(medians, Other.WRITES_ELSEWHERE, Other.QUIET)));
        System.out.println(said);
    }

    private static void judge(String request, Map<Other, List<Long>> medians) {
        var here = shift(medians, Other.WRITES_ELSEWHERE, Other.WRITES);
        long elsewhere = median(medians.get(Other.WRITES_ELSEWHERE));
        assertThat(median(medians.get(Other.WRITES))).as("time of a " + request).isLessThan(5 * elsewhere + 100_000_000);
        if (LONG) {
            assertThat(here.low()).as("how much longer a " + request + " takes at least, ns").isLessThanOrEqualTo(tolerated(request));
            assertThat(isKnown(request, here)).as("how much longer a " + request + " takes is known, in spite of other work on the machine").isTrue();
        }
    }

    private static Shift shift(Map<Other, List<Long>> medians, Other first, Other second) {
        return Shift.of(longs(medians.get(first)), longs(medians.get(second)), DEVIATIONS);
    }

    private static String text(Shift shift) {
        return "%d (%d to %d)".formatted(shift.middle() / 1000, shift.low() / 1000, shift.high() / 1000);
    }

    private static long[] longs(List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    private static long median(List<Long> values) {
        var sorted = longs(values);
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
