package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class CustomResourcesTest extends ClusterTest {
    private static final String DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static String definition(String group, String plural, String kind, String versions) {
        return """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"%2$s.%1$s"},
                 "spec":{"group":"%1$s","scope":"Namespaced","names":{"plural":"%2$s","kind":"%3$s","shortNames":["s%2$s"],"categories":["all"]},
                 "versions":[%4$s]}}"""
                .formatted(group, plural, kind, versions);
    }

    private static String version(String name, boolean storage, String more) {
        return """
                {"name":"%s","served":true,"storage":%s,"schema":{"openAPIV3Schema":{"type":"object","properties":{
                 "spec":{"type":"object","required":["size"],"properties":{
                   "size":{"type":"integer","minimum":1,"maximum":10},
                   "image":{"type":"string","default":"busybox","pattern":"^[a-z]+$"},
                   "mode":{"type":"string","enum":["fast","slow"]},
                   "tags":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"},
                   "parts":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
                     "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"weight":{"type":"integer","default":1}}}},
                   "open":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
                   "port":{"x-kubernetes-int-or-string":true}},
                  "x-kubernetes-validations":[
                   {"rule":"self.size <= 5 || self.mode == 'slow'","messageExpression":"'size %%d needs mode slow'.format([self.size])"},
                   {"rule":"self.image == oldSelf.image","message":"image is immutable","reason":"FieldValueForbidden","fieldPath":".image"}]},
                 "status":{"type":"object","properties":{"replicas":{"type":"integer"},"selector":{"type":"string"}}}}}}%s}"""
                .formatted(name, storage, more);
    }

    private static final String PARTS =
            """
            ,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"}},
            "additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size"},{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}],
            "selectableFields":[{"jsonPath":".spec.mode"}]""";

    private void define(Cluster.Client client, String group, String plural, String kind) {
        client.post(DEFINITIONS, definition(group, plural, kind, version("v1", true, PARTS))).expect(201);
    }

    private static String object(String group, String kind, String name, String spec) {
        return "{\"apiVersion\":\"%s/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"},\"spec\":%s}".formatted(group, kind, name, spec);
    }

    private static String things(String group, String plural) {
        return "/apis/" + group + "/v1/namespaces/default/" + plural;
    }

    @Test
    void aDefinedKindIsServedDiscoveredAndExplainedAtOnce() {
        var made = admin.post(DEFINITIONS, definition("a.example.com", "widgets", "Widget", version("v1", true, PARTS))).expect(201);
        assertThat(made.text()).contains("\"type\":\"Established\"").contains("\"storedVersions\":[\"v1\"]");
        var all = "/apis/a.example.com/v1/namespaces/default/widgets";
        var created = admin.post(all, object("a.example.com", "Widget", "one", "{\"size\":2,\"nonsense\":1,\"open\":{\"any\":1}}")).expect(201);
        assertThat(created.json().path("spec")).isEqualTo(Json.readObject("{\"size\":2,\"open\":{\"any\":1},\"image\":\"busybox\"}"));
        assertThat(created.http().headers().firstValue("Warning")).hasValue("299 - \"unknown field \\\"spec.nonsense\\\"\"");
        assertThat(Json.number(created.json(), 0, "metadata", "generation")).isEqualTo(1);
        assertThat(admin.get("/apis/a.example.com/v1").expect(200).text()).contains("widgets/scale").contains("swidgets");
        assertThat(admin.get("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList").expect(200).text())
                .contains("a.example.com");
        assertThat(admin.get("/openapi/v3").expect(200).text()).contains("apis/a.example.com/v1");
        assertThat(admin.get("/openapi/v3/apis/a.example.com/v1").expect(200).text())
                .contains("com.example.a.v1.Widget").contains("x-kubernetes-group-version-kind");
        // kubectl apply sends the type that stands here, and custom objects take no strategic merge patch.
        assertThat(admin.get("/openapi/v3/apis/a.example.com/v1").expect(200).text())
                .contains("application/merge-patch+json").doesNotContain("application/strategic-merge-patch+json");
        var table = admin.get(all, "application/json;as=Table;v=v1;g=meta.k8s.io").expect(200).json();
        assertThat(table.path("columnDefinitions").path(1).path("name").asString("")).isEqualTo("Size");
        assertThat(table.path("rows").path(0).path("cells").path(1).asInt()).isEqualTo(2);
    }

    @Test
    void aWatchEndsWithItsDefinition() throws Exception {
        define(admin, "ends.example.com", "widgets", "Widget");
        var all = things("ends.example.com", "widgets");
        try (var watch = admin.watch(all + "?watch=1")) {
            admin.post(all, object("ends.example.com", "Widget", "one", "{\"size\":2}")).expect(201);
            assertThat(watch.nextText()).isEqualTo("ADDED one");
            admin.delete(DEFINITIONS + "/widgets.ends.example.com").expect(200);
            assertThat(watch.nextText()).isEqualTo("DELETED one");
            watch.awaitEnd();
        }
    }

    /// As upstream's: what watches hold of a definition is one form of it, the present one.
    @Test
    void aWatchEndsWhenItsDefinitionChanges() throws Exception {
        var definition = DEFINITIONS + "/widgets.versions.example.com";
        admin.post(DEFINITIONS, definition("versions.example.com", "widgets", "Widget", version("v1", true, PARTS) + "," + version("v1beta1", false, PARTS))).expect(201);
        try (var watch = admin.watch("/apis/versions.example.com/v1beta1/widgets?watch=1"); var other = admin.watch(things("versions.example.com", "widgets") + "?watch=1")) {
            admin.patch(definition, "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200);
            admin.post(things("versions.example.com", "widgets"), object("versions.example.com", "Widget", "one", "{\"size\":2}")).expect(201);
            assertThat(watch.nextText()).isEqualTo("ADDED one");
            assertThat(other.nextText()).isEqualTo("ADDED one");
            admin.patch(definition, "application/json-patch+json", "[{\"op\":\"replace\",\"path\":\"/spec/versions/1/served\",\"value\":false}]").expect(200);
            watch.awaitEnd();
            other.awaitEnd();
        }
    }

    @Test
    void objectsAreValidatedByTheSchemaAndItsRules() {
        define(admin, "b.example.com", "widgets", "Widget");
        var all = things("b.example.com", "widgets");
        assertThat(admin.post(all, object("b.example.com", "Widget", "bad", "{\"size\":11,\"image\":\"B\",\"mode\":\"x\",\"tags\":[\"a\",\"a\"]}"))
                        .expect(422).at("message"))
                .contains("spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10")
                .contains("spec.image: Invalid value: \"B\": spec.image in body should match '^[a-z]+$'")
                .contains("spec.mode: Unsupported value: \"x\": supported values: \"fast\", \"slow\"")
                .contains("spec.tags[1]: Duplicate value: \"a\"");
        assertThat(admin.post(all, object("b.example.com", "Widget", "bad", "{}")).expect(422).at("message"))
                .contains("spec.size: Required value");
        assertThat(admin.post(all, object("b.example.com", "Widget", "bad", "{\"size\":\"2\"}")).expect(422).at("message"))
                .contains("spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"");
        assertThat(admin.post(all, object("b.example.com", "Widget", "bad", "{\"size\":7,\"mode\":\"fast\"}")).expect(422).at("message"))
                .contains("spec: Invalid value: size 7 needs mode slow");
        admin.post(all, object("b.example.com", "Widget", "ok", "{\"size\":7,\"mode\":\"slow\",\"port\":\"http\"}")).expect(201);
        var changed = admin.patch(all + "/ok", "application/merge-patch+json", "{\"spec\":{\"image\":\"other\"}}").expect(422);
        assertThat(changed.at("message")).contains("spec.image: Forbidden: image is immutable");
        assertThat(admin.patch(all + "/ok", "application/strategic-merge-patch+json", "{}").expect(415).text()).contains("merge-patch");
    }

    @Test
    void statusAndScaleAreWrittenApart() {
        define(admin, "c.example.com", "widgets", "Widget");
        var all = things("c.example.com", "widgets");
        admin.post(all, object("c.example.com", "Widget", "one", "{\"size\":2}")).expect(201);
        var status = admin.patch(all + "/one/status", "application/merge-patch+json",
                "{\"spec\":{\"size\":3},\"status\":{\"replicas\":2,\"selector\":\"app=x\"}}").expect(200);
        assertThat(Json.number(status.json(), 0, "spec", "size")).isEqualTo(2);
        assertThat(Json.number(status.json(), 0, "status", "replicas")).isEqualTo(2);
        var scale = admin.get(all + "/one/scale").expect(200);
        assertThat(scale.at("kind")).isEqualTo("Scale");
        assertThat(scale.at("status", "selector")).isEqualTo("app=x");
        admin.patch(all + "/one/scale", "application/merge-patch+json", "{\"spec\":{\"replicas\":4}}").expect(200);
        var changed = admin.get(all + "/one").expect(200).json();
        assertThat(Json.number(changed, 0, "spec", "size")).isEqualTo(4);
        assertThat(Json.number(changed, 0, "metadata", "generation")).isEqualTo(2);
        assertThat(admin.get(all + "?fieldSelector=spec.mode=fast").expect(200).json().path("items")).isEmpty();
        admin.get(all + "?fieldSelector=spec.size=4").expect(400);
    }

    @Test
    void customResourcesAreAppliedByTheirListKeys() {
        define(admin, "d.example.com", "widgets", "Widget");
        var one = things("d.example.com", "widgets") + "/one";
        var apply = "application/apply-patch+yaml";
        admin.patch(one + "?fieldManager=x", apply, object("d.example.com", "Widget", "one", "{\"size\":2,\"parts\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"))
                .expect(201);
        var both = admin.patch(one + "?fieldManager=y", apply, object("d.example.com", "Widget", "one", "{\"size\":2,\"parts\":[{\"name\":\"c\"}]}"))
                .expect(200);
        assertThat(both.json().path("spec").path("parts").size()).isEqualTo(3);
        var less = admin.patch(one + "?fieldManager=x", apply, object("d.example.com", "Widget", "one", "{\"size\":2,\"parts\":[{\"name\":\"b\"}]}"))
                .expect(200);
        assertThat(less.json().path("spec").path("parts").toString()).contains("\"b\"").contains("\"c\"").doesNotContain("\"a\"");
        admin.patch(one + "?fieldManager=y", apply, object("d.example.com", "Widget", "one", "{\"size\":3}")).expect(409);
    }

    @Test
    void eachTenantHasItsOwnDefinitions() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("crd-blue")).expect(201);
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("crd-red")).expect(201);
        var blue = cluster.operator().in("crd-blue");
        var red = cluster.operator().in("crd-red");
        blue.post(DEFINITIONS, definition("e.example.com", "gadgets", "Gadget", version("v1", true, ""))).expect(201);
        red.get("/apis/e.example.com/v1/namespaces/default/gadgets").expect(404);
        red.post(DEFINITIONS, definition("e.example.com", "gadgets", "Gadget",
                version("v1", true, "").replace("\"maximum\":10", "\"maximum\":100"))).expect(201);
        blue.post("/apis/e.example.com/v1/namespaces/default/gadgets", object("e.example.com", "Gadget", "x", "{\"size\":50,\"mode\":\"slow\"}")).expect(422);
        red.post("/apis/e.example.com/v1/namespaces/default/gadgets", object("e.example.com", "Gadget", "x", "{\"size\":50,\"mode\":\"slow\"}")).expect(201);
        assertThat(admin.get("/apis").expect(200).text()).doesNotContain("e.example.com");
        assertThat(blue.get("/apis").expect(200).text()).contains("e.example.com");
    }

    @Test
    void aKindNamedLikeABuiltInOneIsNothingButItself() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("mimic")).expect(201);
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("victim")).expect(201);
        var mimic = cluster.operator().in("mimic");
        var victim = cluster.operator().in("victim");
        victim.post(configMaps("default"), Cluster.configMap("kept", "1")).expect(201);
        mimic.post(DEFINITIONS, definition("f.example.com", "tenants", "Tenant", version("v1", true, "")).replace("Namespaced", "Cluster")).expect(201);
        mimic.post("/apis/f.example.com/v1/tenants", object("f.example.com", "Tenant", "victim", "{\"size\":1}")).expect(201);
        mimic.delete("/apis/f.example.com/v1/tenants/victim").expect(200);
        victim.get(configMaps("default") + "/kept").expect(200);
        mimic.post(DEFINITIONS, definition("f.example.com", "bindings", "Binding", version("v1", true, ""))).expect(201);
        mimic.post("/apis/f.example.com/v1/namespaces/default/bindings", object("f.example.com", "Binding", "b", "{\"size\":1}")).expect(201);
    }

    /// Only of namespaces do finalizers in the spec hold anything.
    @Test
    void aKindNamedNamespaceIsNotHeldByItsSpec() {
        admin.post(DEFINITIONS, """
                {"metadata":{"name":"namespaces.ns.example.com"},"spec":{"group":"ns.example.com","scope":"Cluster","names":{"plural":"namespaces","kind":"Namespace"},
                 "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}""").expect(201);
        var all = "/apis/ns.example.com/v1/namespaces";
        admin.post(all, object("ns.example.com", "Namespace", "one", "{\"finalizers\":[\"kubernetes\"]}")).expect(201);
        admin.delete(all + "/one").expect(200);
        admin.get(all + "/one").expect(404);
    }

    /// Or its objects would lie among those that the server itself believes: whoever removed a Tenant of such a kind removed the tenant.
    @Test
    void nobodyDefinesKindsInGroupsOfTheServer() {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("intruder")).expect(201);
        var intruder = cluster.operator().in("intruder");
        for (var group : List.of("hypernetes.io", "more.hypernetes.io", "storage.k8s.io", "apiextensions.k8s.io")) {
            var text = definition(group, "tenants", "Tenant", version("v2", true, "")).replace("\"metadata\":{\"name\"",
                    "\"metadata\":{\"annotations\":{\"api-approved.kubernetes.io\":\"unapproved, a test\"},\"name\"");
            assertThat(intruder.post(DEFINITIONS, text).expect(403).json().path("message").asString(""))
                    .endsWith("the group " + group + " is the server's own: define the kind in a group named by a domain of yours, such as example.com");
            intruder.get("/apis/" + group + "/v2/tenants").expect(404);
        }
    }

    /// Which names a definition got is not for its writer to say: by them its objects are stored.
    @Test
    void namesAreNotTakenByATellingStatus() {
        admin.post(DEFINITIONS, definition("telling.example.com", "firsts", "First", version("v1", true, ""))).expect(201);
        admin.post(DEFINITIONS, definition("telling.example.com", "seconds", "Second", version("v1", true, ""))).expect(201);
        var told = admin.patch(DEFINITIONS + "/seconds.telling.example.com/status", "application/merge-patch+json",
                "{\"status\":{\"acceptedNames\":{\"plural\":\"firsts\",\"kind\":\"First\",\"shortNames\":[\"x\"]},\"conditions\":[]}}").expect(200).json();
        assertThat(Json.string(told, "status", "acceptedNames", "plural")).isEqualTo("seconds");
        assertThat(Json.string(told, "status", "acceptedNames", "kind")).isEqualTo("Second");
        admin.post(things("telling.example.com", "seconds"), object("telling.example.com", "Second", "one", "{\"size\":1}")).expect(201);
        admin.get(things("telling.example.com", "firsts") + "/one").expect(404);
    }

    @Test
    void versionsShareTheirObjects() {
        admin.post(DEFINITIONS, definition("g.example.com", "widgets", "Widget",
                version("v1", true, "") + "," + version("v1beta1", false, ",\"deprecated\":true"))).expect(201);
        admin.post("/apis/g.example.com/v1beta1/namespaces/default/widgets",
                object("g.example.com", "Widget", "one", "{\"size\":1}").replace("/v1\"", "/v1beta1\"")).expect(201);
        assertThat(admin.get("/apis/g.example.com/v1/namespaces/default/widgets/one").expect(200).at("apiVersion")).isEqualTo("g.example.com/v1");
        var old = admin.get("/apis/g.example.com/v1beta1/namespaces/default/widgets/one").expect(200);
        assertThat(old.at("apiVersion")).isEqualTo("g.example.com/v1beta1");
        assertThat(old.http().headers().firstValue("Warning")).hasValue("299 - \"g.example.com/v1beta1 Widget is deprecated\"");
        assertThat(Json.string(admin.get("/apis/g.example.com").expect(200).json(), "preferredVersion", "version")).isEqualTo("v1");
    }

    @Test
    void aDeletedDefinitionTakesItsObjectsAlong() {
        define(admin, "h.example.com", "widgets", "Widget");
        var all = things("h.example.com", "widgets");
        admin.post(all, object("h.example.com", "Widget", "one", "{\"size\":1}")).expect(201);
        admin.post(all, object("h.example.com", "Widget", "held", "{\"size\":1}").replace("\"name\":\"held\"", "\"name\":\"held\",\"finalizers\":[\"x/y\"]"))
                .expect(201);
        assertThat(admin.delete(DEFINITIONS + "/widgets.h.example.com").expect(200).text()).contains("customresourcecleanup.apiextensions.k8s.io");
        await().atMost(Duration.ofSeconds(10)).until(() -> admin.get(all + "/one").code() == 404);
        assertThat(admin.post(all, object("h.example.com", "Widget", "late", "{\"size\":1}")).expect(405).at("message"))
                .isEqualTo("create not allowed while custom resource definition is terminating");
        admin.get(DEFINITIONS + "/widgets.h.example.com").expect(200);
        admin.patch(all + "/held", "application/merge-patch+json", "{\"metadata\":{\"finalizers\":null}}").expect(200);
        await().atMost(Duration.ofSeconds(10)).until(() -> admin.get(DEFINITIONS + "/widgets.h.example.com").code() == 404);
        admin.get(all).expect(404);
    }

    @Test
    void aDefinitionThatIsNotStructuralIsRefused() {
        var broken = definition("i.example.com", "widgets", "Widget", version("v1", true, "")
                .replace("\"size\":{\"type\":\"integer\",", "\"size\":{")
                .replace("self.size <= 5", "self.sise <= 5"));
        assertThat(admin.post(DEFINITIONS, broken).expect(422).at("message"))
                .contains("spec.validation.openAPIV3Schema.properties[spec].properties[size].type: Required value: must not be empty for specified object fields");
        var rule = definition("i.example.com", "widgets", "Widget", version("v1", true, "").replace("self.size <= 5", "self.sise <= 5"));
        assertThat(admin.post(DEFINITIONS, rule).expect(422).at("message"))
                .contains("x-kubernetes-validations[0].rule: Invalid value:").contains("undefined field 'sise'");
        var guarded = definition("x.k8s.io", "widgets", "Widget", version("v1", true, ""));
        assertThat(admin.post(DEFINITIONS, guarded).expect(422).at("message")).contains("api-approved.kubernetes.io");
        var unknown = guarded.replace("\"metadata\":{", "\"metadata\":{\"annotations\":{\"api-approved.kubernetes.io\":\"me\"},");
        assertThat(admin.post(DEFINITIONS, unknown).expect(422).at("message")).contains("with either a URL or a reason starting with");
        var unapproved = guarded.replace("\"metadata\":{", "\"metadata\":{\"annotations\":{\"api-approved.kubernetes.io\":\"unapproved, a test\"},");
        assertThat(admin.post(DEFINITIONS, unapproved).expect(201).text())
                .contains("KubernetesAPIApprovalPolicyConformant").contains("UnapprovedAnnotation").contains("not approved: \\\"unapproved, a test\\\"");
        var conflict = definition("j.example.com", "widgets", "Widget", version("v1", true, ""));
        admin.post(DEFINITIONS, conflict).expect(201);
        var others = admin.post(DEFINITIONS, definition("j.example.com", "others", "Widget", version("v1", true, ""))).expect(201);
        assertThat(others.text()).contains("ListKindConflict").contains("\\\"WidgetList\\\" is already in use");
        assertThat(others.json().path("status").path("acceptedNames"))
                .isEqualTo(Json.readObject("{\"plural\":\"others\",\"shortNames\":[\"sothers\"],\"categories\":[\"all\"],\"kind\":\"\"}"));
        admin.get(things("j.example.com", "others")).expect(404);
    }

    @Test
    void anEstablishedKindKeepsItsName() {
        define(admin, "k.example.com", "widgets", "Widget");
        var renamed = "{\"spec\":{\"names\":{\"kind\":\"Gadget\",\"listKind\":\"GadgetList\"}}}";
        assertThat(admin.patch(DEFINITIONS + "/widgets.k.example.com", "application/merge-patch+json", renamed).expect(422).at("message"))
                .contains("spec.names.kind: Invalid value: \"Gadget\": field is immutable");
        admin.post(DEFINITIONS, definition("k.example.com", "others", "Widget", version("v1", true, ""))).expect(201);
        admin.patch(DEFINITIONS + "/others.k.example.com", "application/merge-patch+json",
                        "{\"spec\":{\"names\":{\"kind\":\"Other\",\"listKind\":\"OtherList\",\"singular\":\"other\",\"shortNames\":[]}}}")
                .expect(200);
        admin.get(things("k.example.com", "others")).expect(200);
    }

    /// What one got first another cannot take by a change, and keeps its own instead.
    @Test
    void aNameThatIsRefusedIsNotServed() {
        admin.post(DEFINITIONS, definition("n.example.com", "firsts", "First", version("v1", true, ""))).expect(201);
        admin.post(DEFINITIONS, definition("n.example.com", "seconds", "Second", version("v1", true, ""))).expect(201);
        var changed = admin.patch(DEFINITIONS + "/seconds.n.example.com", "application/merge-patch+json",
                        "{\"spec\":{\"names\":{\"singular\":\"first\",\"shortNames\":[\"sfirsts\",\"other\"]}}}")
                .expect(200);
        assertThat(changed.text()).contains("ShortNamesConflict");
        var served = Json.objects(admin.get("/apis/n.example.com/v1").expect(200).json(), "resources").stream()
                .filter(each -> Json.string(each, "name").equals("seconds"))
                .findFirst()
                .orElseThrow();
        assertThat(Json.string(served, "singularName")).isEqualTo("second");
        assertThat(served.path("shortNames").toString()).isEqualTo("[\"sseconds\"]");
    }

    /// As Gateways of the Gateway API, which are unknown until somebody programs them.
    @Test
    void aStatusBeginsAsItsSchemaSays() {
        var version = """
                {"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"additionalPrinterColumns":[{"name":"Phase","type":"string","jsonPath":".status.phase"}],
                 "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}},
                 "status":{"type":"object","default":{"phase":"Unknown"},"properties":{"phase":{"type":"string"},"rounds":{"type":"integer","default":1}}}}}}}""";
        admin.post(DEFINITIONS, definition("u.example.com", "widgets", "Widget", version)).expect(201);
        var path = things("u.example.com", "widgets");
        var made = admin.post(path, object("u.example.com", "Widget", "w", "{\"size\":1}").replace("\"spec\"", "\"status\":{\"phase\":\"Mine\"},\"spec\"")).expect(201);
        assertThat(made.json().path("status")).isEqualTo(Json.readObject("{\"phase\":\"Unknown\",\"rounds\":1}"));
        assertThat(made.json().path("metadata").path("managedFields").toString()).contains("f:spec").doesNotContain("f:status");
        var table = admin.get(path, "application/json;as=Table;v=v1;g=meta.k8s.io").expect(200).json();
        assertThat(table.path("rows").path(0).path("cells").path(1).asString("")).isEqualTo("Unknown");
        var applied = admin.patch(path + "/a?fieldManager=m", "application/apply-patch+yaml", object("u.example.com", "Widget", "a", "{\"size\":1}")).expect(201);
        assertThat(applied.json().path("status").path("phase").asString("")).isEqualTo("Unknown");
        var changed = admin.patch(path + "/w/status", "application/merge-patch+json", "{\"status\":{\"phase\":\"Ready\"}}").expect(200);
        assertThat(changed.json().path("status")).isEqualTo(Json.readObject("{\"phase\":\"Ready\",\"rounds\":1}"));
        // Whoever writes the rest is not the one who wrote that.
        var replaced = admin.put(path + "/a", Json.print(applied.json()).replace("\"size\":1", "\"size\":2")).expect(200);
        assertThat(replaced.json().path("status").path("phase").asString("")).isEqualTo("Unknown");
        assertThat(replaced.json().path("metadata").path("managedFields").toString()).doesNotContain("f:status");
    }

    /// What is rehearsed has no revision, and is completed for the answer like what is stored.
    @Test
    void whatIsRehearsedBeginsWithAStatusToo() {
        var version = """
                {"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{
                 "spec":{"type":"object","properties":{"size":{"type":"integer"}}},"status":{"type":"object","default":{"phase":"Unknown"},"properties":{"phase":{"type":"string"}}}}}}}""";
        admin.post(DEFINITIONS, definition("rehearsed.example.com", "widgets", "Widget", version)).expect(201);
        var path = things("rehearsed.example.com", "widgets");
        var body = object("rehearsed.example.com", "Widget", "w", "{\"size\":1}");
        for (var rehearsed : List.of(
                admin.post(path + "?dryRun=All", body).expect(201),
                admin.patch(path + "/w?dryRun=All&fieldManager=m", "application/apply-patch+yaml", body).expect(201))) {
            assertThat(rehearsed.at("status", "phase")).isEqualTo("Unknown");
            assertThat(rehearsed.at("metadata", "resourceVersion")).isEmpty();
        }
        admin.get(path + "/w").expect(404);
        admin.post(path, body).expect(201);
    }

    /// PrepareForCreate in apiextensions-apiserver's registry/customresource/strategy.go takes it away before the object is judged.
    @Test
    void theStatusToComeIsNotJudgedWhenAnObjectIsMade() {
        var version = """
                {"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
                 "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-validations":[{"rule":"!has(self.status)","message":"has a status"}],
                 "properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}},
                 "status":{"type":"object","default":{"phase":"Unknown"},"properties":{"phase":{"type":"string"}}}}}}}""";
        admin.post(DEFINITIONS, definition("y.example.com", "widgets", "Widget", version)).expect(201);
        var made = admin.post(things("y.example.com", "widgets"), object("y.example.com", "Widget", "w", "{\"size\":1}")).expect(201);
        assertThat(made.json().path("status")).isEqualTo(Json.readObject("{\"phase\":\"Unknown\"}"));
    }

    /// Objects that are there have it too, as soon as their definition says so.
    @Test
    void aStatusThatIsSaidLaterIsThatOfOlderObjects() {
        var version = """
                {"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{
                 "spec":{"type":"object","properties":{"size":{"type":"integer"}}},"status":{"type":"object"%s,"properties":{"phase":{"type":"string"}}}}}}}""";
        admin.post(DEFINITIONS, definition("z.example.com", "widgets", "Widget", version.formatted(""))).expect(201);
        var path = things("z.example.com", "widgets");
        var made = admin.post(path, object("z.example.com", "Widget", "w", "{\"size\":1}")).expect(201);
        assertThat(made.json().has("status")).isFalse();
        admin.patch(DEFINITIONS + "/widgets.z.example.com", "application/merge-patch+json",
                        "{\"spec\":{\"versions\":[" + version.formatted(",\"default\":{\"phase\":\"Unknown\"}") + "]}}")
                .expect(200);
        assertThat(admin.get(path + "/w").expect(200).json().path("status").path("phase").asString("")).isEqualTo("Unknown");
        var replaced = admin.put(path + "/w", Json.print(made.json()).replace("\"size\":1", "\"size\":2")).expect(200);
        assertThat(replaced.json().path("metadata").path("managedFields").toString()).doesNotContain("f:status");
    }

    /// Store.Update in apiserver's registry/generic/registry/store.go, as custom objects allow no unconditional update.
    @Test
    void whoReplacesAnObjectSaysWhichHeSaw() {
        define(admin, "uu.example.com", "widgets", "Widget");
        var path = things("uu.example.com", "widgets");
        var body = object("uu.example.com", "Widget", "w", "{\"size\":1}");
        var made = admin.post(path, body).expect(201);
        for (String blind : List.of(body, body.replace("\"metadata\":{", "\"metadata\":{\"resourceVersion\":\"0\","))) {
            assertThat(admin.put(path + "/w", blind).expect(422).at("message"))
                    .isEqualTo("widgets.uu.example.com \"w\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update");
        }
        admin.put(path + "/w", Json.print(made.json()).replace("\"size\":1", "\"size\":2")).expect(200);
    }

    /// Argo CD's Applications have such a finalizer; upstream warns of those that are new.
    @Test
    void aFinalizerWithoutAPathIsTakenWithAWarning() {
        define(admin, "w.example.com", "widgets", "Widget");
        var path = things("w.example.com", "widgets");
        var body = object("w.example.com", "Widget", "w", "{\"size\":1}").replace("\"metadata\":{", "\"metadata\":{\"finalizers\":[\"resources-finalizer.argocd.argoproj.io\",\"a.b/c\",\"orphan\",\"kubernetes\"],");
        var made = admin.post(path, body).expect(201);
        assertThat(made.http().headers().allValues("Warning")).containsExactly(
                "299 - \"metadata.finalizers: \\\"resources-finalizer.argocd.argoproj.io\\\": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers\"");
        var changed = admin.patch(path + "/w", "application/merge-patch+json", "{\"spec\":{\"size\":2}}").expect(200);
        assertThat(changed.http().headers().allValues("Warning")).isEmpty();
        admin.patch(DEFINITIONS + "/widgets.w.example.com", "application/merge-patch+json", "{\"metadata\":{\"finalizers\":[\"plain.example.com\"]}}").expect(200);
        assertThat(admin.post("/api/v1/namespaces/default/configmaps", "{\"metadata\":{\"name\":\"f\",\"finalizers\":[\"plain.example.com\"]}}").expect(422).at("message"))
                .contains("name is neither a standard finalizer name nor is it fully qualified");
        admin.patch(DEFINITIONS + "/widgets.w.example.com", "application/merge-patch+json", "{\"metadata\":{\"finalizers\":[]}}").expect(200);
    }

    /// cel/validation.go of apiextensions-apiserver: what a stricter definition finds wrong of what was there is told, and not refused.
    @Test
    void whatFailsNewRulesAsBeforeIsWarnedOf() {
        var version = """
                {"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{
                 "size":{"type":"integer"%s},"mode":{"type":"string"}}}}}}}""";
        admin.post(DEFINITIONS, definition("v.example.com", "widgets", "Widget", version.formatted(""))).expect(201);
        var path = things("v.example.com", "widgets");
        admin.post(path, object("v.example.com", "Widget", "w", "{\"size\":7}")).expect(201);
        var rules = ",\"x-kubernetes-validations\":[{\"rule\":\"self < 5\",\"message\":\"too large\"}]";
        admin.patch(DEFINITIONS + "/widgets.v.example.com", "application/merge-patch+json", "{\"spec\":{\"versions\":[" + version.formatted(rules) + "]}}").expect(200);
        var changed = admin.patch(path + "/w", "application/merge-patch+json", "{\"spec\":{\"mode\":\"slow\"}}").expect(200);
        assertThat(changed.http().headers().allValues("Warning")).containsExactly("299 - \"spec.size: Invalid value: 7: too large\"");
        assertThat(admin.patch(path + "/w", "application/merge-patch+json", "{\"spec\":{\"size\":8}}").expect(422).at("message")).contains("too large");
    }

    @Test
    void warningsAreAsLongAsClientsTake() {
        define(admin, "o.example.com", "widgets", "Widget");
        var longest = "a".repeat(40_000);
        var many = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            many.append(",\"m").append(i).append("m".repeat(1000)).append("\":1");
        }
        var made = admin.post(things("o.example.com", "widgets"),
                object("o.example.com", "Widget", "long", "{\"size\":1,\"" + longest + "\":1" + many + "}")).expect(201);
        var warnings = made.http().headers().allValues("Warning");
        assertThat(warnings).hasSizeBetween(5, 20);
        assertThat(warnings.getFirst()).startsWith("299 - \"unknown field \\\"spec.aaa").hasSizeLessThan(300);
        assertThat(warnings.stream().mapToInt(String::length).sum()).isBetween(4096, 4500);
    }

    /// The characters of a header are its bytes.
    private static String utf8(String header) {
        return new String(header.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    /// Upstream's library drops a warning that is not all UTF-8, or has control characters in it.
    @Test
    void warningsAreOfWholeCharactersInUtf8() {
        define(admin, "utf8.example.com", "widgets", "Widget");
        for (var before : List.of("", "a")) {
            var longest = before + "\ud83d\ude00".repeat(3000);
            var made = admin.post(things("utf8.example.com", "widgets"), object("utf8.example.com", "Widget", "cut" + before, "{\"size\":1,\"" + longest + "\":1}")).expect(201);
            assertThat(made.http().headers().allValues("Warning")).singleElement().satisfies(warning ->
                    assertThat(utf8(warning)).matches("299 - \"unknown field \\\\\"spec\\." + before + "(\ud83d\ude00){117,118}\""));
        }
        var made = admin.post(things("utf8.example.com", "widgets"), object("utf8.example.com", "Widget", "whole", "{\"size\":1,\"\u00e9\u8a9e\":1}")).expect(201);
        assertThat(made.http().headers().allValues("Warning").stream().map(CustomResourcesTest::utf8))
                .containsExactly("299 - \"unknown field \\\"spec.\u00e9\u8a9e\\\"\"");
    }
}
