package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class EvictionTest extends ClusterTest {
    private static final String PODS = "/api/v1/namespaces/default/pods";

    private void running(String name) {
        admin.post(PODS, """
                {"metadata":{"name":"%s"},"spec":{"nodeName":"n1","terminationGracePeriodSeconds":30,"containers":[{"name":"c","image":"i"}]}}"""
                .formatted(name)).expect(201);
        admin.patch(PODS + "/" + name + "/status", "application/merge-patch+json",
                "{\"status\":{\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}").expect(200);
    }

    private void evict(String name, String options) {
        admin.post(PODS + "/" + name + "/eviction", "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"%s\"}%s}".formatted(name, options))
                .expect(201);
    }

    private JsonNode read(String name) {
        return admin.get(PODS + "/" + name).expect(200).json();
    }

    @Test
    void anEvictedPodSaysSo() {
        running("web");
        evict("web", ",\"deleteOptions\":{\"dryRun\":[\"All\"]}");
        assertThat(read("web").path("status").path("conditions")).hasSize(1);

        evict("web", "");
        JsonNode evicted = read("web");
        assertThat(Json.string(evicted, "metadata", "deletionTimestamp")).isNotEmpty();
        assertThat(evicted.path("status").path("conditions")).hasSize(2);
        JsonNode said = evicted.path("status").path("conditions").path(1);
        assertThat(Json.string(said, "type")).isEqualTo("DisruptionTarget");
        assertThat(Json.string(said, "status")).isEqualTo("True");
        assertThat(Json.string(said, "reason")).isEqualTo("EvictionByEvictionAPI");
        assertThat(Json.string(said, "message")).isEqualTo("Eviction API: evicting");
        assertThat(Json.string(said, "lastTransitionTime")).isNotEmpty();

        evict("web", "");
        assertThat(read("web")).isEqualTo(evicted);
    }

    @Test
    void oneThatGoesAlreadySaysSoAndOneThatIsDeletedDoesNot() {
        running("leaving");
        admin.delete(PODS + "/leaving").expect(200);
        assertThat(read("leaving").path("status").path("conditions")).hasSize(1);
        evict("leaving", "");
        assertThat(Json.string(read("leaving").path("status").path("conditions").path(1), "reason")).isEqualTo("EvictionByEvictionAPI");
    }

    /// The answer is upstream's, which has no reason (pkg/registry/core/pod/storage/eviction.go).
    @Test
    void oneWithTwoBudgetsIsNotEvicted() {
        running("twice");
        admin.patch(PODS + "/twice", "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"budgets\":\"two\"}}}").expect(200);
        for (String budget : new String[] {"first", "second"}) {
            admin.post("/apis/policy/v1/namespaces/default/poddisruptionbudgets", """
                    {"metadata":{"name":"%s"},"spec":{"maxUnavailable":1,"selector":{"matchLabels":{"budgets":"two"}}}}""".formatted(budget)).expect(201);
        }
        JsonNode refused = admin.post(PODS + "/twice/eviction", "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"twice\"}}").expect(500).json();
        assertThat(Json.string(refused, "message")).isEqualTo("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        assertThat(refused.has("reason")).isFalse();
    }

    /// As that of a Job, which counts it then.
    @Test
    void oneThatNeverRanAndIsHeldSaysSo() {
        admin.post(PODS, """
                {"metadata":{"name":"held","finalizers":["batch.kubernetes.io/job-tracking"]},"spec":{"containers":[{"name":"c","image":"i"}]}}""").expect(201);
        evict("held", "");
        assertThat(Json.string(read("held").path("status").path("conditions").path(0), "reason")).isEqualTo("EvictionByEvictionAPI");
    }

    /// `kubectl drain --dry-run=server` asks so; and a pod that came in the place of another is not the one that was to go.
    @Test
    void whatIsOnlyTriedOrMeansAnotherTakesNothingFromTheBudget() {
        running("kept");
        admin.patch(PODS + "/kept", "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"app\":\"kept\"}}}").expect(200);
        String budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
        admin.post(budgets, "{\"metadata\":{\"name\":\"kept\"},\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"kept\"}}}}").expect(201);
        admin.patch(budgets + "/kept/status", "application/merge-patch+json", "{\"status\":{\"observedGeneration\":1,\"disruptionsAllowed\":1}}").expect(200);
        evict("kept", ",\"deleteOptions\":{\"dryRun\":[\"All\"]}");
        admin.post(PODS + "/kept/eviction", "{\"metadata\":{\"name\":\"kept\"},\"deleteOptions\":{\"preconditions\":{\"uid\":\"another\"}}}").expect(409);
        assertThat(Json.number(admin.get(budgets + "/kept").expect(200).json(), -1, "status", "disruptionsAllowed")).isEqualTo(1);
        evict("kept", "");
        assertThat(Json.number(admin.get(budgets + "/kept").expect(200).json(), -1, "status", "disruptionsAllowed")).isZero();
    }
}
