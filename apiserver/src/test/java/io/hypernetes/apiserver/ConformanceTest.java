package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Behaviours of upstream's conformance suite that the API server alone shows, by meaning; `docs/conformance.md` says which is which.
class ConformanceTest extends ClusterTest {
    private static final String MERGE = "application/merge-patch+json";

    private String fresh(String name) {
        namespace(admin, name);
        return "/api/v1/namespaces/" + name;
    }

    private static List<String> names(Cluster.Reply list) {
        return ObjectsTest.names(list.expect(200).json());
    }

    /// What a life of an object through the API comes to for every kind: made, read, listed, watched, patched, replaced, deleted, and
    /// deleted together with others. `change` is a merge patch, after which `probe` reads `expected`.
    private void lives(String path, String kind, String rest, String change, String[] probe, String expected) throws Exception {
        String labelled = path + "?labelSelector=life%3D" + kind.toLowerCase(java.util.Locale.ROOT);
        String made = "{\"kind\":\"" + kind + "\",\"metadata\":{\"name\":\"NAME\",\"labels\":{\"life\":\"" + kind.toLowerCase(java.util.Locale.ROOT) + "\"}}" + rest + "}";
        String start = admin.get(labelled).expect(200).at("metadata", "resourceVersion");
        for (String name : List.of("one", "two", "three")) {
            admin.post(path, made.replace("NAME", name)).expect(201);
        }
        assertThat(admin.post(path, made.replace("NAME", "one")).expect(409).at("reason")).isEqualTo("AlreadyExists");
        assertThat(names(admin.get(labelled))).containsExactlyInAnyOrder("one", "two", "three");
        assertThat(admin.patch(path + "/one", MERGE, change).expect(200).at(probe)).isEqualTo(expected);
        var now = admin.get(path + "/one").expect(200).json();
        assertThat(Json.string(now, probe)).isEqualTo(expected);
        now.withObject("/metadata").withObject("/annotations").put("updated", "yes");
        assertThat(admin.put(path + "/one", now.toString()).expect(200).at("metadata", "annotations", "updated")).isEqualTo("yes");
        now.withObject("/metadata").withObject("/annotations").put("updated", "late");
        assertThat(admin.put(path + "/one", now.toString()).expect(409).at("reason")).isEqualTo("Conflict");
        admin.delete(path + "/one").expect(200);
        admin.get(path + "/one").expect(404);
        admin.delete(labelled).expect(200);
        assertThat(names(admin.get(labelled))).isEmpty();
        try (var watch = admin.watch(labelled + "&watch=true&resourceVersion=" + start)) {
            for (String event : List.of("ADDED one", "ADDED two", "ADDED three", "MODIFIED one", "MODIFIED one", "DELETED one")) {
                assertThat(watch.nextText()).isEqualTo(event);
            }
            assertThat(List.of(watch.nextText(), watch.nextText())).containsExactlyInAnyOrder("DELETED two", "DELETED three");
        }
    }

    @Test
    void watchingGoesOnFromTheLastRevisionSeen() throws Exception {
        String maps = fresh("resume") + "/configmaps";
        String last;
        try (var watch = admin.watch(maps + "?watch=true&labelSelector=w")) {
            admin.post(maps, labelled("a", "1")).expect(201);
            admin.put(maps + "/a", labelled("a", "2")).expect(200);
            assertThat(watch.nextText()).isEqualTo("ADDED a");
            last = Json.string(watch.next(), "object", "metadata", "resourceVersion");
        }
        admin.put(maps + "/a", labelled("a", "3")).expect(200);
        admin.delete(maps + "/a").expect(200);
        try (var watch = admin.watch(maps + "?watch=true&labelSelector=w&resourceVersion=" + last)) {
            var modified = watch.next();
            assertThat(Json.string(modified, "type")).isEqualTo("MODIFIED");
            assertThat(Json.string(modified, "object", "data", "k")).isEqualTo("3");
            assertThat(watch.nextText()).isEqualTo("DELETED a");
        }
    }

