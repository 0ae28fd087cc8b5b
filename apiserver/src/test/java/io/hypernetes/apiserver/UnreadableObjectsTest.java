package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Operation;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Objects that the server itself could not read: nobody gets one stored, and one that is there all the same holds up nobody but its tenant.
class UnreadableObjectsTest {
    private static final String TENANTS = "/apis/hypernetes.io/v1/tenants";
    private static final String DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private static final String CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";

    private static String definition(String example) {
        return """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: wheels.example.com}
                spec:
                  group: example.com
                  scope: Namespaced
                  names: {plural: wheels, singular: wheel, kind: Wheel, listKind: WheelList}
                  versions:
                  - name: v1
                    served: true
                    storage: true
                    schema:
                      openAPIV3Schema:
                        type: object
                        example: %s
                """.formatted(example);
    }

    @Test
    void nobodyGetsOneStored() throws Exception {
        try (var cluster = new Cluster()) {
            var admin = cluster.operator();
            admin.post(TENANTS, Cluster.tenant("acme")).expect(201);
            var acme = cluster.client("acme", "alice", "system:masters");
            for (var example : List.of("1".repeat(500), "1." + "1".repeat(500))) {
                var answer = acme.send(acme.request(DEFINITIONS).header("Content-Type", "application/yaml").POST(HttpRequest.BodyPublishers.ofString(definition(example))).build());
                assertThat(answer.expect(400).at("message")).contains("a number has more than 400 characters");
            }
            var name = "x".repeat(60_000);
            acme.post(CONFIG_MAPS, Cluster.configMap("c", "1")).expect(201);
            var patched = acme.patch(CONFIG_MAPS + "/c", "application/json-patch+json", "[{\"op\":\"add\",\"path\":\"/metadata/annotations\",\"value\":{}},"
                    + "{\"op\":\"add\",\"path\":\"/metadata/annotations/" + name + "\",\"value\":\"1\"}]");
            assertThat(patched.code()).isEqualTo(422);
            var definition = definition("{? " + name + " : 1}");
            // A name may have any length: ownership makes names of values.
            acme.send(acme.request(DEFINITIONS).header("Content-Type", "application/yaml").POST(HttpRequest.BodyPublishers.ofString(definition)).build()).expect(201);
            cluster.restart();
            cluster.operator().in("acme").get(CONFIG_MAPS + "/c").expect(200);
        }
    }

    @Test
    void oneThatIsThereHoldsUpNobodyElse() throws Exception {
        try (var cluster = new Cluster()) {
            var admin = cluster.operator();
            for (var tenant : List.of("acme", "globex")) {
                admin.post(TENANTS, Cluster.tenant(tenant)).expect(201);
            }
            var unreadable = ("{\"apiVersion\":\"v1\",\"kind\":\"K\",\"metadata\":{\"resourceVersion\":\"1\",\"name\":\"n\"},\"n\":" + "1".repeat(500) + "}").getBytes(StandardCharsets.UTF_8);
            cluster.server.close();
            for (var key : List.of(
                    new ObjectKey("acme", "apiextensions.k8s.io", "customresourcedefinitions", "", "wheels.example.com"),
                    new ObjectKey("acme", "", "configmaps", "kube-public", "kube-root-ca.crt"),
                    new ObjectKey("acme", "", "serviceaccounts", "kube-system", "default"),
                    new ObjectKey("acme", "", "namespaces", "", "default"),
                    new ObjectKey("root", "", "namespaces", "", "default"))) {
                cluster.store.commit(List.of(Operation.put(key.text(), unreadable)));
            }
            for (var tenant : List.of("root", "acme")) {
                cluster.store.commit(List.of(
                        Operation.delete(new ObjectKey(tenant, "", "endpoints", "default", "kubernetes").text()),
                        Operation.delete(new ObjectKey(tenant, "", "configmaps", "default", "kube-root-ca.crt").text())));
            }
            var missing = List.of(
                    new ObjectKey("acme", "", "configmaps", "kube-system", "kube-root-ca.crt"),
                    new ObjectKey("globex", "", "configmaps", "default", "kube-root-ca.crt"),
                    new ObjectKey("globex", "", "endpoints", "default", "kubernetes"));
            for (var key : missing) {
                cluster.store.commit(List.of(Operation.delete(key.text())));
            }
            cluster.restart();
            await().untilAsserted(() -> assertThat(missing).allMatch(key -> cluster.store.get(key.text()).isPresent()));
            var acme = cluster.operator().in("acme");
            await().untilAsserted(() -> assertThat(acme.get("/api/v1/namespaces/kube-public/configmaps/kube-root-ca.crt").expect(200).json().path("data").has("ca.crt")).isTrue());
            acme.get("/apis").expect(200);
            acme.get(CONFIG_MAPS + "?labelSelector=a%3Db").expect(200);
            // What is made meanwhile is looked after as ever.
            cluster.store.commit(List.of(Operation.delete(missing.getLast().text())));
            await().untilAsserted(() -> assertThat(cluster.store.get(missing.getLast().text())).isPresent());
        }
    }

