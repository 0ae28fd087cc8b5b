package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.pod;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import org.junit.jupiter.api.Test;

/// What a pod's machine costs beside its containers, and on which nodes it is.
class RuntimeClassesTest extends ClusterTest {
    @Test
    void aRuntimeClassSaysWhatItCostsAndWhereItRuns() {
        admin.post("/apis/node.k8s.io/v1/runtimeclasses", """
                {"metadata":{"name":"big"},"handler":"hypernetes","overhead":{"podFixed":{"memory":"120Mi","cpu":"250m"}},
                 "scheduling":{"nodeSelector":{"disk":"fast"},"tolerations":[{"key":"big","operator":"Exists"}]}}""").expect(201);
        var big = admin.post(pods("default"), pod("big", "", "\"runtimeClassName\":\"big\",")).expect(201).json();
        assertThat(big.path("spec").path("overhead").toString()).contains("\"memory\":\"120Mi\"", "\"cpu\":\"250m\"");
        assertThat(Json.string(big, "spec", "nodeSelector", "disk")).isEqualTo("fast");
        assertThat(big.path("spec").path("tolerations").toString()).contains("\"key\":\"big\"");
        assertThat(admin.post(pods("default"), pod("slow", "", "\"runtimeClassName\":\"big\",\"nodeSelector\":{\"disk\":\"slow\"},")).expect(403).at("message"))
                .contains("conflict: runtimeClass.scheduling.nodeSelector[disk] = fast; pod.spec.nodeSelector[disk] = slow");
        assertThat(admin.post(pods("default"), pod("lost", "", "\"runtimeClassName\":\"lost\",")).expect(403).at("message"))
                .isEqualTo("pods \"lost\" is forbidden: pod rejected: RuntimeClass \"lost\" not found");
    }

    /// As upstream's `plugin/pkg/admission/runtimeclass/admission.go`.
    @Test
    void aPodSaysNoCostOfItsOwn() {
        admin.post("/apis/node.k8s.io/v1/runtimeclasses", """
                {"metadata":{"name":"costly"},"handler":"hypernetes","overhead":{"podFixed":{"memory":"1Gi"}}}""").expect(201);
        var own = "\"overhead\":{\"memory\":\"%s\"},";
        assertThat(admin.post(pods("default"), pod("own", "", own.formatted("1Gi"))).expect(403).at("message"))
                .isEqualTo("pods \"own\" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
        assertThat(admin.post(pods("default"), pod("own", "", "\"runtimeClassName\":\"costly\"," + own.formatted("2Gi"))).expect(403).at("message"))
                .isEqualTo("pods \"own\" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        admin.post(pods("default"), pod("own", "", "\"runtimeClassName\":\"costly\"," + own.formatted("1024Mi"))).expect(201);
    }

    @Test
    void aRuntimeClassCountsAsLongAsItIsThere() {
        admin.post("/apis/node.k8s.io/v1/runtimeclasses", "{\"metadata\":{\"name\":\"free\"},\"handler\":\"hypernetes\"}").expect(201);
        var made = admin.post(pods("default"), pod("free", "", "\"runtimeClassName\":\"free\",")).expect(201).json();
        assertThat(Json.string(made, "spec", "runtimeClassName")).isEqualTo("free");
        assertThat(made.path("spec").path("overhead").isEmpty()).isTrue();
        admin.delete("/apis/node.k8s.io/v1/runtimeclasses/free").expect(200);
        await().untilAsserted(() -> assertThat(admin.post(pods("default") + "?dryRun=All", pod("late", "", "\"runtimeClassName\":\"free\",")).expect(403).at("message"))
                .isEqualTo("pods \"late\" is forbidden: pod rejected: RuntimeClass \"free\" not found"));
    }
}