    @Test
    void watchingBeginsBehindTheRevisionThatIsNamed() throws Exception {
        String maps = fresh("specific") + "/configmaps";
        admin.post(maps, labelled("a", "1")).expect(201);
        String second = admin.put(maps + "/a", labelled("a", "2")).expect(200).at("metadata", "resourceVersion");
        admin.put(maps + "/a", labelled("a", "3")).expect(200);
        admin.delete(maps + "/a").expect(200);
        try (var watch = admin.watch(maps + "?watch=true&labelSelector=w&resourceVersion=" + second)) {
            assertThat(Json.string(watch.next(), "object", "data", "k")).isEqualTo("3");
            assertThat(watch.nextText()).isEqualTo("DELETED a");
        }
    }

    private static String labelled(String name, String value) {
        return configMap(name, value).replace("\"name\":\"" + name + "\"", "\"name\":\"" + name + "\",\"labels\":{\"w\":\"1\"}");
    }

    @Test
    void listsComeInChunks() {
        String templates = fresh("chunks") + "/podtemplates";
        for (int i = 0; i < 40; i++) {
            admin.post(templates, template("t-%03d".formatted(i), "")).expect(201);
        }
        var seen = new ArrayList<String>();
        String token = "";
        String revision = "";
        do {
            var page = admin.get(templates + "?limit=17" + (token.isEmpty() ? "" : "&continue=" + token)).expect(200);
            List<String> names = names(page);
            seen.addAll(names);
            assertThat(names).hasSizeLessThanOrEqualTo(17);
            revision = revision.isEmpty() ? page.at("metadata", "resourceVersion") : revision;
            assertThat(page.at("metadata", "resourceVersion")).isEqualTo(revision);
            JsonNode more = page.json().path("metadata");
            token = more.path("continue").asString("");
            assertThat(token.isEmpty() ? 0 : more.path("remainingItemCount").asInt()).isEqualTo(40 - seen.size());
        } while (!token.isEmpty());
        assertThat(seen).hasSize(40).doesNotHaveDuplicates().isSorted();
        assertThat(names(admin.get(templates))).isEqualTo(seen);
    }

    private static String template(String name, String label) {
        return "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"set\":\"%s\"}},\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"busybox:1\"}]}}}"
                .formatted(name, label);
    }

    @Test
    void podTemplatesLive() throws Exception {
        lives(fresh("templates") + "/podtemplates", "PodTemplate", ",\"template\":{\"metadata\":{\"labels\":{\"a\":\"1\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"busybox:1\"}]}}",
                "{\"template\":{\"metadata\":{\"labels\":{\"a\":\"2\"}}}}", new String[] {"template", "metadata", "labels", "a"}, "2");
    }

    @Test
    void aCollectionOfPodTemplatesIsDeleted() {
        String templates = fresh("template-sets") + "/podtemplates";
        for (String name : List.of("a", "b", "c")) {
            admin.post(templates, template(name, "yes")).expect(201);
        }
        admin.post(templates, template("other", "no")).expect(201);
        admin.delete(templates + "?labelSelector=set%3Dyes").expect(200);
        assertThat(names(admin.get(templates))).containsExactly("other");
    }

    @Test
    void aConfigMapIsReplaced() {
        String maps = fresh("replaced") + "/configmaps";
        var made = admin.post(maps, configMap("a", "1")).expect(201).json();
        made.withObject("/data").put("k", "2").put("more", "3");
        admin.put(maps + "/a", made.toString()).expect(200);
        assertThat(admin.get(maps + "/a").json().path("data").toString()).isEqualTo("{\"k\":\"2\",\"more\":\"3\"}");
    }

    @Test
    void aCollectionOfPodsIsDeleted() {
        String pods = fresh("pod-sets") + "/pods";
        for (String name : List.of("a", "b", "c")) {
            admin.post(pods, Cluster.pod(name).replace("\"name\":\"" + name + "\"", "\"name\":\"" + name + "\",\"labels\":{\"type\":\"testing\"}")).expect(201);
        }
        admin.post(pods, Cluster.pod("other")).expect(201);
        admin.delete(pods + "?labelSelector=type%3Dtesting").expect(200);
        assertThat(names(admin.get(pods))).containsExactly("other");
    }

    @Test
    void sysctlsOfNoSuchNameAreRefused() {
        String pods = fresh("sysctls") + "/pods";
        String refused = admin.post(pods, """
                {"metadata":{"name":"s"},"spec":{"containers":[{"name":"c","image":"busybox:1"}],"securityContext":{"sysctls":[
                 {"name":"foo-","value":"bar"},{"name":"kernel.shmmax","value":"100000000"},{"name":"safe-and-unsafe","value":"100000000"},{"name":"bar..","value":"42"}]}}}""")
                .expect(422).at("message");
        assertThat(refused)
                .contains("spec.securityContext.sysctls[0].name: Invalid value: \"foo-\"", "spec.securityContext.sysctls[3].name: Invalid value: \"bar..\"")
                .doesNotContain("safe-and-unsafe", "kernel.shmmax");
    }