    @Test
    void oneThatIsThereGoesWithAnOptionAndARight() throws Exception {
        try (var cluster = new Cluster()) {
            var admin = cluster.operator();
            admin.post(TENANTS, Cluster.tenant("acme")).expect(201);
            var acme = cluster.client("acme", "alice", "system:masters");
            var broken = CONFIG_MAPS + "/broken";
            acme.post(CONFIG_MAPS, Cluster.configMap("whole", "1")).expect(201);
            cluster.store.commit(List.of(Operation.put(
                    new ObjectKey("acme", "", "configmaps", "default", "broken").text(),
                    ("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"resourceVersion\":\"1\",\"name\":\"broken\",\"finalizers\":[\"a.b/c\"]},\"n\":" + "1".repeat(500) + "}")
                            .getBytes(StandardCharsets.UTF_8))));
            var why = "configmaps \"broken\" is stored in a form that cannot be read";
            var remedy = "who has the right to \"unsafe-delete-ignore-read-errors\" can delete it with the option ignoreStoreReadErrorWithClusterBreakingPotential";
            assertThat(acme.delete(broken).expect(500).at("message")).startsWith("Internal error occurred: StorageError: corrupt object: ").contains(why).contains(remedy);
            assertThat(acme.patch(broken, "application/merge-patch+json", "{\"data\":{\"a\":\"b\"}}").expect(500).at("message")).contains(why);
            acme.post("/apis/rbac.authorization.k8s.io/v1/clusterroles", "{\"metadata\":{\"name\":\"deleter\"},\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"verbs\":[\"delete\"]}]}").expect(201);
            acme.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "{\"metadata\":{\"name\":\"bob\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"deleter\"},"
                    + "\"subjects\":[{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"User\",\"name\":\"bob\"}]}").expect(201);
            var option = "?ignoreStoreReadErrorWithClusterBreakingPotential=true";
            var bob = cluster.client("acme", "bob");
            await().untilAsserted(() -> assertThat(bob.delete(broken + option).expect(403).at("message")).contains("not permitted to do \"unsafe-delete-ignore-read-errors\""));
            assertThat(acme.delete(broken + option + "&dryRun=All").expect(422).at("message")).contains("cannot be set together with .dryRun");
            assertThat(acme.delete(CONFIG_MAPS + option).expect(422).at("message")).contains("is not allowed with DELETECOLLECTION");
            assertThat(acme.delete(CONFIG_MAPS + "/whole" + option).expect(422).at("message")).contains("is exclusively used to delete corrupt object(s), try again by removing this option");
            acme.delete(CONFIG_MAPS + "/missing" + option).expect(404);
            acme.delete(broken + option).expect(200);
            acme.get(broken).expect(404);
            acme.get(CONFIG_MAPS + "/whole").expect(200);
        }
    }

    @Test
    void oneOfWhichOnlyAPartIsThereGoesTooAndWatchersLearnWhich() throws Exception {
        try (var cluster = new Cluster()) {
            cluster.operator().post(TENANTS, Cluster.tenant("acme")).expect(201);
            var acme = cluster.client("acme", "alice", "system:masters");
            for (var stored : List.of("", "no object", "{\"apiVersion\":\"v1\",\"ki", "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"resourceVersion\":\"12")) {
                var broken = CONFIG_MAPS + "/broken";
                long there = cluster.store.commit(List.of(Operation.put(new ObjectKey("acme", "", "configmaps", "default", "broken").text(), stored.getBytes(StandardCharsets.UTF_8)))).revision();
                try (var watch = acme.watch(CONFIG_MAPS + "?watch=1&resourceVersion=" + there)) {
                    assertThat(acme.delete(broken).expect(500).at("message")).contains("is stored in a form that cannot be read");
                    acme.delete(broken + "?ignoreStoreReadErrorWithClusterBreakingPotential=true").expect(200);
                    acme.get(broken).expect(404);
                    var event = watch.next();
                    assertThat(event.path("type").asString("")).isEqualTo("DELETED");
                    var object = event.path("object");
                    assertThat(object.path("apiVersion").asString("") + " " + object.path("kind").asString("")).isEqualTo("v1 ConfigMap");
                    var metadata = object.path("metadata");
                    assertThat(metadata.path("namespace").asString("") + "/" + metadata.path("name").asString("")).isEqualTo("default/broken");
                    assertThat(Long.parseLong(metadata.path("resourceVersion").asString(""))).isGreaterThan(there);
                }
            }
        }
    }

    @Test
    void oneOfWhichOnlyAPartIsThereGoesWithItsDefinition() throws Exception {
        try (var cluster = new Cluster()) {
            cluster.operator().post(TENANTS, Cluster.tenant("acme")).expect(201);
            var acme = cluster.client("acme", "alice", "system:masters");
            acme.send(acme.request(DEFINITIONS).header("Content-Type", "application/yaml").POST(HttpRequest.BodyPublishers.ofString(definition("{}"))).build()).expect(201);
            var wheel = new ObjectKey("acme", "example.com", "wheels", "default", "broken").text();
            long there = cluster.store.commit(List.of(Operation.put(wheel, "{\"apiVersion\":\"example.com/v1\",\"ki".getBytes(StandardCharsets.UTF_8)))).revision();
            try (var changes = cluster.store.watch(wheel, there)) {
                acme.delete(DEFINITIONS + "/wheels.example.com").expect(200);
                await().untilAsserted(() -> acme.get(DEFINITIONS + "/wheels.example.com").expect(404));
                assertThat(cluster.store.get(wheel)).isEmpty();
                var last = Json.readObject(changes.next(Duration.ofSeconds(30)).orElseThrow().entry().value());
                assertThat(Json.string(last, "apiVersion") + " " + Json.string(last, "kind") + " " + Json.string(last, "metadata", "name")).isEqualTo("example.com/v1 Wheel broken");
            }
        }
    }
}
