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

    private static String evictionOf(String name) {
        return "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"" + name + "\"}}";
    }

    private static void hook(Cluster.Client client, WebhookServer hooks, String name, String rules) {
        client.post("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", """
                {"metadata":{"name":"%s"},"webhooks":[{"name":"%s.example.com","sideEffects":"None","admissionReviewVersions":["v1"],
                 "clientConfig":{"url":"%s","caBundle":"%s"},"rules":[%s]}]}""".formatted(name, name, hooks.url("/" + name), hooks.bundle, rules)).expect(201);
    }

    /// As upstream's pkg/registry/core/pod/storage/eviction.go asks: about the Eviction that is made, and not about the deletion that it is.
    @Test
    void whatATenantHasProgrammedJudgesEvictionsAndNoDeletionWithThem() throws java.io.IOException {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("judging")).expect(201);
        Cluster.Client own = cluster.client("judging", "ann", "system:masters");
        for (String name : new String[] {"kept", "policed", "free", "drained"}) {
            own.post(PODS, Cluster.pod(name)).expect(201);
        }
        try (WebhookServer hooks = new WebhookServer(cluster.authorities)) {
            hooks.respond("/evictions", "\"allowed\":false,\"status\":{\"message\":\"not this one\"}");
            hooks.respond("/deletions", "\"allowed\":false");
            hook(own, hooks, "evictions", "{\"operations\":[\"CREATE\"],\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],\"resources\":[\"pods/eviction\"]}");
            hook(own, hooks, "deletions", "{\"operations\":[\"DELETE\"],\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],\"resources\":[\"pods\"]}");
            assertThat(own.post(PODS + "/kept/eviction?dryRun=All", evictionOf("kept")).expect(400).at("message"))
                    .isEqualTo("admission webhook \"evictions.example.com\" denied the request: not this one");
            assertThat(own.get(PODS + "/kept").expect(200).json().path("metadata").has("deletionTimestamp")).isFalse();
            assertThat(hooks.asked).hasSize(1);
            JsonNode asked = hooks.asked.getFirst();
            assertThat(asked.path("kind")).isEqualTo(Json.readObject("{\"group\":\"policy\",\"version\":\"v1\",\"kind\":\"Eviction\"}"));
            assertThat(asked.path("resource")).isEqualTo(Json.readObject("{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"}"));
            assertThat(Json.string(asked, "subResource")).isEqualTo("eviction");
            assertThat(Json.string(asked, "operation")).isEqualTo("CREATE");
            assertThat(Json.string(asked, "name")).isEqualTo("kept");
            assertThat(Json.string(asked, "object", "kind")).isEqualTo("Eviction");
            assertThat(Json.string(asked, "object", "metadata", "name")).isEqualTo("kept");
            assertThat(asked.path("oldObject").isNull()).isTrue();
            assertThat(asked.path("dryRun").asBoolean()).isTrue();
            assertThat(Json.string(asked, "options", "kind")).isEqualTo("CreateOptions");

            // What the cluster does with its machines is not for a tenant to refuse.
            cluster.operator().in("judging").post(PODS + "/drained/eviction", evictionOf("drained")).expect(201);
            own.delete("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/evictions").expect(200);
            own.post("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", """
                    {"metadata":{"name":"evictions"},"spec":{
                     "matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["pods/eviction"]}]},
                     "validations":[{"expression":"object.metadata.name != 'policed'","message":"by policy"}]}}""").expect(201);
            own.post("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", """
                    {"metadata":{"name":"evictions"},"spec":{"policyName":"evictions","validationActions":["Deny"]}}""").expect(201);
            assertThat(own.post(PODS + "/policed/eviction", evictionOf("policed")).expect(422).at("message")).contains("by policy");
            own.post(PODS + "/free/eviction", evictionOf("free")).expect(201);
            own.get(PODS + "/free").expect(404);
            assertThat(hooks.asked).hasSize(1);
        }
    }

    /// As upstream's admission has it for whatever is created in a namespace (apiserver's pkg/admission/plugin/namespace/lifecycle), parts of objects too:
    /// `kubectl drain` knows by the cause that the pod goes in any case.
    @Test
    void nothingIsMadeOfWhatIsInANamespaceThatGoes() {
        String pods = "/api/v1/namespaces/going/pods";
        admin.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"going\"}}").expect(201);
        admin.post(pods, Cluster.pod("last")).expect(201);
        admin.delete("/api/v1/namespaces/going").expect(200);
        JsonNode refused = admin.post(pods + "/last/eviction", evictionOf("last")).expect(403).json();
        assertThat(Json.string(refused, "message"))
                .isEqualTo("pods \"last\" is forbidden: unable to create new content in namespace going because it is being terminated");
        assertThat(refused.path("details").path("causes"))
                .isEqualTo(Json.readObject("{\"c\":[{\"reason\":\"NamespaceTerminating\",\"message\":\"namespace going is being terminated\",\"field\":\"metadata.namespace\"}]}").path("c"));
        admin.post(pods + "/last/binding", "{\"metadata\":{\"name\":\"last\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}").expect(403);
        admin.post("/api/v1/namespaces/going/bindings", "{\"metadata\":{\"name\":\"last\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}").expect(403);
        admin.post("/api/v1/namespaces/going/serviceaccounts/default/token", "{\"spec\":{}}").expect(403);
        admin.delete(pods + "/last").expect(200);
    }

    @Test
    void anEvictionIsOneAndOfThePodInThePath() {
        running("named");
        for (String wrong : new String[] {"{}", "{\"metadata\":{\"name\":\"other\"}}"}) {
            assertThat(admin.post(PODS + "/named/eviction", wrong).expect(400).at("message")).isEqualTo("name in URL does not match name in Eviction object");
        }
        assertThat(admin.post(PODS + "/named/eviction", "{\"metadata\":{\"name\":\"named\",\"namespace\":\"other\"}}").expect(400).at("message"))
                .isEqualTo("the namespace of the provided object does not match the namespace sent on the request");
        admin.post(PODS + "/named/eviction", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"named\"}}").expect(400);
        admin.post(PODS + "/named/eviction?fieldValidation=Strict", "{\"metadata\":{\"name\":\"named\"},\"spec\":{}}").expect(400);
        assertThat(read("named").path("metadata").has("deletionTimestamp")).isFalse();
        admin.post(PODS + "/named/eviction", "{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"named\"}}").expect(201);
    }

    /// By what its condition says, as far as its numbers are not to be believed.
    @Test
    void aBudgetSaysWhyItHasNoRoom() {
        running("guarded");
        admin.patch(PODS + "/guarded", "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"app\":\"guarded\"}}}").expect(200);
        String budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
        admin.post(budgets, "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"guarded\"}}}}").expect(201);
        String condition = ",\"conditions\":[{\"type\":\"DisruptionAllowed\",\"status\":\"False\",\"reason\":\"%s\",\"message\":\"hm\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}]";
        for (String[] told : new String[][] {
            {"\"currentHealthy\":1,\"desiredHealthy\":1", "The disruption budget b needs 1 healthy pods and has 1 currently"},
            {"\"currentHealthy\":1,\"desiredHealthy\":1" + condition.formatted("SyncFailed"), "The disruption budget b does not allow evicting pods currently because it failed sync: hm"},
            {"\"currentHealthy\":2,\"desiredHealthy\":1" + condition.formatted("Odd"), "The disruption budget b does not allow evicting pods currently (Odd): hm"},
            {"\"currentHealthy\":2,\"desiredHealthy\":1,\"conditions\":[]", "The disruption budget b does not allow evicting pods currently"},
        }) {
            admin.patch(budgets + "/b/status", "application/merge-patch+json", "{\"status\":{\"observedGeneration\":1,\"disruptionsAllowed\":0," + told[0] + "}}").expect(200);
            JsonNode refused = admin.post(PODS + "/guarded/eviction", evictionOf("guarded")).expect(429).json();
            assertThat(Json.string(refused, "message")).isEqualTo("Cannot evict pod as it would violate the pod's disruption budget.");
            assertThat(refused.path("details").path("causes").path(0)).isEqualTo(Json.object().put("reason", "DisruptionBudget").put("message", told[1]));
        }
    }

    @Test
    void whatIsAskedOfADeletionIsUnderstoodOrRefused() {
        running("asked");
        for (String wrong : new String[] {"{\"dryRun\":[\"Some\"]}", "{\"dryRun\":[\"All\",\"Some\"]}"}) {
            assertThat(admin.delete(PODS + "/asked", wrong).expect(422).at("message"))
                    .isEqualTo("DeleteOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: \"Some\": supported values: \"All\"");
        }
        admin.delete("/api/v1/namespaces/default/pods?labelSelector=none%3Dsuch", "{\"dryRun\":[\"Some\"]}").expect(422);
        assertThat(read("asked").path("metadata").has("deletionTimestamp")).isFalse();
    }
}
