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
    void whatATenantsStateSaysOfAPodNoWebhookSays() {
        namespace(admin, "unsaying");
        hooks.respond("/unsay", WebhookServer.patch("[{\"op\":\"add\",\"path\":\"/metadata/annotations\",\"value\":{\"hypernetes.io/suspended\":\"x\",\"hypernetes.io/isolation\":\"Strict\",\"kept\":\"yes\"}}]"));
        admin.post(GROUP + "mutatingwebhookconfigurations", configuration("MutatingWebhookConfiguration", "unsaying", "/unsay", rule("\"CREATE\",\"UPDATE\"", "", "\"pods\""), in("unsaying"))).expect(201);
        String pods = "/api/v1/namespaces/unsaying/pods";
        var made = admin.post(pods, "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"imagePullSecrets\":[{}],\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}").expect(201);
        // It is admitted twice, and warned of once.
        assertThat(made.http().headers().allValues("Warning")).hasSize(1);
        assertThat(admin.get(pods + "/p").json().path("metadata").path("annotations").toString()).isEqualTo("{\"kept\":\"yes\"}");
        admin.patch(pods + "/p", "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200);
        assertThat(admin.get(pods + "/p").json().path("metadata").path("annotations").toString()).isEqualTo("{\"kept\":\"yes\"}");
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

    @Test
    void aMutatingWebhookIsUpdatedAndPatched() {
        namespace(admin, "mutating");
        String path = GROUP + "mutatingwebhookconfigurations/mutating";
        admin.post(GROUP + "mutatingwebhookconfigurations", configuration("MutatingWebhookConfiguration", "mutating", "/add", maps("\"CREATE\""), in("mutating"))).expect(201);
        assertThat(admin.post(configMaps("mutating"), configMap("a", "1")).expect(201).json().path("data").has("mutation-start")).isTrue();
        String revision = admin.get(path).at("metadata", "resourceVersion");
        admin.put(path, configuration("MutatingWebhookConfiguration", "mutating", "/add", maps("\"UPDATE\""), in("mutating"))
                .replace("\"name\":\"mutating\"}", "\"name\":\"mutating\",\"resourceVersion\":\"" + revision + "\"}")).expect(200);
        assertThat(admin.post(configMaps("mutating"), configMap("b", "1")).expect(201).json().path("data").has("mutation-start")).isFalse();
        admin.patch(path, "application/json-patch+json", "[{\"op\":\"replace\",\"path\":\"/webhooks/0/rules/0/operations\",\"value\":[\"CREATE\"]}]").expect(200);
        assertThat(admin.post(configMaps("mutating"), configMap("c", "1")).expect(201).json().path("data").has("mutation-start")).isTrue();
    }

    @Test
    void podsAndConfigMapsAreDenied() {
        namespace(admin, "denying");
        admin.post(configMaps("denying"), configMap("before", "1")).expect(201);
        admin.post(GROUP + "validatingwebhookconfigurations", configuration("ValidatingWebhookConfiguration", "denying", "/deny",
                rule("\"CREATE\",\"UPDATE\"", "", "\"pods\",\"configmaps\""), in("denying"))).expect(201);
        admin.post(pods("denying"), Cluster.pod("p")).expect(403);
        admin.post(configMaps("denying"), configMap("c", "1")).expect(403);
        admin.put(configMaps("denying") + "/before", configMap("before", "2")).expect(403);
        assertThat(admin.patch(configMaps("denying") + "/before", "application/merge-patch+json", "{\"data\":{\"k\":\"3\"}}").expect(403).at("message")).contains("this webhook denies all requests");
        // Others are not asked about.
        admin.post(configMaps("default"), configMap("not-asked", "1")).expect(201);
    }

    private static String definition(String group, String schema) {
        return """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.%s","labels":{"set":"%s"}},"spec":{"group":"%s","scope":"Namespaced",
                 "names":{"plural":"things","singular":"thing","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":%s}}]}}""".formatted(group, group, group, schema);
    }

    private static String thing(String group, String name, String data) {
        return "{\"apiVersion\":\"%s/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"%s\"},\"data\":{%s}}".formatted(group, name, data);
    }

    @Test
    void definitionsAreDenied() {
        admin.post(GROUP + "validatingwebhookconfigurations", configuration("ValidatingWebhookConfiguration", "no-definitions", "/deny",
                rule("\"CREATE\"", "apiextensions.k8s.io", "\"customresourcedefinitions\""), ",\"objectSelector\":{\"matchLabels\":{\"set\":\"denied.example.com\"}}")).expect(201);
        String definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        admin.post(definitions, definition("denied.example.com", "{\"type\":\"object\"}")).expect(403);
        admin.get(definitions + "/things.denied.example.com").expect(404);
    }

    @Test
    void customObjectsAreMutatedPrunedAndDenied() {
        namespace(admin, "custom");
        admin.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition("hooked.example.com",
                "{\"type\":\"object\",\"properties\":{\"data\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"},\"stage-1\":{\"type\":\"string\"}}}}}")).expect(201);
        String things = "/apis/hooked.example.com/v1/namespaces/custom/things";
        hooks.respond("/stages", WebhookServer.patch("[{\"op\":\"add\",\"path\":\"/data/stage-1\",\"value\":\"yes\"},{\"op\":\"add\",\"path\":\"/data/stage-2\",\"value\":\"yes\"}]"));
        admin.post(GROUP + "mutatingwebhookconfigurations", configuration("MutatingWebhookConfiguration", "stages", "/stages",
                rule("\"CREATE\"", "hooked.example.com", "\"things\""), in("custom"))).expect(201);
        assertThat(admin.post(things, thing("hooked.example.com", "one", "\"a\":\"1\"")).expect(201).json().path("data").toString())
                .as("stage-2 is not in the schema").isEqualTo("{\"a\":\"1\",\"stage-1\":\"yes\"}");
        admin.post(GROUP + "validatingwebhookconfigurations", configuration("ValidatingWebhookConfiguration", "no-things", "/deny",
                rule("\"CREATE\",\"UPDATE\",\"DELETE\"", "hooked.example.com", "\"things\""), in("custom"))).expect(201);
        admin.post(things, thing("hooked.example.com", "two", "")).expect(403);
        admin.patch(things + "/one", "application/merge-patch+json", "{\"data\":{\"a\":\"2\"}}").expect(403);
        admin.delete(things + "/one").expect(403);
        assertThat(admin.get(things + "/one").at("data", "a")).isEqualTo("1");
    }

    @Test
    void customObjectsAreMutatedWhateverVersionIsStored() {
        namespace(admin, "versioned");
        String definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        String schema = "{\"openAPIV3Schema\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}";
        admin.post(definitions, definition("versioned.example.com", "{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}")
                .replace("\"versions\":[", "\"versions\":[{\"name\":\"v2\",\"served\":true,\"storage\":false,\"schema\":" + schema + "},")).expect(201);
        hooks.respond("/versioned", WebhookServer.patch("[{\"op\":\"add\",\"path\":\"/data/mutated\",\"value\":\"yes\"}]"));
        admin.post(GROUP + "mutatingwebhookconfigurations", configuration("MutatingWebhookConfiguration", "versioned", "/versioned",
                rule("\"CREATE\",\"UPDATE\"", "versioned.example.com", "\"things\""), in("versioned"))).expect(201);
        String things = "/apis/versioned.example.com/%s/namespaces/versioned/things";
        assertThat(admin.post(things.formatted("v1"), thing("versioned.example.com", "one", "\"a\":\"1\"")).expect(201).json().path("data").toString())
                .isEqualTo("{\"a\":\"1\",\"mutated\":\"yes\"}");
        admin.patch(definitions + "/things.versioned.example.com", "application/json-patch+json",
                "[{\"op\":\"replace\",\"path\":\"/spec/versions/0/storage\",\"value\":true},{\"op\":\"replace\",\"path\":\"/spec/versions/1/storage\",\"value\":false}]").expect(200);
        for (String version : new String[] {"v1", "v2"}) {
            hooks.asked.clear();
            assertThat(admin.patch(things.formatted(version) + "/one", "application/merge-patch+json", "{\"data\":{\"by\":\"" + version + "\",\"mutated\":\"no\"}}").expect(200)
                    .json().path("data").toString()).isEqualTo("{\"a\":\"1\",\"mutated\":\"yes\",\"by\":\"" + version + "\"}");
            assertThat(hooks.asked.getFirst().path("object").path("apiVersion").asString("")).isEqualTo("versioned.example.com/v1");
        }
    }

    @Test
    void defaultsFollowAMutation() {
        namespace(admin, "defaulted");
        hooks.respond("/container", WebhookServer.patch("[{\"op\":\"add\",\"path\":\"/spec/initContainers\",\"value\":[{\"name\":\"added\",\"image\":\"busybox:1\"}]}]"));
        admin.post(GROUP + "mutatingwebhookconfigurations", configuration("MutatingWebhookConfiguration", "defaulted", "/container",
                rule("\"CREATE\"", "", "\"pods\""), in("defaulted"))).expect(201);
        var added = admin.post(pods("defaulted"), Cluster.pod("p")).expect(201).json().path("spec").path("initContainers").path(0);
        assertThat(added.path("name").asString("")).isEqualTo("added");
        assertThat(added.path("terminationMessagePolicy").asString("")).isEqualTo("File");
        assertThat(added.path("imagePullPolicy").asString("")).isEqualTo("IfNotPresent");
    }

    @Test
    void conditionsAreCheckedWhenTheyAreWritten() {
        for (String kind : new String[] {"Validating", "Mutating"}) {
            String path = GROUP + kind.toLowerCase(java.util.Locale.ROOT) + "webhookconfigurations";
            String good = configuration(kind + "WebhookConfiguration", "conditional", "/add", maps("\"CREATE\""),
                    in("nowhere") + ",\"matchConditions\":[{\"name\":\"first\",\"expression\":\"object.metadata.namespace == 'a'\"}]");
            admin.post(path, good).expect(201);
            assertThat(admin.patch(path + "/conditional", "application/json-patch+json",
                    "[{\"op\":\"add\",\"path\":\"/webhooks/0/matchConditions/-\",\"value\":{\"name\":\"second\",\"expression\":\"request.operation == 'CREATE'\"}}]").expect(200)
                    .json().path("webhooks").path(0).path("matchConditions").size()).isEqualTo(2);
            assertThat(admin.post(path, good.replace("\"conditional\"", "\"broken\"").replace("object.metadata.namespace == 'a'", "... [] bad expression")).expect(422).at("message"))
                    .contains("webhooks[0].matchConditions[0].expression");
            admin.delete(path + "/conditional").expect(200);
        }
    }
}
