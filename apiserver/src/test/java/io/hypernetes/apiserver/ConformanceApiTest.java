package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// More behaviours of upstream's conformance suite that the API server alone shows, by meaning: discovery, namespaces, definitions, services, quotas, pods.
class ConformanceApiTest extends ClusterTest {
    private static final String MERGE = "application/merge-patch+json";
    private static final String AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=%s;as=APIGroupDiscoveryList";
    private static final String DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static List<String> texts(JsonNode list, String... path) {
        List<String> found = new ArrayList<>();
        list.forEach(each -> found.add(Json.string((ObjectNode) each, path)));
        return found;
    }

    private String fresh(String name) {
        namespace(admin, name);
        return "/api/v1/namespaces/" + name;
    }

    // Discovery.

    @Test
    void everyGroupPrefersOneOfItsVersions() {
        for (ObjectNode group : Json.objects(admin.get("/apis").expect(200).json(), "groups")) {
            String preferred = Json.string(group, "preferredVersion", "groupVersion");
            assertThat(texts(group.path("versions"), "groupVersion")).as(Json.string(group, "name")).contains(preferred);
            JsonNode alone = admin.get("/apis/" + Json.string(group, "name")).expect(200).json();
            assertThat(alone.path("preferredVersion")).isEqualTo(group.path("preferredVersion"));
            assertThat(alone.path("versions")).isEqualTo(group.path("versions"));
        }
    }

    @Test
    void resourcesAreLocatedInTheirGroupVersion() {
        for (String[] wanted : new String[][] {
            {"admissionregistration.k8s.io/v1", "validatingwebhookconfigurations"}, {"apiextensions.k8s.io/v1", "customresourcedefinitions"},
            {"apiregistration.k8s.io/v1", "apiservices"}, {"apps/v1", "deployments"}, {"authentication.k8s.io/v1", "tokenreviews"},
            {"authorization.k8s.io/v1", "selfsubjectaccessreviews"}, {"autoscaling/v1", "horizontalpodautoscalers"}, {"autoscaling/v2", "horizontalpodautoscalers"},
            {"batch/v1", "jobs"}, {"certificates.k8s.io/v1", "certificatesigningrequests"}, {"coordination.k8s.io/v1", "leases"}, {"discovery.k8s.io/v1", "endpointslices"},
            {"events.k8s.io/v1", "events"}, {"networking.k8s.io/v1", "ingresses"}, {"node.k8s.io/v1", "runtimeclasses"}, {"policy/v1", "poddisruptionbudgets"},
            {"scheduling.k8s.io/v1", "priorityclasses"}, {"storage.k8s.io/v1", "csinodes"}}) {
            assertThat(texts(admin.get("/apis/" + wanted[0]).expect(200).json().path("resources"), "name")).as(wanted[0]).contains(wanted[1]);
        }
    }

    @Test
    void aggregatedDiscoveryAnswersAsItIsAsked() {
        for (String path : List.of("/api", "/apis")) {
            var answer = admin.get(path, AGGREGATED.formatted("v2")).expect(200);
            assertThat(answer.at("kind")).isEqualTo("APIGroupDiscoveryList");
            assertThat(answer.http().headers().firstValue("Content-Type").orElse("")).contains("apidiscovery.k8s.io", "v=v2", "as=APIGroupDiscoveryList");
        }
        // A client that knows both takes what the server has; one that asks for nothing gets the old form.
        assertThat(admin.get("/apis", AGGREGATED.formatted("v2") + "," + AGGREGATED.formatted("v2beta1") + ",application/json").expect(200).at("kind")).isEqualTo("APIGroupDiscoveryList");
        assertThat(admin.get("/apis", "application/json").expect(200).at("kind")).isEqualTo("APIGroupList");
    }

    @Test
    void theVersionOfTheServerIsTold() {
        var version = admin.get("/version").expect(200);
        assertThat(version.at("major")).matches("\\d+");
        assertThat(version.at("minor")).matches("\\d+\\+?");
        assertThat(version.at("gitVersion")).startsWith("v" + version.at("major") + ".");
    }