    private void awaitUsed(String quota, String resource, String used) {
        await().untilAsserted(() -> assertThat(admin.get(quota).json().path("status").path("used").path(resource).asString("")).isEqualTo(used));
    }

    /// A quota on one kind: it is charged when one is made, refuses what is too many, and is given back.
    private void isCharged(String namespace, String path, String resource, int limit, String object) {
        String quotas = "/api/v1/namespaces/" + namespace + "/resourcequotas";
        int before = admin.get(path).expect(200).json().path("items").size();
        admin.post(quotas, "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":{\"" + resource + "\":\"" + (before + limit) + "\"}}}").expect(201);
        awaitUsed(quotas + "/q", resource, String.valueOf(before));
        for (int i = 0; i < limit; i++) {
            admin.post(path, object.replace("NAME", "n" + i)).expect(201);
        }
        awaitUsed(quotas + "/q", resource, String.valueOf(before + limit));
        assertThat(admin.post(path, object.replace("NAME", "over")).expect(403).at("message"))
                .contains("exceeded quota: q, requested: " + resource + "=1, used: " + resource + "=" + (before + limit) + ", limited: " + resource + "=" + (before + limit));
        for (int i = 0; i < limit; i++) {
            admin.delete(path + "/n" + i).expect(200);
        }
        awaitUsed(quotas + "/q", resource, String.valueOf(before));
    }

    @Test
    void aQuotaCountsConfigMaps() {
        isCharged("quota-maps", fresh("quota-maps") + "/configmaps", "configmaps", 1, configMap("NAME", "1"));
    }

    @Test
    void aQuotaCountsSecrets() {
        isCharged("quota-secrets", fresh("quota-secrets") + "/secrets", "secrets", 1, "{\"metadata\":{\"name\":\"NAME\"},\"stringData\":{\"a\":\"b\"}}");
    }

    @Test
    void aQuotaCountsReplicaSets() {
        fresh("quota-sets");
        isCharged("quota-sets", "/apis/apps/v1/namespaces/quota-sets/replicasets", "count/replicasets.apps", 1, """
                {"metadata":{"name":"NAME"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},
                 "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"busybox:1"}]}}}}""");
    }

    @Test
    void quotasWithTheBestEffortScopeCountTheirPodsOnly() {
        String base = fresh("effort");
        for (String scope : List.of("BestEffort", "NotBestEffort")) {
            admin.post(base + "/resourcequotas", "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"hard\":{\"pods\":\"5\"},\"scopes\":[\"%s\"]}}"
                    .formatted(scope.toLowerCase(java.util.Locale.ROOT), scope)).expect(201);
        }
        admin.post(base + "/pods", Cluster.pod("best")).expect(201);
        awaitUsed(base + "/resourcequotas/besteffort", "pods", "1");
        awaitUsed(base + "/resourcequotas/notbesteffort", "pods", "0");
        admin.delete(base + "/pods/best").expect(200);
        awaitUsed(base + "/resourcequotas/besteffort", "pods", "0");
        admin.post(base + "/pods", Cluster.pod("some").replace("\"image\":\"busybox:1\"", "\"image\":\"busybox:1\",\"resources\":{\"requests\":{\"cpu\":\"500m\",\"memory\":\"200Mi\"}}")).expect(201);
        awaitUsed(base + "/resourcequotas/notbesteffort", "pods", "1");
        awaitUsed(base + "/resourcequotas/besteffort", "pods", "0");
        admin.delete(base + "/pods/some").expect(200);
        awaitUsed(base + "/resourcequotas/notbesteffort", "pods", "0");
    }

    @Test
    void customResourcesAreSelectedByTheirFields() throws Exception {
        admin.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
                {"metadata":{"name":"shirts.conformance.example.com"},"spec":{"group":"conformance.example.com","scope":"Namespaced",
                 "names":{"plural":"shirts","singular":"shirt","kind":"Shirt"},"versions":[{"name":"v1","served":true,"storage":true,
                 "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"colour":{"type":"string"},"size":{"type":"string"}}}}}},
                 "selectableFields":[{"jsonPath":".spec.colour"},{"jsonPath":".spec.size"}]}]}}""").expect(201);
        fresh("shirts");
        String shirts = "/apis/conformance.example.com/v1/namespaces/shirts/shirts";
        await().untilAsserted(() -> admin.get(shirts).expect(200));
        String blue = shirts + "?fieldSelector=spec.colour%3Dblue";
        try (var watch = admin.watch(blue + "&watch=true")) {
            for (String[] each : new String[][] {{"a", "blue", "S"}, {"b", "blue", "M"}, {"c", "green", "M"}}) {
                admin.post(shirts, "{\"apiVersion\":\"conformance.example.com/v1\",\"kind\":\"Shirt\",\"metadata\":{\"name\":\"%s\"},\"spec\":{\"colour\":\"%s\",\"size\":\"%s\"}}"
                        .formatted((Object[]) each)).expect(201);
            }
            assertThat(names(admin.get(blue))).containsExactly("a", "b");
            assertThat(names(admin.get(blue + ",spec.size%3DM"))).containsExactly("b");
            assertThat(names(admin.get(shirts + "?fieldSelector=spec.colour!%3Dblue"))).containsExactly("c");
            admin.get(shirts + "?fieldSelector=spec.price%3D1").expect(400);
            admin.patch(shirts + "/b", MERGE, "{\"spec\":{\"colour\":\"red\"}}").expect(200);
            assertThat(watch.nextText()).isEqualTo("ADDED a");
            assertThat(watch.nextText()).isEqualTo("ADDED b");
            assertThat(watch.nextText()).isEqualTo("DELETED b");
        }
        admin.delete(blue).expect(200);
        assertThat(names(admin.get(shirts))).containsExactly("b", "c");
    }

    @Test
    void disruptionBudgetsAreListedEverywhereAndDeletedTogether() {
        for (String namespace : List.of("budgets-a", "budgets-b")) {
            fresh(namespace);
            for (String name : List.of("one", "two")) {
                admin.post("/apis/policy/v1/namespaces/" + namespace + "/poddisruptionbudgets",
                        "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"of\":\"listing\"}},\"spec\":{\"minAvailable\":1,\"selector\":{\"matchLabels\":{\"a\":\"b\"}}}}".formatted(name)).expect(201);
            }
        }
        String all = "/apis/policy/v1/poddisruptionbudgets?labelSelector=of%3Dlisting";
        assertThat(names(admin.get(all))).hasSize(4);
        admin.delete("/apis/policy/v1/namespaces/budgets-a/poddisruptionbudgets?labelSelector=of%3Dlisting").expect(200);
        assertThat(names(admin.get(all))).hasSize(2);
    }

    @Test
    void priorityClassesLive() throws Exception {
        String classes = "/apis/scheduling.k8s.io/v1/priorityclasses";
        lives(classes, "PriorityClass", ",\"value\":5", "{\"description\":\"patched\"}", new String[] {"description"}, "patched");
        admin.post(classes, "{\"metadata\":{\"name\":\"four\"},\"value\":4}").expect(201);
        assertThat(admin.patch(classes + "/four", MERGE, "{\"value\":7}").expect(422).at("message")).contains("value");
    }

    @Test
    void deviceClassesLive() throws Exception {
        lives("/apis/resource.k8s.io/v1/deviceclasses", "DeviceClass", ",\"spec\":{\"selectors\":[{\"cel\":{\"expression\":\"device.driver == 'a'\"}}]}",
                "{\"spec\":{\"extendedResourceName\":\"example.com/gpu\"}}", new String[] {"spec", "extendedResourceName"}, "example.com/gpu");
    }

    @Test
    void eventsLive() throws Exception {
        fresh("events");
        lives("/apis/events.k8s.io/v1/namespaces/events/events", "Event", """
                ,"regarding":{"kind":"Pod","name":"p","namespace":"events"},"eventTime":"2026-01-02T03:04:05.000006Z","reportingController":"test.example.com/c",
                 "reportingInstance":"c-1","action":"Do","reason":"Test","type":"Normal","note":"first\"""",
                "{\"series\":{\"count\":2,\"lastObservedTime\":\"2026-01-02T03:04:06.000006Z\"}}", new String[] {"series", "lastObservedTime"}, "2026-01-02T03:04:06.000006Z");
    }

