package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Bodies and parameters that are large, deep or many: each is answered with a 4xx that says why, within bounded time, and the
/// server goes on.
class HostileInputTest extends ClusterTest {
    /// Long for a machine that has other things to do; a client of these tests gives up then.
    private static final Duration BOUND = Duration.ofSeconds(20);

    private void refused(String what, String path, String method, String type, String body, Integer... codes) {
        Instant start = Instant.now();
        var reply = admin.send(admin.request(path)
                .header("Content-Type", type)
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build());
        assertThat(reply.code()).as(what + ": " + shortened(reply.text())).isIn((Object[]) codes);
        assertThat(reply.at("kind")).as(what).isEqualTo("Status");
        assertThat(reply.at("message")).as(what).isNotEmpty();
        assertThat(Duration.between(start, Instant.now())).as(what).isLessThan(BOUND);
        admin.get("/livez").expect(200);
    }

    private static String shortened(String text) {
        return text.substring(0, Math.min(500, text.length()));
    }

    private static String json(String more) {
        return "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"hostile\"" + more;
    }

    private static String many(int count, String format) {
        return IntStream.range(0, count).mapToObj(i -> format.formatted(i)).collect(Collectors.joining(","));
    }

    @Test
    void whatIsTooLargeIsRefused() {
        String filler = "x".repeat(3 << 20);
        // A body beyond the limit of the edge is cut off by the edge, of which HttpEdgeTest tells; one of exactly that size is read.
        String shell = json("},\"data\":{\"a\":\"\"}}");
        refused("3 MiB", configMaps("default"), "POST", "application/json",
                json("},\"data\":{\"a\":\"" + filler.substring(shell.length()) + "\"}}"), 413, 422);
        admin.post(configMaps("default"), Cluster.configMap("patched", "1")).expect(201);
        refused("3 MiB in a patch", configMaps("default") + "/patched", "PATCH", "application/merge-patch+json",
                "{\"data\":{\"a\":\"" + filler.substring(shell.length()) + "\"}}", 413, 422);
        // Below the limit of bodies, above that of a ConfigMap.
        refused("a large value", configMaps("default"), "POST", "application/json", json("},\"data\":{\"a\":\"" + filler.substring(0, 2_900_000) + "\"}}"), 422);
        refused("many labels", configMaps("default"), "POST", "application/json", json(",\"labels\":{" + many(100_000, "\"l%d\":\"1\"") + "}}}"), 413, 422);
        refused("many wrong labels", configMaps("default"), "POST", "application/json", json(",\"labels\":{" + many(100_000, "\"-%d\":\"-\"") + "}}}"), 422);
        refused("many annotations", configMaps("default"), "POST", "application/json", json(",\"annotations\":{" + many(100_000, "\"a%d\":\"1\"") + "}}}"), 422);
        refused("many unknown fields", configMaps("default") + "?fieldValidation=Strict", "POST", "application/json", json("}," + many(100_000, "\"u%d\":1") + "}"), 400);
        refused("one key many times", configMaps("default") + "?fieldValidation=Strict", "POST", "application/json", json("}," + many(100_000, "\"data\":{}") + "}"), 400);
        refused("many owners", configMaps("default"), "POST", "application/json", json(",\"ownerReferences\":[" + many(50_000, "{\"uid\":\"%d\"}") + "]}}"), 422);
        refused("a long name", configMaps("default"), "POST", "application/json", "{\"metadata\":{\"name\":\"" + "y".repeat(1_000_000) + "\"}}", 422);
    }

    /// Some 3 MB of YAML, of which reading takes longer than of JSON: many short lines, one long text, many small objects.
    private static List<String> largeYaml(String name) {
        String head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata:\n";
        String lines = IntStream.range(0, 235_000).mapToObj(i -> "  k" + i + ": v\n").collect(Collectors.joining());
        return List.of(head + lines, head + "  k: " + "x ".repeat(1_500_000), head + "  k: [" + "{a: [b]},".repeat(330_000) + "]");
    }

    @Test
    void largeDocumentsOfYamlAreRefused() {
        admin.post(configMaps("default"), Cluster.configMap("applied", "1")).expect(201);
        for (String yaml : largeYaml("applied")) {
            refused("3 MB of YAML", configMaps("default"), "POST", "application/yaml", yaml, 400, 413, 422);
            refused("3 MB of YAML as a configuration", configMaps("default") + "/applied?fieldManager=m&force=true", "PATCH", "application/apply-patch+yaml", yaml, 400, 413, 422);
        }
        assertThat(admin.get(configMaps("default") + "/applied").expect(200).at("data", "k")).isEqualTo("1");
    }

