package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static io.hypernetes.apiserver.Cluster.tenant;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.net.http.HttpClient;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Whether another tenant writes nothing or 500 objects a second is not to be told from anything that a tenant is answered; [UnseenTimesTest] asks how long
/// it takes.
///
/// Phases alternate: the other is quiet; it sends as many creates as it will, which only rehearse (`dryRun`); it writes. Texts, headers and discovery must
/// be equal to the byte, and revisions be the clock's.
///
/// The long form (`-Dunseen.rounds=40`) demands that the other really writes so fast, and that history has become too old meanwhile.
class UnseenWritesTest extends ClusterTest {
    private static final int ROUNDS = Integer.getInteger("unseen.rounds", 2);
    private static final boolean LONG = ROUNDS >= 20;
    private static final int SAMPLES = LONG ? 40 : 12;
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
        try (var other = new OtherTenant()) {
            for (int round = 0; round < ROUNDS; round++) {
                // One's own changes and the clock do end what is known: a round is shorter than that.
                old = prowler.get(configMaps("default")).at("metadata", "resourceVersion");
                for (var phase : Phase.values()) {
                    begin(phase, other);
                    int before = other.answered();
                    long begin = System.nanoTime();
                    observe(phase);
                    if (phase == Phase.WRITES) {
                        written += (other.answered() - before) * 1e9 / (System.nanoTime() - begin) / ROUNDS;
                    }
                    texts.put(phase, texts());
                    assertThat(texts.get(phase)).as(phase + " against quiet").isEqualTo(texts.get(Phase.QUIET));
                    end(phase);
                }
            }
        }
        System.out.printf("unseen writes: %.0f a second%n", written);
        assertThat(written).as("writes of the other a second").isGreaterThan(LONG ? 0.9 * OtherTenant.REQUESTS_A_SECOND : 0);
        // Nor does what the other writes make one's own history shorter.
        try (var watch = prowler.watch(configMaps("default") + "?watch=1&resourceVersion=" + old + "&fieldSelector=metadata.name%3Down")) {
            prowler.patch(configMaps("default") + "/own", "application/merge-patch+json", "{\"data\":{\"k\":\"2\"}}").expect(200);
            assertThat(Json.string(watch.next(), "type")).isEqualTo("MODIFIED");
        }
    }

    private void begin(Phase phase, OtherTenant other) throws InterruptedException {
        switch (phase) {
            case QUIET -> other.rest();
            case REHEARSES -> other.turnTo(() -> write("?dryRun=All"));
            case WRITES -> {
                prey.post(DEFINITIONS, DEFINITION.formatted(definitions++)).expect(201);
                other.turnTo(() -> write(""));
            }
        }
    }

    private void end(Phase phase) {
        if (phase == Phase.WRITES) {
            prey.delete(DEFINITIONS + "/things" + (definitions - 1) + ".prey.example.com").expect(200);
        }
    }

    private void write(String query) {
        prey.post(configMaps("default") + query, "{\"metadata\":{\"generateName\":\"busy-\"},\"data\":{\"k\":\"v\"}}").expect(201);
    }

    /// Whether revisions are the time and nothing else: they neither run ahead nor count, nor are they older than the request while a write of the other
    /// is on its way to the disk.
    private void observe(Phase phase) {
        for (int i = 0; i < SAMPLES; i++) {
            long before = micros();
            var list = prowler.get(configMaps("default") + "?labelSelector=own").expect(200);
            isTheTime("a list's revision", phase, list.at("metadata", "resourceVersion"), before);
            prowler.post("/api/v1/namespaces/kube-public/configmaps", configMap("made-" + made++, "1")).expect(201);
            before = micros();
            var tooLarge = prowler.get(configMaps("default") + "?resourceVersion=9999999999999999").expect(504).at("message");
            isTheTime("the revision of an error", phase, tooLarge.substring(tooLarge.lastIndexOf(' ') + 1), before);
            var rehearsed = prowler.post(configMaps("default") + "?dryRun=All", configMap("rehearsed", "1")).expect(201);
            assertThat(rehearsed.at("metadata", "resourceVersion")).as("a rehearsed revision").isEmpty();
        }
    }

    private static void isTheTime(String what, Phase phase, String revision, long before) {
        assertThat(Long.parseLong(revision)).as(what + " while the other " + phase).isBetween(before, micros() + 1_000);
    }

    private static long micros() {
        var now = Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1000;
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
}
