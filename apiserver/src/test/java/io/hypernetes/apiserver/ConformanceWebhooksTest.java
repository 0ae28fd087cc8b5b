package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What upstream's conformance suite says of admission webhooks, by meaning. Each test has a namespace of its own, which its webhooks select.
class ConformanceWebhooksTest extends ClusterTest {
    private static final String GROUP = "/apis/admissionregistration.k8s.io/v1/";
    private static final String DENY = "\"allowed\":false,\"status\":{\"message\":\"this webhook denies all requests\",\"code\":403}";

    private WebhookServer hooks;

    @BeforeAll
    void startHooks() throws IOException {
        hooks = new WebhookServer(cluster.authorities);
        hooks.respond("/add", WebhookServer.patch("[{\"op\":\"add\",\"path\":\"/data/mutation-start\",\"value\":\"yes\"}]"));
        hooks.respond("/deny", DENY);
    }

    @AfterAll
    void stopHooks() {
        hooks.close();
    }

    private String configuration(String kind, String name, String path, String rule, String more) {
        return """
                {"apiVersion":"admissionregistration.k8s.io/v1","kind":"%s","metadata":{"name":"%s"},"webhooks":[{"name":"%s.conformance.example.com",
                 "sideEffects":"None","admissionReviewVersions":["v1"],"clientConfig":{"url":"%s","caBundle":"%s"},"rules":[%s]%s}]}"""
                .formatted(kind, name, name, hooks.url(path), hooks.bundle, rule, more);
    }

    private static String rule(String operations, String group, String resources) {
        return "{\"operations\":[%s],\"apiGroups\":[\"%s\"],\"apiVersions\":[\"v1\"],\"resources\":[%s]}".formatted(operations, group, resources);
    }

    private static String in(String namespace) {
        return ",\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"" + namespace + "\"}}";
    }

    private static String maps(String operations) {
        return rule(operations, "", "\"configmaps\"");
    }

    @Test
    void aConfigMapIsMutated() {
        namespace(admin, "mutated");
        admin.post(GROUP + "mutatingwebhookconfigurations", configuration("MutatingWebhookConfiguration", "mutated", "/add", maps("\"CREATE\""), in("mutated"))).expect(201);
        assertThat(admin.post(configMaps("mutated"), configMap("a", "1")).expect(201).json().path("data").toString()).isEqualTo("{\"k\":\"1\",\"mutation-start\":\"yes\"}");
        assertThat(admin.get(configMaps("mutated") + "/a").at("data", "mutation-start")).isEqualTo("yes");
    }

    @Test
    void whatIsCalledSkipMeIsSkipped() {
        namespace(admin, "skipping");
        admin.post(GROUP + "mutatingwebhookconfigurations", configuration("MutatingWebhookConfiguration", "skipping", "/add", maps("\"*\""),
                in("skipping") + ",\"matchConditions\":[{\"name\":\"not-skip-me\",\"expression\":\"object.metadata.name != 'skip-me'\"}]")).expect(201);
        assertThat(admin.post(configMaps("skipping"), configMap("skip-me", "1")).expect(201).json().path("data").has("mutation-start")).isFalse();
        assertThat(admin.post(configMaps("skipping"), configMap("other", "1")).expect(201).json().path("data").has("mutation-start")).isTrue();
    }

    @Test
    void configurationsOfWebhooksAreNeitherMutatedNorKept() {
        String all = rule("\"*\"", "admissionregistration.k8s.io", "\"validatingwebhookconfigurations\",\"mutatingwebhookconfigurations\"");
        hooks.respond("/label", WebhookServer.patch("[{\"op\":\"add\",\"path\":\"/metadata/labels\",\"value\":{\"mutated\":\"1\"}}]"));
        admin.post(GROUP + "validatingwebhookconfigurations", configuration("ValidatingWebhookConfiguration", "deny-deletion", "/deny", all, "")).expect(201);
        admin.post(GROUP + "mutatingwebhookconfigurations", configuration("MutatingWebhookConfiguration", "mutate-all", "/label", all, "")).expect(201);
        for (String kind : new String[] {"Validating", "Mutating"}) {
            String path = GROUP + kind.toLowerCase(java.util.Locale.ROOT) + "webhookconfigurations";
            var made = admin.post(path, configuration(kind + "WebhookConfiguration", "victim", "/add", maps("\"CREATE\""), in("nowhere"))).expect(201);
            assertThat(made.json().path("metadata").has("labels")).isFalse();
            admin.delete(path + "/victim").expect(200);
            admin.get(path + "/victim").expect(404);
        }
        admin.delete(GROUP + "validatingwebhookconfigurations/deny-deletion").expect(200);
        admin.delete(GROUP + "mutatingwebhookconfigurations/mutate-all").expect(200);
    }

    @Test
    void aValidatingWebhookIsUpdatedAndPatched() {
        namespace(admin, "changing");
        String path = GROUP + "validatingwebhookconfigurations/changing";
        admin.post(GROUP + "validatingwebhookconfigurations", configuration("ValidatingWebhookConfiguration", "changing", "/deny", maps("\"CREATE\""), in("changing"))).expect(201);
        assertThat(admin.post(configMaps("changing"), configMap("a", "1")).expect(403).at("message"))
                .isEqualTo("admission webhook \"changing.conformance.example.com\" denied the request: this webhook denies all requests");
        String revision = admin.get(path).at("metadata", "resourceVersion");
        admin.put(path, configuration("ValidatingWebhookConfiguration", "changing", "/deny", maps("\"UPDATE\""), in("changing"))
                .replace("\"name\":\"changing\"}", "\"name\":\"changing\",\"resourceVersion\":\"" + revision + "\"}")).expect(200);
        admin.post(configMaps("changing"), configMap("a", "1")).expect(201);
        admin.patch(path, "application/json-patch+json", "[{\"op\":\"replace\",\"path\":\"/webhooks/0/rules/0/operations\",\"value\":[\"CREATE\"]}]").expect(200);
        admin.post(configMaps("changing"), configMap("b", "1")).expect(403);
    }

    @Test
    void attachingToAPodIsDenied() {
        namespace(admin, "attached");
        admin.post(pods("attached"), Cluster.pod("p")).expect(201);
        admin.post(GROUP + "validatingwebhookconfigurations",
                configuration("ValidatingWebhookConfiguration", "attached", "/deny", rule("\"CONNECT\"", "", "\"pods/attach\""), in("attached"))).expect(201);
        assertThat(admin.post(pods("attached") + "/p/attach?stdout=true&container=web", "").expect(403).at("message"))
                .isEqualTo("admission webhook \"attached.conformance.example.com\" denied the request: this webhook denies all requests");
        admin.get(pods("attached") + "/p/attach?stdout=true&container=web").expect(403);
    }
}