    /// Of one tenant somebody sends what takes long to read, of another somebody asks for little.
    @Test
    void othersAreAnsweredMeanwhile() throws Exception {
        for (String tenant : List.of("sends-much", "asks-little")) {
            admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(tenant)).expect(201);
        }
        var calm = cluster.client("asks-little", "alice", "system:masters");
        calm.get("/version").expect(200);
        var hostile = cluster.client("sends-much", "mallory", "system:masters");
        List<String> bodies = largeYaml("sent");
        int answered = 0;
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> sent = new ArrayList<>();
            // More than there are carriers.
            for (int i = 0; i < 12; i++) {
                HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.ofString(bodies.get(i % bodies.size()));
                HttpRequest.Builder request = i % 2 == 0
                        ? hostile.request(configMaps("default")).header("Content-Type", "application/yaml").POST(body)
                        : hostile.request(configMaps("default") + "/sent?fieldManager=m").header("Content-Type", "application/apply-patch+yaml").method("PATCH", body);
                // They wait for each other as long as they may.
                sent.add(threads.submit(() -> hostile.send(request.timeout(Duration.ofSeconds(120)).build()).code()));
            }
            while (!sent.stream().allMatch(Future::isDone)) {
                Instant start = Instant.now();
                calm.post(configMaps("default"), Cluster.configMap("little-" + answered, "1")).expect(201);
                calm.get(configMaps("default") + "/little-" + answered).expect(200);
                assertThat(Duration.between(start, Instant.now())).as("answered meanwhile").isLessThan(BOUND);
                answered++;
            }
            for (Future<Integer> code : sent) {
                assertThat(code.get()).isIn(400, 413, 422, 429);
            }
        }
        assertThat(answered).as("requests that were answered meanwhile").isPositive();
    }

    @Test
    void whatIsTooDeepIsRefused() {
        int depth = 10_000;
        String array = "[".repeat(depth) + "]".repeat(depth);
        String object = "{\"a\":".repeat(depth) + "1" + "}".repeat(depth);
        refused("a deep array", configMaps("default"), "POST", "application/json", json("},\"data\":" + array + "}"), 400);
        refused("a deep object", configMaps("default"), "POST", "application/json", json("},\"data\":" + object + "}"), 400);
        refused("a deep document of YAML", configMaps("default"), "POST", "application/yaml", "metadata: " + array, 400);
        refused("deep blocks of YAML", configMaps("default"), "POST", "application/yaml", "- ".repeat(depth) + "x", 400);
        admin.post(configMaps("default"), Cluster.configMap("deep", "1")).expect(201);
        refused("a deep merge patch", configMaps("default") + "/deep", "PATCH", "application/merge-patch+json", object, 400);
        refused("a deep strategic patch", configMaps("default") + "/deep", "PATCH", "application/strategic-merge-patch+json", object, 400);
        refused("a deep value in a JSON patch", configMaps("default") + "/deep", "PATCH", "application/json-patch+json", "[{\"op\":\"add\",\"path\":\"/data/x\",\"value\":" + object + "}]", 400);
        refused("a deep configuration", configMaps("default") + "/deep?fieldManager=m", "PATCH", "application/apply-patch+yaml", array, 400);
    }

    @Test
    void patchesThatGrowAreRefused() {
        admin.post(configMaps("default"), Cluster.configMap("grown", "x".repeat(500_000))).expect(201);
        refused("too many operations", configMaps("default") + "/grown", "PATCH", "application/json-patch+json",
                "[" + many(10_001, "{\"op\":\"test\",\"path\":\"/kind\",\"value\":\"ConfigMap\"}") + "]", 413, 422);
        refused("copies of copies", configMaps("default") + "/grown", "PATCH", "application/json-patch+json",
                "[" + many(9_000, "{\"op\":\"copy\",\"from\":\"/data\",\"path\":\"/data/k%d\"}") + "]", 400, 413, 422);
    }

    @Test
    void selectorsAndParametersHaveAnEnd() {
        String labels = many(3_000, "a%d").replace(",", "%2C");
        assertThat(admin.get(configMaps("default") + "?labelSelector=" + labels).code()).isIn(200, 400, 413, 431);
        assertThat(admin.get(configMaps("default") + "?labelSelector=" + "(".repeat(10_000)).code()).isEqualTo(400);
        assertThat(admin.get(configMaps("default") + "?fieldSelector=" + "a%3D".repeat(5_000)).code()).isEqualTo(400);
        assertThat(admin.get(configMaps("default") + "?continue=" + "A".repeat(10_000)).code()).isEqualTo(400);
        assertThat(admin.get(configMaps("default") + "?resourceVersion=" + "9".repeat(10_000)).code()).isIn(400, 422);
        assertThat(admin.get(configMaps("default") + "?limit=" + "9".repeat(100)).code()).isEqualTo(400);
        admin.get("/livez").expect(200);
    }
}
