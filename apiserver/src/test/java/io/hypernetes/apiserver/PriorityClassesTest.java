package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Operation;
import java.util.List;
import org.junit.jupiter.api.Test;

/// By which class a pod is more urgent than others.
class PriorityClassesTest extends ClusterTest {
    private static final String CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses";

    @Test
    void prioritiesComeFromClasses() {
        admin.get(CLASSES + "/system-node-critical").expect(200);
        admin.post(CLASSES, "{\"metadata\":{\"name\":\"high\"},\"value\":1000,\"preemptionPolicy\":\"Never\"}").expect(201);
        var high = admin.post(pods("default"), pod("high", "", "\"priorityClassName\":\"high\",")).expect(201).json();
        assertThat(Json.number(high, 0, "spec", "priority")).isEqualTo(1000);
        assertThat(Json.string(high, "spec", "preemptionPolicy")).isEqualTo("Never");
        var critical = admin.post(pods("default"), pod("critical", "", "\"priorityClassName\":\"system-cluster-critical\",")).expect(201).json();
        assertThat(Json.number(critical, 0, "spec", "priority")).isEqualTo(2_000_000_000);
        assertThat(Json.number(admin.post(pods("default"), pod("plain", "", "")).expect(201).json(), -1, "spec", "priority")).isZero();
        assertThat(admin.post(pods("default"), pod("none", "", "\"priorityClassName\":\"none\",")).expect(403).at("message"))
                .isEqualTo("pods \"none\" is forbidden: no PriorityClass with name none was found");
        admin.post(pods("default"), pod("claimed", "", "\"priority\":7,")).expect(403);
    }

    /// As upstream's plugin/pkg/admission/priority and pkg/registry/scheduling/priorityclass/storage.
    @Test
    void oneClassIsTheDefaultAndThoseOfTheSystemStay() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("ranked")).expect(201);
        var ranked = cluster.operator().in("ranked");
        var byDefault = "{\"metadata\":{\"name\":\"%s\"},\"value\":10,\"globalDefault\":%s}";
        ranked.post(CLASSES, byDefault.formatted("usual", true)).expect(201);
        assertThat(ranked.post(CLASSES, byDefault.formatted("other", true)).expect(403).at("message"))
                .isEqualTo("priorityclasses.scheduling.k8s.io \"other\" is forbidden: PriorityClass usual is already marked as default. Only one default can exist");
        ranked.post(CLASSES, byDefault.formatted("other", false)).expect(201);
        var merge = "application/merge-patch+json";
        ranked.patch(CLASSES + "/other", merge, "{\"globalDefault\":true}").expect(403);
        ranked.patch(CLASSES + "/usual", merge, "{\"description\":\"ours\"}").expect(200);
        ranked.patch(CLASSES + "/usual", merge, "{\"globalDefault\":false}").expect(200);
        ranked.patch(CLASSES + "/other", merge, "{\"globalDefault\":true}").expect(200);
        // Two may be stored from the time when nobody looked: each can still be written, also to end that.
        var usual = cluster.store.get("/ranked/scheduling.k8s.io/priorityclasses/_/usual").orElseThrow();
        var second = Json.readObject(usual.value()).put("globalDefault", true);
        cluster.store.commit(List.of(new Operation.Put(usual.key(), usual.revision(), StoredForm.encoder(second))));
        for (var name : List.of("usual", "other")) {
            ranked.patch(CLASSES + "/" + name, merge, "{\"description\":\"still ours\"}").expect(200);
        }
        ranked.patch(CLASSES + "/usual", merge, "{\"globalDefault\":false}").expect(200);
        assertThat(ranked.delete(CLASSES + "/system-node-critical").expect(403).at("message"))
                .isEqualTo("priorityclasses.scheduling.k8s.io \"system-node-critical\" is forbidden: this is a system priority class and cannot be deleted");
        ranked.delete(CLASSES + "/other").expect(200);
    }
}