    @Test
    void whatIsNoObjectIsNoTable() {
        var asked = admin.send(admin.request("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
                .header("Content-Type", "application/json").header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
                .POST(java.net.http.HttpRequest.BodyPublishers.ofString("{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\",\"spec\":{\"nonResourceAttributes\":{\"verb\":\"get\",\"path\":\"/\"}}}"))
                .build());
        assertThat(asked.code()).isEqualTo(406);
        assertThat(asked.at("reason")).isEqualTo("NotAcceptable");
    }

    // Definitions of kinds.

    private static String definition(String group, String plural, String kind, String schema) {
        return """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"%s.%s","labels":{"set":"%s"}},"spec":{"group":"%s","scope":"Namespaced",
                 "names":{"plural":"%s","singular":"%s","kind":"%s"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":%s}}]}}"""
                .formatted(plural, group, group, group, plural, plural, kind, schema);
    }

    private static final String OPEN = "{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}";

    @Test
    void definitionsAreListedWatchedAndDeletedTogether() throws Exception {
        String labelled = DEFINITIONS + "?labelSelector=set%3Dlisted.example.com";
        String start = admin.get(labelled).expect(200).at("metadata", "resourceVersion");
        for (String plural : List.of("as", "bs", "cs")) {
            admin.post(DEFINITIONS, definition("listed.example.com", plural, "K" + plural, OPEN)).expect(201);
        }
        assertThat(ObjectsTest.names(admin.get(labelled).json())).containsExactly("as.listed.example.com", "bs.listed.example.com", "cs.listed.example.com");
        admin.get("/apis/listed.example.com/v1/namespaces/default/as").expect(200);
        try (var watch = admin.watch(labelled + "&watch=true&resourceVersion=" + start)) {
            assertThat(watch.nextText()).isEqualTo("ADDED as.listed.example.com");
        }
        admin.delete(labelled).expect(200);
        await().untilAsserted(() -> assertThat(ObjectsTest.names(admin.get(labelled).json())).isEmpty());
        admin.get("/apis/listed.example.com/v1/namespaces/default/as").expect(404);
    }

    @Test
    void definedKindsAreDiscoveredInEveryForm() {
        admin.post(DEFINITIONS, definition("found.example.com", "finds", "Find", OPEN)).expect(201);
        assertThat(texts(admin.get("/apis").expect(200).json().path("groups"), "name")).contains("found.example.com");
        assertThat(texts(admin.get("/apis/found.example.com/v1").expect(200).json().path("resources"), "name")).contains("finds");
        ObjectNode group = Json.objects(admin.get("/apis", AGGREGATED.formatted("v2")).expect(200).json(), "items").stream()
                .filter(each -> Json.string(each, "metadata", "name").equals("found.example.com")).findFirst().orElseThrow();
        assertThat(texts(group.path("versions").path(0).path("resources"), "resource")).contains("finds");
        assertThat(Json.string((ObjectNode) group.path("versions").path(0).path("resources").path(0), "responseKind", "kind")).isEqualTo("Find");
    }

    @Test
    void defaultsAreFilledInForRequestsAndForWhatIsStored() {
        admin.post(DEFINITIONS, definition("filled.example.com", "fills", "Fill", OPEN)).expect(201);
        String fills = "/apis/filled.example.com/v1/namespaces/default/fills";
        String object = "{\"apiVersion\":\"filled.example.com/v1\",\"kind\":\"Fill\",\"metadata\":{\"name\":\"%s\"}}";
        admin.post(fills, object.formatted("old")).expect(201);
        admin.patch(DEFINITIONS + "/fills.filled.example.com", "application/json-patch+json", """
                [{"op":"replace","path":"/spec/versions/0/schema/openAPIV3Schema","value":{"type":"object","properties":{"a":{"type":"string","default":"A"}}}}]""").expect(200);
        await().untilAsserted(() -> assertThat(admin.get(fills + "/old").expect(200).at("a")).isEqualTo("A"));
        assertThat(admin.post(fills, object.formatted("new")).expect(201).at("a")).isEqualTo("A");
        assertThat(admin.get(fills).expect(200).json().path("items").path(1).path("a").asString("")).isEqualTo("A");
    }

    private String openApi(String group, String version) {
        return admin.get("/openapi/v3/apis/" + group + "/" + version).expect(200).text();
    }

    @Test
    void definedSchemasArePublished() {
        admin.post(DEFINITIONS, definition("published.example.com", "foos", "Foo",
                "{\"type\":\"object\",\"description\":\"Foo CRD for Testing\",\"properties\":{\"spec\":{\"type\":\"object\",\"required\":[\"bars\"],\"properties\":{\"bars\":{\"type\":\"array\",\"description\":\"List of Bars\",\"items\":{\"type\":\"string\"}}}}}}")).expect(201);
        admin.post(DEFINITIONS, definition("published.example.com", "opens", "Open", OPEN)).expect(201);
        admin.post(DEFINITIONS, definition("published.example.com", "waldos", "Waldo",
                "{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"description\":\"Waldo as it likes\",\"x-kubernetes-preserve-unknown-fields\":true}}}")).expect(201);
        admin.post(DEFINITIONS, definition("other.example.com", "foos", "Foo", OPEN)).expect(201);
        assertThat(openApi("published.example.com", "v1")).contains("Foo CRD for Testing", "List of Bars", "com.example.published.v1.Foo", "com.example.published.v1.Open", "com.example.published.v1.Waldo",
                "Waldo as it likes", "x-kubernetes-preserve-unknown-fields");
        assertThat(openApi("other.example.com", "v1")).contains("com.example.other.v1.Foo").doesNotContain("Foo CRD for Testing");
        assertThat(admin.get("/openapi/v2").expect(200).text()).contains("com.example.published.v1.Foo", "com.example.other.v1.Foo", "List of Bars");
    }

    @Test
    void publishedVersionsFollowTheDefinition() {
        String two = definition("versions.example.com", "foos", "Foo", OPEN).replace("\"versions\":[", "\"versions\":[{\"name\":\"v2\",\"served\":true,\"storage\":false,\"schema\":{\"openAPIV3Schema\":" + OPEN + "}},");
        admin.post(DEFINITIONS, two).expect(201);
        assertThat(openApi("versions.example.com", "v1")).contains("com.example.versions.v1.Foo");
        assertThat(openApi("versions.example.com", "v2")).contains("com.example.versions.v2.Foo");
        String path = DEFINITIONS + "/foos.versions.example.com";
        admin.patch(path, "application/json-patch+json", "[{\"op\":\"replace\",\"path\":\"/spec/versions/0/name\",\"value\":\"v3\"}]").expect(200);
        await().untilAsserted(() -> assertThat(openApi("versions.example.com", "v3")).contains("com.example.versions.v3.Foo"));
        assertThat(admin.get("/openapi/v3").expect(200).json().path("paths").has("apis/versions.example.com/v2")).isFalse();
        admin.patch(path, "application/json-patch+json", "[{\"op\":\"replace\",\"path\":\"/spec/versions/0/served\",\"value\":false}]").expect(200);
        await().untilAsserted(() -> assertThat(admin.get("/openapi/v3").expect(200).json().path("paths").has("apis/versions.example.com/v3")).isFalse());
        assertThat(admin.get("/openapi/v2").expect(200).text()).contains("com.example.versions.v1.Foo").doesNotContain("com.example.versions.v3.Foo");
    }

    private static final String STRICT = "{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{\"size\":{\"type\":\"integer\"},"
            + "\"template\":{\"type\":\"object\",\"x-kubernetes-embedded-resource\":true,\"properties\":{\"spec\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}}}}}}";

    private static String foo(String group, String name, String rest) {
        return "{\"apiVersion\":\"%s/v1\",\"kind\":\"Foo\",\"metadata\":{\"name\":\"%s\"}%s}".formatted(group, name, rest);
    }

    private static String foos(String group) {
        return "/apis/" + group + "/v1/namespaces/default/foos?fieldManager=test&fieldValidation=";
    }

    private Cluster.Reply apply(String path, String name, String object) {
        return admin.patch(path.replace("/foos?", "/foos/" + name + "?"), "application/apply-patch+yaml", object);
    }

    @Test
    void fieldsOfDefinedKindsAreCheckedAsAsked() {
        admin.post(DEFINITIONS, definition("checked.example.com", "foos", "Foo", STRICT)).expect(201);
        String group = "checked.example.com";
        String strict = foos(group) + "Strict";
        admin.post(strict, foo(group, "good", ",\"spec\":{\"size\":1}")).expect(201);
        apply(strict, "applied", foo(group, "applied", ",\"spec\":{\"size\":1}")).expect(201);
        assertThat(admin.post(strict, foo(group, "odd", ",\"spec\":{\"size\":1,\"colour\":\"red\"}")).expect(400).at("message")).contains("unknown field \"spec.colour\"");
        assertThat(apply(strict, "odd", foo(group, "odd", ",\"spec\":{\"size\":1,\"colour\":\"red\"}")).code()).isBetween(400, 599);
        var warned = admin.post(foos(group) + "Warn", foo(group, "warned", ",\"spec\":{\"size\":1,\"colour\":\"red\"}")).expect(201);
        assertThat(warned.http().headers().firstValue("Warning").orElse("")).contains("unknown field \\\"spec.colour\\\"");
        assertThat(warned.json().path("spec").has("colour")).isFalse();
    }

    @Test
    void withoutASchemaEveryFieldIsTaken() {
        admin.post(DEFINITIONS, definition("free.example.com", "foos", "Foo", OPEN)).expect(201);
        String group = "free.example.com";
        assertThat(admin.post(foos(group) + "Strict", foo(group, "a", ",\"spec\":{\"any\":\"thing\"}")).expect(201).at("spec", "any")).isEqualTo("thing");
        assertThat(apply(foos(group) + "Strict", "b", foo(group, "b", ",\"spec\":{\"any\":\"thing\"}")).expect(201).at("spec", "any")).isEqualTo("thing");
        // What comes twice is a mistake all the same.
        assertThat(admin.post(foos(group) + "Strict", foo(group, "c", ",\"spec\":{\"any\":1,\"any\":2}")).expect(400).at("message")).contains("duplicate field \"spec.any\"");
    }

    @Test
    void unknownMetadataIsFoundWhereverItStands() {
        admin.post(DEFINITIONS, definition("meta.example.com", "foos", "Foo", STRICT)).expect(201);
        String group = "meta.example.com";
        String template = ",\"spec\":{\"size\":1,\"template\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"unknownSub\":\"x\"},\"spec\":{}}}";
        String refused = admin.post(foos(group) + "Strict", foo(group, "a", template).replace("{\"name\":\"a\"}", "{\"name\":\"a\",\"unknownMeta\":\"x\"}")).expect(400).at("message");
        assertThat(refused).contains("unknown field \"metadata.unknownMeta\"", "unknown field \"spec.template.metadata.unknownSub\"");
        assertThat(admin.post(configMaps("default") + "?fieldValidation=Strict", configMap("a", "1").replace("\"name\":\"a\"", "\"name\":\"a\",\"unknownMeta\":\"x\"")).expect(400).at("message"))
                .contains("unknown field \"metadata.unknownMeta\"");
    }

    // Namespaces.

    @Test
    void aNamespaceIsPatchedUpdatedAndHeld() {
        String path = fresh("held");
        assertThat(admin.patch(path, MERGE, "{\"metadata\":{\"labels\":{\"testLabel\":\"testValue\"}}}").expect(200).at("metadata", "labels", "testLabel")).isEqualTo("testValue");
        ObjectNode now = admin.get(path).expect(200).json();
        now.withObject("/metadata").withObject("/labels").put("updated", "yes");
        assertThat(admin.put(path, now.toString()).expect(200).at("metadata", "labels", "updated")).isEqualTo("yes");
        String condition = "{\"type\":\"StatusPatch\",\"status\":\"True\",\"reason\":\"E2E\",\"message\":\"patched\"}";
        assertThat(admin.patch(path + "/status", MERGE, "{\"status\":{\"conditions\":[" + condition + "]}}").expect(200).text()).contains("StatusPatch");
        ObjectNode stated = admin.get(path + "/status").expect(200).json();
        assertThat(admin.put(path + "/status", stated.toString().replace("StatusPatch", "StatusUpdate")).expect(200).text()).contains("StatusUpdate");
        // Its finalizers are written at a place of their own.
        ObjectNode held = admin.get(path).expect(200).json();
        held.withObject("/spec").withArray("/finalizers").add("e2e.example.com/finalizer");
        assertThat(admin.put(path + "/finalize", held.toString()).expect(200).json().path("spec").path("finalizers").toString()).contains("e2e.example.com/finalizer");
        admin.delete(path).expect(200);
        assertThat(admin.get(path).expect(200).at("status", "phase")).isEqualTo("Terminating");
        ObjectNode ending = admin.get(path).expect(200).json();
        ending.withObject("/spec").putArray("finalizers");
        admin.put(path + "/finalize", ending.toString()).expect(200);
        await().untilAsserted(() -> admin.get(path).expect(404));
    }

    // What people keep.

    @Test
    void keysAreNotEmpty() {
        assertThat(admin.post(configMaps("default"), "{\"metadata\":{\"name\":\"nokey\"},\"data\":{\"\":\"v\"}}").expect(422).at("message")).contains("data[]: Invalid value: \"\"");
        assertThat(admin.post("/api/v1/namespaces/default/secrets", "{\"metadata\":{\"name\":\"nokey\"},\"data\":{\"\":\"dg==\"}}").expect(422).at("message")).contains("data[]: Invalid value: \"\"");
    }

    @Test
    void whatIsImmutableStaysUntilItIsDeleted() {
        String base = fresh("frozen");
        for (String kind : List.of("configmaps", "secrets")) {
            String path = base + "/" + kind;
            admin.post(path, "{\"metadata\":{\"name\":\"ice\"},\"data\":{\"a\":\"dg==\"}}").expect(201);
            assertThat(admin.patch(path + "/ice", MERGE, "{\"data\":{\"a\":\"dw==\"}}").expect(200).at("data", "a")).isEqualTo("dw==");
            admin.patch(path + "/ice", MERGE, "{\"immutable\":true}").expect(200);
            assertThat(admin.patch(path + "/ice", MERGE, "{\"data\":{\"a\":\"dg==\"}}").expect(422).at("message")).contains("field is immutable when `immutable` is set");
            assertThat(admin.patch(path + "/ice", MERGE, "{\"immutable\":false}").expect(422).at("message")).contains("immutable");
            admin.patch(path + "/ice", MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200);
            admin.delete(path + "/ice").expect(200);
            admin.post(path, "{\"metadata\":{\"name\":\"ice\"}}").expect(201);
        }
    }

    // Services.

    private JsonNode service(String services, String name, String spec) {
        return admin.post(services, "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":" + spec + "}").expect(201).json().path("spec");
    }

    @Test
    void aServiceChangesFromAndToANameOutside() {
        String services = fresh("changing-services") + "/services";
        String named = "{\"type\":\"ExternalName\",\"externalName\":\"foo.example.com\"}";
        service(services, "a", named);
        JsonNode spec = admin.patch(services + "/a", MERGE, "{\"spec\":{\"type\":\"ClusterIP\",\"externalName\":null,\"ports\":[{\"port\":80,\"name\":\"http\"}]}}").expect(200).json().path("spec");
        assertThat(spec.path("clusterIP").asString("")).matches("\\d+\\.\\d+\\.\\d+\\.\\d+");
        spec = admin.patch(services + "/a", MERGE, "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"bar.example.com\"}}").expect(200).json().path("spec");
        assertThat(spec.path("clusterIP").asString("")).isEmpty();
        spec = admin.patch(services + "/a", MERGE, "{\"spec\":{\"type\":\"NodePort\",\"externalName\":null,\"ports\":[{\"port\":80,\"name\":\"http\"}]}}").expect(200).json().path("spec");
        assertThat(spec.path("ports").path(0).path("nodePort").asInt()).isBetween(30_000, 32_767);
        spec = admin.patch(services + "/a", MERGE, "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"bar.example.com\"}}").expect(200).json().path("spec");
        assertThat(spec.path("ports").path(0).has("nodePort")).isFalse();
        assertThat(spec.path("clusterIP").asString("")).isEmpty();
    }

    /// Where nodes lead pods to: the service's own address.
    @Test
    void theServiceOfTheApiServerHasEndpoints() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("pointed")).expect(201);
        for (String tenant : new String[] {"", "/tenants/pointed"}) {
            var endpoints = admin.get(tenant + "/api/v1/namespaces/default/endpoints/kubernetes").expect(200).json();
            assertThat(endpoints.path("subsets").size()).isEqualTo(1);
            assertThat(endpoints.path("subsets").path(0).path("addresses").toString()).isEqualTo("[{\"ip\":\"10.96.0.1\"}]");
            assertThat(endpoints.path("subsets").path(0).path("ports").toString()).isEqualTo("[{\"name\":\"https\",\"protocol\":\"TCP\",\"port\":443}]");
            var slices = admin.get(tenant + "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Dkubernetes").expect(200).json().path("items");
            assertThat(slices.size()).isEqualTo(1);
            assertThat(slices.path(0).path("endpoints").path(0).path("addresses").toString()).isEqualTo("[\"10.96.0.1\"]");
            assertThat(slices.path(0).path("ports").toString()).isEqualTo("[{\"name\":\"https\",\"protocol\":\"TCP\",\"port\":443}]");
        }
    }

    @Test
    void theServiceOfTheMasterIsFoundAmongAll() {
        JsonNode kubernetes = admin.get("/api/v1/namespaces/default/services/kubernetes").expect(200).json();
        assertThat(kubernetes.path("spec").path("ports").path(0).path("port").asInt()).isEqualTo(443);
        assertThat(ObjectsTest.names(admin.get("/api/v1/services").expect(200).json())).contains("kubernetes");
    }

    @Test
    void theStatusOfAServiceLives() throws Exception {
        String services = fresh("stated-services") + "/services";
        service(services, "lb", "{\"type\":\"LoadBalancer\",\"ports\":[{\"port\":80}]}");
        try (var watch = admin.watch(services + "?watch=true&resourceVersion=" + admin.get(services).at("metadata", "resourceVersion"))) {
            assertThat(admin.patch(services + "/lb/status", MERGE, "{\"metadata\":{\"annotations\":{\"patchedstatus\":\"true\"}},\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.1\"}]}}}").expect(200).text()).contains("203.0.113.1");
            ObjectNode now = admin.get(services + "/lb/status").expect(200).json();
            now.withObject("/status").putArray("conditions").addObject().put("type", "StatusUpdate").put("status", "True").put("reason", "E2E").put("message", "set").put("lastTransitionTime", "2026-01-02T03:04:05Z");
            assertThat(admin.put(services + "/lb/status", now.toString()).expect(200).text()).contains("StatusUpdate");
            admin.patch(services + "/lb", MERGE, "{\"metadata\":{\"labels\":{\"patched\":\"yes\"}}}").expect(200);
            admin.delete(services + "/lb").expect(200);
            assertThat(List.of(watch.nextText(), watch.nextText(), watch.nextText(), watch.nextText())).containsExactly("MODIFIED lb", "MODIFIED lb", "MODIFIED lb", "DELETED lb");
        }
    }

    // Quotas.

    private void awaitUsed(String quota, String resource, String used) {
        await().untilAsserted(() -> assertThat(admin.get(quota).json().path("status").path("used").path(resource).asString("")).isEqualTo(used));
    }

    @Test
    void aQuotaFollowsTheLifeOfAPod() {
        String base = fresh("quota-pods");
        admin.post(base + "/resourcequotas", "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":{\"pods\":\"1\",\"requests.cpu\":\"1\",\"requests.memory\":\"500Mi\"}}}").expect(201);
        awaitUsed(base + "/resourcequotas/q", "pods", "0");
        String pod = Cluster.pod("NAME").replace("\"image\":\"busybox:1\"", "\"image\":\"busybox:1\",\"resources\":{\"requests\":{\"cpu\":\"CPU\",\"memory\":\"252Mi\"}}");
        admin.post(base + "/pods", pod.replace("NAME", "a").replace("CPU", "500m")).expect(201);
        awaitUsed(base + "/resourcequotas/q", "pods", "1");
        assertThat(admin.post(base + "/pods", pod.replace("NAME", "b").replace("CPU", "600m")).expect(403).at("message")).contains("exceeded quota: q");
        assertThat(admin.patch(base + "/pods/a", MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200).at("metadata", "labels", "a")).isEqualTo("b");
        awaitUsed(base + "/resourcequotas/q", "pods", "1");
        admin.delete(base + "/pods/a").expect(200);
        awaitUsed(base + "/resourcequotas/q", "pods", "0");
        awaitUsed(base + "/resourcequotas/q", "requests.cpu", "0");
    }

    @Test
    void aQuotaFollowsServicesAndControllers() {
        String base = fresh("quota-more");
        admin.post(base + "/resourcequotas", "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":{\"services\":\"10\",\"services.nodeports\":\"1\",\"services.loadbalancers\":\"0\",\"replicationcontrollers\":\"1\"}}}").expect(201);
        service(base + "/services", "plain", "{\"ports\":[{\"port\":80}]}");
        service(base + "/services", "port", "{\"type\":\"NodePort\",\"ports\":[{\"port\":80}]}");
        awaitUsed(base + "/resourcequotas/q", "services", "2");
        awaitUsed(base + "/resourcequotas/q", "services.nodeports", "1");
        assertThat(admin.post(base + "/services", "{\"metadata\":{\"name\":\"lb\"},\"spec\":{\"type\":\"LoadBalancer\",\"ports\":[{\"port\":80}]}}").expect(403).at("message")).contains("exceeded quota: q");
        String controller = "{\"metadata\":{\"name\":\"rc\"},\"spec\":{\"replicas\":0,\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"busybox:1\"}]}}}}";
        admin.post(base + "/replicationcontrollers", controller).expect(201);
        awaitUsed(base + "/resourcequotas/q", "replicationcontrollers", "1");
        admin.post(base + "/replicationcontrollers", controller.replace("\"rc\"", "\"rc2\"")).expect(403);
        admin.delete(base + "/replicationcontrollers/rc?propagationPolicy=Background").expect(200);
        admin.delete(base + "/services/plain").expect(200);
        admin.delete(base + "/services/port").expect(200);
        for (String resource : List.of("services", "services.nodeports", "replicationcontrollers")) {
            awaitUsed(base + "/resourcequotas/q", resource, "0");
        }
    }

    @Test
    void aQuotaIsUpdatedStatedAndDeleted() {
        String quotas = fresh("quota-life") + "/resourcequotas";
        admin.post(quotas, "{\"metadata\":{\"name\":\"q\",\"labels\":{\"set\":\"quotas\"}},\"spec\":{\"hard\":{\"cpu\":\"1\",\"memory\":\"500Mi\"}}}").expect(201);
        await().untilAsserted(() -> assertThat(admin.get(quotas + "/q").json().path("status").path("hard").path("cpu").asString("")).isEqualTo("1"));
        assertThat(admin.patch(quotas + "/q", MERGE, "{\"spec\":{\"hard\":{\"cpu\":\"2\",\"memory\":\"1Gi\"}}}").expect(200).at("spec", "hard", "memory")).isEqualTo("1Gi");
        await().untilAsserted(() -> assertThat(admin.get(quotas + "/q").json().path("status").path("hard").path("cpu").asString("")).isEqualTo("2"));
        assertThat(admin.patch(quotas + "/q/status", MERGE, "{\"metadata\":{\"annotations\":{\"status\":\"patched\"}}}").expect(200).at("metadata", "annotations", "status")).isEqualTo("patched");
        assertThat(ObjectsTest.names(admin.get("/api/v1/resourcequotas?labelSelector=set%3Dquotas").expect(200).json())).containsExactly("q");
        admin.delete(quotas + "?labelSelector=set%3Dquotas").expect(200);
        admin.get(quotas + "/q").expect(404);
    }

    // Pods.

    @Test
    void thePodsQualityOfServiceIsTold() {
        String pods = fresh("quality") + "/pods";
        String asked = "\"resources\":{\"requests\":{\"cpu\":\"100m\",\"memory\":\"100Mi\"},\"limits\":{\"cpu\":\"100m\",\"memory\":\"100Mi\"}}";
        admin.post(pods, Cluster.pod("p").replace("\"image\":\"busybox:1\"", "\"image\":\"busybox:1\"," + asked)).expect(201);
        assertThat(admin.get(pods + "/p").at("status", "qosClass")).isEqualTo("Guaranteed");
    }

    @Test
    void theStatusOfAPodIsPatched() {
        String pods = fresh("patched-pods") + "/pods";
        admin.post(pods, Cluster.pod("p")).expect(201);
        assertThat(admin.patch(pods + "/p/status", "application/strategic-merge-patch+json", "{\"status\":{\"message\":\"Patched by a test\",\"reason\":\"E2E\"}}").expect(200).at("status", "message")).isEqualTo("Patched by a test");
        assertThat(admin.get(pods + "/p").at("status", "reason")).isEqualTo("E2E");
    }

    private long generation(String pod) {
        return admin.get(pod).expect(200).json().path("metadata").path("generation").asLong();
    }

    @Test
    void theGenerationOfAPodCountsChangesOfItsSpec() {
        String pods = fresh("generations") + "/pods";
        admin.post(pods, Cluster.pod("p").replace("\"name\":\"p\"", "\"name\":\"p\",\"generation\":100")).expect(201);
        assertThat(generation(pods + "/p")).as("what the client says of it does not count").isEqualTo(1);
        admin.patch(pods + "/p", MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200);
        assertThat(generation(pods + "/p")).isEqualTo(1);
        admin.patch(pods + "/p", MERGE, "{\"spec\":{\"tolerations\":[{\"key\":\"a\",\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":5}]}}").expect(200);
        assertThat(generation(pods + "/p")).isEqualTo(2);
        admin.patch(pods + "/p", "application/strategic-merge-patch+json", "{\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"busybox:2\"}]}}").expect(200);
        assertThat(generation(pods + "/p")).isEqualTo(3);
        admin.post(pods + "/p/binding", "{\"apiVersion\":\"v1\",\"kind\":\"Binding\",\"metadata\":{\"name\":\"p\"},\"target\":{\"kind\":\"Node\",\"name\":\"n\"}}").expect(201);
        long bound = generation(pods + "/p");
        admin.delete(pods + "/p?gracePeriodSeconds=30").expect(200);
        assertThat(generation(pods + "/p")).as("the time it is given to end is part of what is wanted").isEqualTo(bound + 1);
    }

    // Watches.

    @Test
    void watchersSeeTheSameOrder() throws Exception {
        String maps = fresh("ordered") + "/configmaps";
        String start = admin.get(maps).at("metadata", "resourceVersion");
        List<Thread> writers = new ArrayList<>();
        for (int writer = 0; writer < 4; writer++) {
            String name = "m" + writer;
            writers.add(Thread.startVirtualThread(() -> {
                for (int i = 0; i < 5; i++) {
                    admin.post(maps, configMap(name, "1")).expect(201);
                    admin.put(maps + "/" + name, configMap(name, String.valueOf(i + 2))).expect(200);
                    admin.delete(maps + "/" + name).expect(200);
                }
            }));
        }
        for (Thread writer : writers) {
            writer.join();
        }
        Set<List<String>> seen = new java.util.HashSet<>();
        for (int watcher = 0; watcher < 5; watcher++) {
            List<String> revisions = new ArrayList<>();
            try (var watch = admin.watch(maps + "?watch=true&resourceVersion=" + start)) {
                while (revisions.size() < 60) {
                    ObjectNode event = watch.next();
                    if (Json.string(event, "object", "metadata", "name").startsWith("m")) {
                        revisions.add(Json.string(event, "object", "metadata", "resourceVersion"));
                    }
                }
            }
            seen.add(revisions);
        }
        assertThat(seen).hasSize(1);
        assertThat(seen.iterator().next()).hasSize(60).isSorted();
    }
}