    @Test
    void aCollectionOfServicesIsDeleted() {
        String services = fresh("services") + "/services";
        for (String name : List.of("a", "b", "c")) {
            admin.post(services, "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"set\":\"%s\"}},\"spec\":{\"ports\":[{\"port\":80}]}}".formatted(name, name.equals("c") ? "no" : "yes")).expect(201);
        }
        admin.delete(services + "?labelSelector=set%3Dyes").expect(200);
        assertThat(names(admin.get(services))).containsExactly("c");
    }

    @Test
    void addressesLive() {
        String addresses = "/apis/networking.k8s.io/v1/ipaddresses";
        String made = "{\"metadata\":{\"name\":\"192.168.1.%d\",\"labels\":{\"ip\":\"conformance\"}},\"spec\":{\"parentRef\":{\"group\":\"\",\"resource\":\"services\",\"name\":\"foo\",\"namespace\":\"bar\"}}}";
        for (int i = 1; i <= 2; i++) {
            admin.post(addresses, made.formatted(i)).expect(201);
        }
        assertThat(names(admin.get(addresses + "?labelSelector=ip%3Dconformance"))).containsExactly("192.168.1.1", "192.168.1.2");
        assertThat(admin.patch(addresses + "/192.168.1.1", MERGE, "{\"metadata\":{\"annotations\":{\"patched\":\"true\"}}}").expect(200).at("metadata", "annotations", "patched")).isEqualTo("true");
        admin.patch(addresses + "/192.168.1.1", MERGE, "{\"spec\":{\"parentRef\":{\"name\":\"other\"}}}").expect(422);
        admin.post(addresses, made.formatted(300)).expect(422);
        admin.delete(addresses + "/192.168.1.1").expect(200);
        admin.delete(addresses + "?labelSelector=ip%3Dconformance").expect(200);
        assertThat(names(admin.get(addresses + "?labelSelector=ip%3Dconformance"))).isEmpty();
    }

