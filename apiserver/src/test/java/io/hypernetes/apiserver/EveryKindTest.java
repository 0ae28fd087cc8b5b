package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/// Every kind that can be created is created from a small manifest, read in all forms, changed, and deleted.
class EveryKindTest extends ClusterTest {
    /// Of these other tests tell: they need more than a manifest.
    private static final Set<String> ELSEWHERE =
            Set.of("Binding", "CertificateSigningRequest", "Node", "Tenant");
    private static final String TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";
    private static final String MERGE = "application/merge-patch+json";

    private final Kinds kinds = Kinds.load();

    @BeforeAll
    void place() {
        namespace(admin, "every");
    }

    static List<ObjectNode> manifests() throws IOException {
        try (var in = EveryKindTest.class.getResourceAsStream("every-kind.jsonl")) {
            return new String(java.util.Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8)
                    .lines().map(Json::readObject).toList();
        }
    }

    private static String collection(Kind kind) {
        var type = kind.type();
        return "/" + type.groupVersion().path() + (type.namespaced() ? "/namespaces/every/" : "/") + type.resource();
    }

    @Test
    void everyKindLives() throws IOException {
        Set<String> lived = new HashSet<>();
        for (var manifest : manifests()) {
            var kind = kinds.get(Json.string(manifest, "apiVersion"), Json.string(manifest, "kind"));
            lived.add(kind.toString());
            live(kind, manifest);
        }
        for (var kind : kinds.all()) {
            if (kind.type().verbs().containsAll(List.of("create", "get")) && !ELSEWHERE.contains(kind.type().kind())) {
                assertThat(lived).as("manifests").contains(kind.toString());
            }
        }
    }

    private void live(Kind kind, ObjectNode manifest) {
        var path = collection(kind);
        var name = Json.string(manifest, "metadata", "name");
        var created = admin.post(path + "?fieldValidation=Strict", Json.print(manifest)).expect(201);
        assertThat(created.at("apiVersion")).isEqualTo(kind.type().apiVersion());
        assertThat(created.at("kind")).isEqualTo(kind.type().kind());
        var one = path + "/" + name;
        if (kind.type().kind().equals("ResourceQuota")) {
            // What is used is counted by the server right behind the answer.
            created = admin.get(one).expect(200);
        }
        assertThat(admin.get(one).expect(200).json()).as(kind + " read").isEqualTo(created.json());
        var list = admin.get(path).expect(200).json();
        assertThat(Json.string(list, "kind")).isEqualTo(kind.type().listKind());
        assertThat(Json.objects(list, "items")).as(kind + " list").contains(created.json());
        var table = admin.get(path, TABLE).expect(200).json();
        assertThat(table.path("rows").path(0).path("cells")).as(kind + " cells").hasSameSizeAs(table.path("columnDefinitions"));
        // What the server filled in is not a change when it is sent back.
        var again = admin.put(one, Json.print(created.json())).expect(200);
        assertThat(again.at("metadata", "resourceVersion")).as(kind + " rewritten").isEqualTo(created.at("metadata", "resourceVersion"));
        assertThat(admin.patch(one, MERGE, "{\"metadata\":{\"labels\":{\"l\":\"1\"}}}").expect(200).at("metadata", "labels", "l"))
                .isEqualTo("1");
        assertThat(admin.get(path + "?labelSelector=l=1").expect(200).json().path("items")).hasSize(1);
        // Claims and volumes are protected until a controller, of which there is none here, says that nobody uses them.
        if (kind.type().kind().startsWith("PersistentVolume")) {
            assertThat(admin.patch(one, MERGE, "{\"metadata\":{\"finalizers\":null}}").expect(200).json().path("metadata").has("finalizers")).isFalse();
        }
        if (kind.type().hasStatus()) {
            admin.get(one + "/status").expect(200);
            admin.patch(one + "/status", MERGE, "{\"metadata\":{\"labels\":{\"l\":\"2\"}}}").expect(200);
        }
        if (kind.scaling() != null) {
            assertThat(kind.type().subresources()).containsKey("scale");
        }
        if (!kind.type().kind().equals("Namespace")) {
            admin.delete(path + "?labelSelector=l&propagationPolicy=Background").expect(kind.type().verbs().contains("deletecollection") ? 200 : 405);
            // A definition goes when its objects have gone.
            await().atMost(Duration.ofSeconds(10)).until(() -> admin.get(one).code() == 404);
        }
    }

    @Test
    void theOtherFaceIsRehearsedToo() {
        var path = "/apis/autoscaling/v1/namespaces/every/horizontalpodautoscalers";
        var body = """
                {"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","metadata":{"name":"rehearsed"},"spec":{"maxReplicas":5,
                 "targetCPUUtilizationPercentage":60,"scaleTargetRef":{"kind":"Deployment","name":"x","apiVersion":"apps/v1"}}}""";
        for (var rehearsed : List.of(
                admin.post(path + "?dryRun=All", body).expect(201),
                admin.patch(path + "/rehearsed?dryRun=All&fieldManager=m", "application/apply-patch+yaml", body).expect(201))) {
            assertThat(rehearsed.at("apiVersion")).isEqualTo("autoscaling/v1");
            assertThat(Json.number(rehearsed.json(), 0, "spec", "targetCPUUtilizationPercentage")).isEqualTo(60);
            assertThat(rehearsed.at("metadata", "resourceVersion")).isEmpty();
        }
        admin.get(path + "/rehearsed").expect(404);
    }