    @Test
    void endpointSlicesLive() throws Exception {
        fresh("slices");
        lives("/apis/discovery.k8s.io/v1/namespaces/slices/endpointslices", "EndpointSlice",
                ",\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"1.2.3.4\"]}],\"ports\":[{\"name\":\"web\",\"port\":80,\"protocol\":\"TCP\"}]",
                "{\"endpoints\":[{\"addresses\":[\"1.2.3.5\"],\"hostname\":\"h\"}]}", new String[] {"metadata", "name"}, "one");
        assertThat(admin.post("/apis/discovery.k8s.io/v1/namespaces/slices/endpointslices", "{\"metadata\":{\"name\":\"bad\"},\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"fe::1\"]}]}")
                .expect(422).at("message")).contains("endpoints[0].addresses[0]");
    }

    @Test
    void theStatusOfAVolumeAttachmentIsWritten() {
        String attachments = "/apis/storage.k8s.io/v1/volumeattachments";
        var made = admin.post(attachments, "{\"metadata\":{\"name\":\"va\"},\"spec\":{\"attacher\":\"example.com\",\"nodeName\":\"n\",\"source\":{\"persistentVolumeName\":\"pv\"}}}").expect(201).json();
        assertThat(admin.patch(attachments + "/va/status", MERGE, "{\"metadata\":{\"annotations\":{\"status\":\"patched\"}},\"status\":{\"attached\":true}}").expect(200)
                .json().path("status").path("attached").asBoolean()).isTrue();
        var now = admin.get(attachments + "/va/status").expect(200).json();
        now.withObject("/status").put("attached", false);
        assertThat(admin.put(attachments + "/va/status", now.toString()).expect(200).json().path("status").path("attached").asBoolean()).isFalse();
        // What is not of the status is written with the object, and its status is not.
        admin.patch(attachments + "/va", MERGE, "{\"status\":{\"attached\":true}}").expect(200);
        var last = admin.get(attachments + "/va").expect(200).json();
        assertThat(last.path("status").path("attached").asBoolean()).isFalse();
        assertThat(last.path("metadata").path("uid")).isEqualTo(made.path("metadata").path("uid"));
        assertThat(names(admin.get(attachments))).contains("va");
        admin.delete(attachments + "/va").expect(200);
    }
}