    @Test
    void oneObjectHasTwoFaces() {
        admin.post(
                        "/apis/autoscaling/v1/namespaces/every/horizontalpodautoscalers",
                        """
                        {"metadata":{"name":"faces"},"spec":{"maxReplicas":5,"targetCPUUtilizationPercentage":60,
                         "scaleTargetRef":{"kind":"Deployment","name":"x","apiVersion":"apps/v1"}}}""")
                .expect(201);
        var second = admin.get("/apis/autoscaling/v2/namespaces/every/horizontalpodautoscalers/faces").expect(200).json();
        var metric = second.path("spec").path("metrics").path(0);
        assertThat(Json.number(metric, 0, "resource", "target", "averageUtilization")).isEqualTo(60);
        admin.patch(
                        "/apis/autoscaling/v2/namespaces/every/horizontalpodautoscalers/faces",
                        MERGE,
                        """
                        {"spec":{"metrics":[{"type":"Resource","resource":{"name":"memory","target":{"type":"Utilization","averageUtilization":70}}}]}}""")
                .expect(200);
        var first = admin.get("/apis/autoscaling/v1/namespaces/every/horizontalpodautoscalers/faces").expect(200).json();
        assertThat(first.path("spec").has("targetCPUUtilizationPercentage")).isFalse();
        assertThat(Json.string(first.path("metadata").path("annotations"), "autoscaling.alpha.kubernetes.io/metrics"))
                .contains("memory");
        // A write through the first face keeps what only the second can say.
        admin.put("/apis/autoscaling/v1/namespaces/every/horizontalpodautoscalers/faces", Json.print(first))
                .expect(200);
        assertThat(admin.get("/apis/autoscaling/v2/namespaces/every/horizontalpodautoscalers/faces").expect(200).text())
                .contains("\"memory\"");
    }

    @Test
    void eventsAreSeenUnderBothGroups() throws Exception {
        try (var watch = admin.watch("/apis/events.k8s.io/v1/namespaces/every/events?watch=1&fieldSelector=regarding.name=seen")) {
            admin.post(
                            "/api/v1/namespaces/every/events",
                            """
                            {"metadata":{"name":"seen"},"involvedObject":{"kind":"Pod","namespace":"every","name":"seen"},"reason":"R",
                             "message":"m","type":"Normal"}""")
                    .expect(201);
            var event = watch.next();
            assertThat(Json.string(event, "object", "apiVersion")).isEqualTo("events.k8s.io/v1");
            assertThat(Json.string(event, "object", "note")).isEqualTo("m");
        }
        assertThat(admin.get("/apis/events.k8s.io/v1/namespaces/every/events?fieldSelector=regarding.name=seen").expect(200).json().path("items"))
                .hasSize(1);
        assertThat(admin.get("/api/v1/namespaces/every/events?fieldSelector=involvedObject.name=seen").expect(200).json().path("items"))
                .hasSize(1);
    }

    @Test
    void aScaleIsReadAndWritten() {
        var deployments = "/apis/apps/v1/namespaces/every/deployments";
        admin.post(
                        deployments,
                        """
                        {"metadata":{"name":"scaled"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
                         "spec":{"containers":[{"name":"c","image":"busybox:1"}]}}}}""")
                .expect(201);
        var scale = admin.get(deployments + "/scaled/scale").expect(200).json();
        assertThat(Json.string(scale, "apiVersion")).isEqualTo("autoscaling/v1");
        assertThat(Json.number(scale, 0, "spec", "replicas")).isEqualTo(2);
        assertThat(Json.string(scale, "status", "selector")).isEqualTo("a=b");
        assertThat(Json.print(admin.get(deployments + "/scaled/scale", TABLE).expect(200).json().path("rows").path(0).path("cells")))
                .startsWith("[\"scaled\",2,0,");
        Json.child(scale, "spec").put("replicas", 3);
        var after = admin.put(deployments + "/scaled/scale", Json.print(scale)).expect(200).json();
        assertThat(Json.number(after, 0, "spec", "replicas")).isEqualTo(3);
        // The state that the first Scale was read from is gone.
        admin.put(deployments + "/scaled/scale", Json.print(scale)).expect(409);
        admin.patch(deployments + "/scaled/scale", MERGE, "{\"spec\":{\"replicas\":4}}").expect(200);
        var deployment = admin.get(deployments + "/scaled").expect(200).json();
        assertThat(Json.number(deployment, 0, "spec", "replicas")).isEqualTo(4);
        assertThat(Json.number(deployment, 0, "metadata", "generation")).isEqualTo(3);
        assertThat(admin.patch(deployments + "/scaled/scale", MERGE, "{\"spec\":{\"replicas\":-1}}").expect(422).at("message"))
                .contains("spec.replicas: Invalid value: -1: must be greater than or equal to 0");
    }
}
