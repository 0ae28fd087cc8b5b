package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.objects.Json;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// MutatingAdmissionPolicies, each test in a tenant of its own.
class MutatingPoliciesTest extends ClusterTest {
    private static final String GROUP = "/apis/admissionregistration.k8s.io/v1/";
    private static final String MERGE = "application/merge-patch+json";
    private static final String CORE = "\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"]";
    private static final String CONFIG_MAPS = CORE + ",\"resources\":[\"configmaps\"]";
    private static final String DEPLOYMENTS = "\"apiGroups\":[\"apps\"],\"apiVersions\":[\"v1\"],\"resources\":[\"deployments\"]";
    private static final String DEPLOYMENT =
            """
            {"metadata":{"name":"web","annotations":{"mine":"yes"}},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},
             "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"main","image":"i"}]}}}}""";

    private WebhookServer hooks;

    @BeforeAll
    void startHooks() throws IOException {
        hooks = new WebhookServer(cluster.authorities);
    }

    @AfterAll
    void stopHooks() {
        hooks.close();
    }

    private Cluster.Client tenant(String name) {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(name)).expect(201);
        return cluster.operator().in(name);
    }

    private static String apply(String expression) {
        return "{\"patchType\":\"ApplyConfiguration\",\"applyConfiguration\":{\"expression\":" + Json.print(Json.text(expression)) + "}}";
    }

    private static String jsonPatch(String expression) {
        return "{\"patchType\":\"JSONPatch\",\"jsonPatch\":{\"expression\":" + Json.print(Json.text(expression)) + "}}";
    }

    /// A policy with its binding.
    ///
    /// @param more further members of the spec, which may be empty
    private static void policy(Cluster.Client client, String name, String rules, String more, String... mutations) {
        client.post(GROUP + "mutatingadmissionpolicies", """
                {"metadata":{"name":"%s"},"spec":{%s%s"matchConstraints":{"resourceRules":[{"operations":["CREATE","UPDATE"],%s}]},"mutations":[%s]}}"""
                        .formatted(name, more, more.contains("reinvocationPolicy") ? "" : "\"reinvocationPolicy\":\"Never\",", rules, String.join(",", mutations)))
                .expect(201);
        bind(client, name + "-binding", name, "");
    }

    private static void bind(Cluster.Client client, String binding, String policy, String more) {
        client.post(GROUP + "mutatingadmissionpolicybindings",
                "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"policyName\":\"%s\"%s}}".formatted(binding, policy, more)).expect(201);
    }

    private static void unbind(Cluster.Client client, String policy) {
        client.delete(GROUP + "mutatingadmissionpolicybindings/" + policy + "-binding").expect(200);
    }

    /// Components work for the tenant that an object names when they read across tenants.
    @Test
    void noPolicySaysToWhichTenantAnObjectBelongs() {
        var blue = tenant("planting");
        policy(blue, "planting", CONFIG_MAPS, "", apply("Object{metadata: Object.metadata{annotations: {'hypernetes.io/tenant': 'prey'}}}"));
        assertThat(blue.post(configMaps("default"), configMap("moved", "v")).expect(400).json().path("message").asString(""))
                .isEqualTo("the annotation hypernetes.io/tenant says \"prey\", but the request is for the tenant \"planting\"");
        unbind(blue, "planting");
        blue.post(configMaps("default"), configMap("stays", "v")).expect(201);
        policy(blue, "naming", CONFIG_MAPS, "", apply("Object{metadata: Object.metadata{annotations: {'hypernetes.io/tenant': 'planting'}}}"));
        var named = blue.post(configMaps("default"), configMap("named", "v")).expect(201).json();
        assertThat(named.path("metadata").has("annotations")).isFalse();
        bind(blue, "again", "planting", "");
        blue.patch(configMaps("default") + "/stays", "application/merge-patch+json", "{\"data\":{\"k\":\"w\"}}").expect(400);
    }

    /// What nobody validates in a write of a part: by the name of a volume a node makes a folder.
    @Test
    void whoMutatesAPartLeavesTheRestOfTheObject() {
        var blue = tenant("partly");
        var pods = "/api/v1/namespaces/default/pods";
        var made = blue.post(pods, Cluster.pod("one")).expect(201).json();
        for (var part : List.of("status", "ephemeralcontainers", "resize")) {
            policy(blue, part, CORE + ",\"resources\":[\"pods/" + part + "\"]", "", jsonPatch("""
                    [JSONPatch{op: "add", path: "/spec/volumes/-", value: Object.spec.volumes{name: "/etc/cron.d", emptyDir: Object.spec.volumes.emptyDir{}}},
                     JSONPatch{op: "replace", path: "/spec/containers/0/name", value: "../../up"},
                     JSONPatch{op: "replace", path: "/spec/containers/0/image", value: "other"}]"""));
        }
        var told = blue.patch(pods + "/one/status", "application/merge-patch+json", "{\"status\":{\"message\":\"told\"}}").expect(200).json();
        assertThat(Json.string(told, "status", "message")).isEqualTo("told");
        assertThat(told.path("spec")).isEqualTo(made.path("spec"));
        var debugged = blue.patch(pods + "/one/ephemeralcontainers", "application/strategic-merge-patch+json",
                "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"look\",\"image\":\"busybox:1\"}]}}").expect(200).json();
        assertThat(debugged.path("spec").path("volumes")).isEqualTo(made.path("spec").path("volumes"));
        assertThat(debugged.path("spec").path("containers")).isEqualTo(made.path("spec").path("containers"));
        assertThat(debugged.path("spec").path("ephemeralContainers").path(0).path("name").asString("")).isEqualTo("look");
        var scaled = blue.post("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT).expect(201).json();
        policy(blue, "scale", "\"apiGroups\":[\"apps\"],\"apiVersions\":[\"v1\"],\"resources\":[\"deployments/scale\"]", "",
                jsonPatch("[JSONPatch{op: 'replace', path: '/spec/template/spec/containers/0/name', value: '../../up'}]"));
        assertThat(blue.patch("/apis/apps/v1/namespaces/default/deployments/web/scale", "application/merge-patch+json", "{\"spec\":{\"replicas\":3}}").expect(403).at("message"))
                .as("a Scale has no template").contains("/spec/template");
        assertThat(blue.get("/apis/apps/v1/namespaces/default/deployments/web").expect(200).json().path("spec")).isEqualTo(scaled.path("spec"));
    }

    /// `UpdatedObject` of upstream's `pkg/registry/apps/deployment/storage/storage.go`: who changes or judges a write of `scale` sees a Scale.
    @Test
    void aWriteOfAScaleIsShownAsAScale() {
        var blue = tenant("scales");
        var deployments = "/apis/apps/v1/namespaces/default/deployments";
        var about = "\"apiGroups\":[\"apps\"],\"apiVersions\":[\"v1\"],\"resources\":[\"deployments/scale\"]";
        blue.post(deployments, DEPLOYMENT).expect(201);
        policy(blue, "doubled", about, "", "{\"patchType\":\"ApplyConfiguration\",\"applyConfiguration\":{\"expression\":"
                + Json.print(Json.text("Object{spec: Object.spec{replicas: object.spec.replicas * 2}}")) + "}}");
        assertThat(blue.patch(deployments + "/web/scale", "application/merge-patch+json", "{\"spec\":{\"replicas\":2}}").expect(200).json().path("spec").path("replicas").asInt())
                .isEqualTo(4);
        blue.post("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", """
                {"metadata":{"name":"judge"},"spec":{"matchConstraints":{"resourceRules":[{%s,"operations":["UPDATE"]}]},"validations":[
                 {"expression":"object.kind == 'Scale' && object.apiVersion == 'autoscaling/v1' && !has(object.spec.template) && has(object.status.selector)"},
                 {"expression":"oldObject.kind == 'Scale' && oldObject.spec.replicas == 4"},
                 {"expression":"request.kind.kind == 'Scale' && request.kind.group == 'autoscaling' && request.requestKind.kind == 'Scale'"},
                 {"expression":"request.resource.resource == 'deployments' && request.resource.group == 'apps' && request.subResource == 'scale'"},
                 {"expression":"object.spec.replicas <= 8","message":"too many"}]}}""".formatted(about)).expect(201);
        blue.post("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
                "{\"metadata\":{\"name\":\"judge\"},\"spec\":{\"policyName\":\"judge\",\"validationActions\":[\"Deny\"]}}").expect(201);
        assertThat(blue.patch(deployments + "/web/scale", "application/merge-patch+json", "{\"spec\":{\"replicas\":5}}").expect(422).at("message"))
                .isEqualTo("deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'judge' with binding 'judge' denied request: too many");
        blue.patch(deployments + "/web/scale", "application/merge-patch+json", "{\"spec\":{\"replicas\":3}}").expect(200);
        var scaled = blue.get(deployments + "/web").expect(200).json();
        assertThat(scaled.path("spec").path("replicas").asInt()).isEqualTo(6);
        hooks.respond("/scale", WebhookServer.patch("[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":7},{\"op\":\"add\",\"path\":\"/metadata/labels\",\"value\":{\"a\":\"b\"}}]"));
        blue.post(GROUP + "mutatingwebhookconfigurations", """
                {"metadata":{"name":"scale"},"webhooks":[{"name":"scale.hook.example.com","sideEffects":"None","admissionReviewVersions":["v1"],
                 "clientConfig":{"url":"%s","caBundle":"%s"},"rules":[{%s,"operations":["UPDATE"]}]}]}""".formatted(hooks.url("/scale"), hooks.bundle, about)).expect(201);
        hooks.asked.clear();
        assertThat(blue.patch(deployments + "/web/scale", "application/merge-patch+json", "{\"spec\":{\"replicas\":1}}").expect(422).at("message")).as("of 7").contains("oldObject");
        var asked = hooks.asked.getFirst();
        assertThat(asked.path("kind")).hasToString("{\"group\":\"autoscaling\",\"version\":\"v1\",\"kind\":\"Scale\"}");
        assertThat(asked.path("requestResource")).hasToString("{\"group\":\"apps\",\"version\":\"v1\",\"resource\":\"deployments\"}");
        assertThat(asked.path("object").path("spec")).hasToString("{\"replicas\":2}");
        assertThat(asked.path("oldObject").path("kind").asString()).isEqualTo("Scale");
        blue.delete("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/judge").expect(200);
        assertThat(blue.patch(deployments + "/web/scale", "application/merge-patch+json", "{\"spec\":{\"replicas\":1}}").expect(200).json().path("spec").path("replicas").asInt())
                .isEqualTo(7);
        scaled = blue.get(deployments + "/web").expect(200).json();
        assertThat(scaled.path("metadata").has("labels")).isFalse();
        assertThat(scaled.path("spec").path("template").path("spec").path("containers")).isNotEmpty();
    }

    /// Or a tenant whose policies refuse it could not be suspended, nor its pods be moved from a node.
    @Test
    void whatTheClusterDoesWithPodsIsNotForATenantToRefuse() {
        var blue = tenant("judges");
        var pods = "/api/v1/namespaces/default/pods";
        blue.post(pods, Cluster.pod("one")).expect(201);
        blue.post(GROUP + "validatingadmissionpolicies", """
                {"metadata":{"name":"never"},"spec":{"matchConstraints":{"resourceRules":[{"operations":["*"],%s,"resources":["pods","pods/status"]}]},
                 "validations":[{"expression":"false","message":"never"}]}}""".formatted(CORE)).expect(201);
        blue.post(GROUP + "validatingadmissionpolicybindings",
                "{\"metadata\":{\"name\":\"never\"},\"spec\":{\"policyName\":\"never\",\"validationActions\":[\"Deny\"]}}").expect(201);
        policy(blue, "odd", CORE + ",\"resources\":[\"pods\",\"pods/status\"]", "", jsonPatch("[JSONPatch{op: 'add', path: '/metadata/labels/' + object.spec.nothing, value: 'x'}]"));
        var controllers = cluster.client("root", "system:kube-controller-manager").in("judges");
        var mark = "{\"metadata\":{\"annotations\":{\"hypernetes.io/suspended\":\"2026-01-01T00:00:00Z\"}}}";
        blue.patch(pods + "/one", MERGE, "{\"metadata\":{\"annotations\":{\"a\":\"b\"}}}").expect(403);
        assertThat(Json.string(controllers.patch(pods + "/one", MERGE, mark).expect(200).json(), "metadata", "annotations", "hypernetes.io/suspended"))
                .isEqualTo("2026-01-01T00:00:00Z");
        controllers.patch(pods + "/one", MERGE, "{\"metadata\":{\"annotations\":{\"a\":\"b\"}}}").expect(403);
        blue.patch(pods + "/one/status", MERGE, "{\"status\":{\"message\":\"m\"}}").expect(403);
        controllers.patch(pods + "/one/status", MERGE, "{\"status\":{\"message\":\"m\"}}").expect(200);
        controllers.post(pods, Cluster.pod("two")).expect(403);
        cluster.client("judges", "alice", "system:masters").delete(pods + "/one").expect(422);
        controllers.delete(pods + "/one").expect(200);
    }

    @Test
    void noTenantHasMirrorPods() {
        var blue = tenant("mirrors");
        var pods = "/api/v1/namespaces/default/pods";
        blue.post(pods, Cluster.pod("one").replace("\"name\":\"one\"", "\"name\":\"one\",\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}")).expect(403);
        blue.post(pods, Cluster.pod("two")).expect(201);
        for (var part : List.of("", "/status")) {
            assertThat(blue.patch(pods + "/two" + part, "application/merge-patch+json", "{\"metadata\":{\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}}}")
                    .expect(422).json().path("message").asString(""))
                    .endsWith("metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation");
        }
    }

    /// It would be refused as though the node itself had said more than the size of its disk.
    @Test
    void whatANodeTellsOfADiskIsNotForThePoliciesOfItsTenant() {
        var blue = tenant("sized");
        var claims = "/api/v1/namespaces/default/persistentvolumeclaims";
        blue.post(claims, "{\"metadata\":{\"name\":\"c\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}}}").expect(201);
        blue.post("/api/v1/namespaces/default/pods", Cluster.pod("uses").replace(
                "\"spec\":{", "\"spec\":{\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"c\"}}],")).expect(201);
        blue.post("/api/v1/namespaces/default/pods/uses/binding", "{\"metadata\":{\"name\":\"uses\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}").expect(201);
        policy(blue, "labels", CORE + ",\"resources\":[\"persistentvolumeclaims/status\"]", "", apply("Object{metadata: Object.metadata{labels: {'told': 'yes'}}}"));
        var size = "{\"status\":{\"capacity\":{\"storage\":\"%s\"}}}";
        await().untilAsserted(() -> assertThat(
                blue.patch(claims + "/c/status?dryRun=All", MERGE, size.formatted("1Gi")).expect(200).at("metadata", "labels", "told")).isEqualTo("yes"));
        var node = cluster.client("root", "system:node:n1", "system:nodes");
        var told = node.patch("/tenants/sized" + claims + "/c/status", MERGE, size.formatted("2Gi")).expect(200);
        assertThat(told.at("status", "capacity", "storage")).isEqualTo("2Gi");
        assertThat(told.json().path("metadata").has("labels")).isFalse();
    }

    @Test
    void aDeploymentIsMutatedByMergingAndByPatching() {
        var blue = tenant("mutated");
        policy(blue, "merging", DEPLOYMENTS, "\"variables\":[{\"name\":\"odd\",\"expression\":\"object.spec.replicas % 2 == 1\"}],", apply("""
                Object{
                  metadata: Object.metadata{labels: {"policy/merged": "yes"}},
                  spec: Object.spec{
                    replicas: variables.odd ? object.spec.replicas : object.spec.replicas + 1,
                    template: Object.spec.template{spec: Object.spec.template.spec{
                      initContainers: [Object.spec.template.spec.initContainers{name: "mesh", image: "mesh:1", restartPolicy: "Always"}],
                      containers: object.spec.template.spec.containers.map(c, Object.spec.template.spec.containers{
                        name: c.name, env: [Object.spec.template.spec.containers.env{name: "FROM", value: request.operation}]})
                    }}
                  }
                }"""));
        policy(blue, "patching", DEPLOYMENTS, "", jsonPatch("""
                [JSONPatch{op: "test", path: "/spec/replicas", value: object.spec.replicas},
                 JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("example.com/a_b"), value: "patched"},
                 JSONPatch{op: "add", path: "/spec/template/spec/containers/-", value: Object.spec.template.spec.containers{name: "side", image: "s"}}]"""),
                jsonPatch("[JSONPatch{op: 'test', path: '/spec/replicas', value: 77}, JSONPatch{op: 'replace', path: '/spec/replicas', value: 78}]"));
        var made = blue.post("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT).expect(201).json();
        assertThat(Json.string(made, "metadata", "labels", "policy/merged")).isEqualTo("yes");
        assertThat(Json.string(made, "metadata", "annotations", "mine")).isEqualTo("yes");
        assertThat(Json.string(made, "metadata", "annotations", "example.com/a_b")).isEqualTo("patched");
        assertThat(Json.number(made, 0, "spec", "replicas")).as("a patch whose test fails changes nothing").isEqualTo(3);
        var spec = made.path("spec").path("template").path("spec");
        assertThat(spec.path("initContainers").path(0).path("image").asString("")).isEqualTo("mesh:1");
        assertThat(spec.path("initContainers").path(0).path("imagePullPolicy").asString("")).as("defaults follow").isEqualTo("IfNotPresent");
        assertThat(spec.path("containers").path(0).path("image").asString("")).isEqualTo("i");
        assertThat(spec.path("containers").path(0).path("env").path(0).path("value").asString("")).isEqualTo("CREATE");
        assertThat(spec.path("containers").path(1).path("name").asString("")).isEqualTo("side");
        assertThat(Json.number(made, 0, "metadata", "generation")).isEqualTo(1);
        // What a policy made is its writer's no more than anybody's: who applies owns what was said.
        var applied = blue.patch(configMaps("default") + "/free?fieldManager=me", "application/apply-patch+yaml",
                "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"free\"},\"data\":{\"k\":\"1\"}}").expect(201).json();
        assertThat(applied.path("metadata").path("managedFields").toString()).contains("f:k").doesNotContain("f:added");
        // Others have other policies: none.
        assertThat(admin.post("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT).expect(201).json().path("metadata").has("labels")).isFalse();
    }

    @Test
    void parametersConditionsAndBindingsSayWhomAPolicyIsAbout() {
        var blue = tenant("parameters");
        blue.post(GROUP + "mutatingadmissionpolicies", """
                {"metadata":{"name":"labels"},"spec":{"reinvocationPolicy":"Never","paramKind":{"apiVersion":"v1","kind":"ConfigMap"},
                 "matchConstraints":{"resourceRules":[{"operations":["*"],%s}]},
                 "matchConditions":[{"name":"none","expression":"!object.metadata.name.startsWith('param')"}],
                 "mutations":[%s]}}""".formatted(CONFIG_MAPS, apply("Object{metadata: Object.metadata{labels: {params.metadata.name: params.data.k}}}")))
                .expect(201);
        var selector = ",\"paramRef\":{\"selector\":{\"matchLabels\":{\"is\":\"param\"}},\"parameterNotFoundAction\":\"%s\"}";
        bind(blue, "all", "labels", selector.formatted("Deny"));
        assertThat(blue.post(configMaps("default"), configMap("param-early", "1")).expect(403).at("message"))
                .isEqualTo("policy 'labels' with binding 'all' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction");
        blue.patch(GROUP + "mutatingadmissionpolicybindings/all", "application/merge-patch+json", "{\"spec\":{\"paramRef\":{\"parameterNotFoundAction\":\"Allow\"}}}").expect(200);
        for (var name : new String[] {"param-a", "param-b"}) {
            blue.post(configMaps("default"), configMap(name, name + "-value").replace("\"name\"", "\"labels\":{\"is\":\"param\"},\"name\"")).expect(201);
        }
        bind(blue, "elsewhere", "labels", ",\"matchResources\":{\"namespaceSelector\":{\"matchLabels\":{\"no\":\"such\"}}},"
                + "\"paramRef\":{\"name\":\"absent\",\"namespace\":\"default\",\"parameterNotFoundAction\":\"Deny\"}");
        var made = blue.post(configMaps("default"), configMap("m", "1")).expect(201);
        assertThat(made.at("metadata", "labels", "param-a")).isEqualTo("param-a-value");
        assertThat(made.at("metadata", "labels", "param-b")).isEqualTo("param-b-value");
        assertThat(blue.get(configMaps("default") + "/param-b").expect(200).json().path("metadata").path("labels").size()).isEqualTo(1);
        // A deletion is none of its business, though its rules say all operations.
        blue.delete(configMaps("default") + "/m").expect(200);
    }

    @Test
    void whatFailsIsFatalOrNotAsThePolicySays() {
        var blue = tenant("failing-policies");
        var good = apply("Object{data: {'good': 'yes'}}");
        for (var failing : new String[][] {
            {apply("Object{data: {'k': object.data.none}}"), "resulted in error: "},
            {apply("Object{data: Object.dat{}}"), "resulted in error: type mismatch: unexpected type name \"Object.dat\", expected \"Object.data\", which matches field name path from root Object type"},
            {apply("Object{nonsense: 1}"), "error applying patch: failed to convert patch object to typed object: .nonsense: field not declared in schema"},
            {apply("Object{metadata: Object.metadata{finalizers: ['a', 'a']}}"), "duplicate entries for key"},
            {jsonPatch("[JSONPatch{op: 'remove', path: '/data/none'}]"), "error applying patch: remove operation does not apply"},
            {apply("Object{data: {'k': 1}}"), "error applying patch: "},
        }) {
            policy(blue, "fails", CONFIG_MAPS, "", failing[0], good);
            var denied = blue.post(configMaps("default"), configMap("a", "1")).expect(403);
            assertThat(denied.at("message")).startsWith("policy 'fails' with binding 'fails-binding' denied request: ").contains(failing[1]);
            assertThat(denied.at("reason")).isEqualTo("Invalid");
            unbind(blue, "fails");
            blue.delete(GROUP + "mutatingadmissionpolicies/fails").expect(200);
            policy(blue, "fails", CONFIG_MAPS, "\"failurePolicy\":\"Ignore\",", failing[0], good);
            var made = blue.post(configMaps("default") + "?dryRun=All", configMap("b", "1")).expect(201);
            assertThat(made.at("data", "good")).as("what comes after is done").isEqualTo("yes");
            assertThat(made.at("data", "k")).isEqualTo("1");
            unbind(blue, "fails");
            blue.delete(GROUP + "mutatingadmissionpolicies/fails").expect(200);
        }
        // What is atomic is replaced by patches only.
        policy(blue, "atomic", DEPLOYMENTS, "", apply("Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {'l': 'v'}}}}"));
        assertThat(blue.post("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT).expect(403).at("message"))
                .endsWith("error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector");
        unbind(blue, "atomic");
        policy(blue, "strict", DEPLOYMENTS, "\"failurePolicy\":\"Ignore\",", jsonPatch("[JSONPatch{op: 'add', path: '/spec/template/spec/containers/0/ports', value: [{'containerPortZ': 80}]}]"));
        assertThat(blue.post("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT).expect(500).at("message"))
                .contains("strict decoding error: unknown field \"spec.template.spec.containers[0].ports[0].containerPortZ\"");
        unbind(blue, "strict");
        // The outcome is validated as anybody's.
        policy(blue, "invalid", DEPLOYMENTS, "", apply("Object{spec: Object.spec{replicas: -1}}"));
        assertThat(blue.post("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT).expect(422).at("message")).contains("spec.replicas");
    }

    /// Upstream's strategies take the status away when policies and webhooks have been asked.
    @Test
    void theStatusIsNoPolicysToSay() {
        var blue = tenant("stateless");
        blue.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
                {"metadata":{"name":"widgets.p.example.com"},"spec":{"group":"p.example.com","scope":"Namespaced","names":{"plural":"widgets","kind":"Widget"},"versions":[
                 {"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object",
                  "x-kubernetes-validations":[{"rule":"!has(self.status)","message":"has a status"}],"properties":{
                  "spec":{"type":"object","properties":{"size":{"type":"integer"}}},
                  "status":{"type":"object","default":{"phase":"Unknown"},"properties":{"phase":{"type":"string"}}}}}}}]}}""").expect(201);
        policy(blue, "sizes", "\"apiGroups\":[\"p.example.com\"],\"apiVersions\":[\"v1\"],\"resources\":[\"widgets\"]", "",
                jsonPatch("[JSONPatch{op: 'add', path: '/spec/size', value: 2}, JSONPatch{op: 'add', path: '/status', value: {'phase': 'Mine'}}]"));
        var path = "/apis/p.example.com/v1/namespaces/default/widgets";
        var made = blue.post(path, "{\"apiVersion\":\"p.example.com/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\"},\"spec\":{\"size\":1}}").expect(201);
        assertThat(Json.number(made.json(), 0, "spec", "size")).isEqualTo(2);
        assertThat(made.at("status", "phase")).isEqualTo("Unknown");
        policy(blue, "deployed", DEPLOYMENTS, "", jsonPatch("[JSONPatch{op: 'add', path: '/spec/replicas', value: 3}, JSONPatch{op: 'add', path: '/status', value: Object.status{replicas: 7}}]"));
        var deployment = blue.post("/apis/apps/v1/namespaces/default/deployments", DEPLOYMENT).expect(201).json();
        assertThat(Json.number(deployment, 0, "spec", "replicas")).isEqualTo(3);
        assertThat(Json.number(deployment, 0, "status", "replicas")).isZero();
        var changed = blue.patch("/apis/apps/v1/namespaces/default/deployments/web", "application/merge-patch+json", "{\"spec\":{\"paused\":true}}").expect(200).json();
        assertThat(Json.number(changed, 0, "status", "replicas")).isZero();
    }

    @Test
    void policiesComeInOrderBeforeWebhooksAndLookAgainWhenTheyWantTo() {
        var blue = tenant("ordered");
        var seen = "Object{data: {'seen-%s': string(size(object.data))}}";
        policy(blue, "a-again", CONFIG_MAPS, "\"reinvocationPolicy\":\"IfNeeded\",", jsonPatch("[JSONPatch{op: 'add', path: '/data/again', value: string(size(object.data.filter(k, k.startsWith('x'))))}]"));
        policy(blue, "b-once", CONFIG_MAPS, "", apply(seen.formatted("once")));
        policy(blue, "c-changes", CONFIG_MAPS, "", apply("Object{data: {'x1': '1'}}"));
        var made = blue.post(configMaps("default"), configMap("m", "1")).expect(201);
        assertThat(made.at("data", "seen-once")).as("k and again").isEqualTo("2");
        assertThat(made.at("data", "again")).as("looked again after c").isEqualTo("1");
        hooks.respond("/x2", WebhookServer.patch("[{\"op\":\"add\",\"path\":\"/data/x2\",\"value\":\"2\"}]"));
        blue.post(GROUP + "mutatingwebhookconfigurations", """
                {"metadata":{"name":"x2"},"webhooks":[{"name":"x2.hook.example.com","sideEffects":"None","admissionReviewVersions":["v1"],"reinvocationPolicy":"IfNeeded",
                 "clientConfig":{"url":"%s","caBundle":"%s"},"rules":[{"operations":["*"],%s}]}]}""".formatted(hooks.url("/x2"), hooks.bundle, CONFIG_MAPS)).expect(201);
        hooks.asked.clear();
        made = blue.post(configMaps("default"), configMap("n", "1")).expect(201);
        assertThat(made.at("data", "again")).as("looked again after the webhook").isEqualTo("2");
        assertThat(made.at("data", "seen-once")).isEqualTo("2");
        assertThat(Json.string(hooks.asked.getFirst(), "object", "data", "x1")).as("the webhook sees what the policies made").isEqualTo("1");
        assertThat(hooks.asked).as("and looks again after a policy changed it once more").hasSize(2);
    }

    @Test
    void aPolicyHasNoMoreRightsThanItsCallerAndNoSayOverPolicies() {
        var blue = tenant("limited");
        policy(blue, "grab", "\"apiGroups\":[\"*\"],\"apiVersions\":[\"*\"],\"resources\":[\"*\"]", "",
                jsonPatch("object.kind == 'ClusterRole' ? [JSONPatch{op: 'add', path: '/rules', value: [{'apiGroups': ['*'], 'resources': ['*'], 'verbs': ['*']}]}] : []"),
                apply("Object{metadata: Object.metadata{labels: {'touched': 'yes'}, name: 'other', uid: 'x'}}"));
        var rbac = "/apis/rbac.authorization.k8s.io/v1/";
        blue.post(rbac + "clusterroles", "{\"metadata\":{\"name\":\"maker\"},\"rules\":[{\"apiGroups\":[\"rbac.authorization.k8s.io\"],\"resources\":[\"clusterroles\"],\"verbs\":[\"create\"]}]}").expect(201);
        blue.post(rbac + "clusterrolebindings", "{\"metadata\":{\"name\":\"maker\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"maker\"},"
                + "\"subjects\":[{\"kind\":\"User\",\"name\":\"ann\",\"apiGroup\":\"rbac.authorization.k8s.io\"}]}").expect(201);
        unbind(blue, "grab");
        blue.put(rbac + "clusterroles/maker", "{\"metadata\":{\"name\":\"maker\"},\"rules\":[{\"apiGroups\":[\"rbac.authorization.k8s.io\"],\"resources\":[\"clusterroles\"],\"verbs\":[\"create\"]}]}").expect(200);
        bind(blue, "grab-binding", "grab", "");
        var ann = cluster.client("limited", "ann");
        assertThat(ann.post(rbac + "clusterroles", "{\"metadata\":{\"name\":\"small\"},\"rules\":[]}").expect(403).at("message")).contains("attempting to grant RBAC permissions not currently held");
        var pod = blue.post(pods("default"), Cluster.pod("p")).expect(201);
        assertThat(pod.at("metadata", "labels", "touched")).isEqualTo("yes");
        assertThat(pod.at("metadata", "name")).isEqualTo("p");
        assertThat(pod.at("metadata", "uid")).isNotEqualTo("x");
        var bound = blue.get(GROUP + "mutatingadmissionpolicybindings/grab-binding").expect(200);
        assertThat(bound.json().path("metadata").has("labels")).isFalse();
    }

    /// Rules about one version are about the other versions of the same objects too, which are changed in the form that the rules name.
    @Test
    void theSameObjectInAnotherVersionIsMeant() {
        var blue = tenant("versions");
        policy(blue, "targets", "\"apiGroups\":[\"autoscaling\"],\"apiVersions\":[\"v1\"],\"resources\":[\"horizontalpodautoscalers\"]", "",
                apply("Object{spec: Object.spec{targetCPUUtilizationPercentage: object.spec.targetCPUUtilizationPercentage - 30}}"));
        var made = blue.post("/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", """
                {"metadata":{"name":"h"},"spec":{"maxReplicas":3,"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},
                 "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]}}""").expect(201).json();
        assertThat(Json.string(made, "apiVersion")).isEqualTo("autoscaling/v2");
        assertThat(made.path("spec").path("metrics").path(0).path("resource").path("target").path("averageUtilization").asInt()).isEqualTo(50);
    }

    @Test
    void customObjectsAreMergedByTheirSchema() {
        var blue = tenant("customised");
        blue.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
                {"metadata":{"name":"gardens.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"gardens","kind":"Garden"},
                 "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{
                  "size":{"type":"integer"},"tools":{"type":"array","items":{"type":"string"}},
                  "beds":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"plant":{"type":"string"}}}}}}}}}}]}}""")
                .expect(201);
        var rules = "\"apiGroups\":[\"example.com\"],\"apiVersions\":[\"v1\"],\"resources\":[\"gardens\"]";
        policy(blue, "beds", rules, "", apply("Object{spec: Object.spec{size: 3, beds: [Object.spec.beds{name: 'a', plant: 'rose'}]}}"));
        var garden = "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Garden\",\"metadata\":{\"name\":\"%s\"},\"spec\":{\"beds\":[{\"name\":\"a\"},{\"name\":\"b\",\"plant\":\"oak\"}]}}";
        var made = blue.post("/apis/example.com/v1/namespaces/default/gardens", garden.formatted("g")).expect(201).json();
        assertThat(made.path("spec")).isEqualTo(Json.readObject("{\"size\":3,\"beds\":[{\"name\":\"a\",\"plant\":\"rose\"},{\"name\":\"b\",\"plant\":\"oak\"}]}"));
        policy(blue, "tools", rules, "", apply("Object{spec: Object.spec{tools: ['spade'], colour: 'green'}}"));
        assertThat(blue.post("/apis/example.com/v1/namespaces/default/gardens", garden.formatted("h")).expect(403).at("message"))
                .contains(".spec.colour: field not declared in schema");
    }

    /// Each variable holds the one before twice: a few references, and millions of values for whoever walks them.
    @Test
    void variablesThatDoubleEachOtherAreNoBomb() {
        var blue = tenant("bomber");
        var variables = IntStream.range(0, 25)
                .mapToObj(i -> "{\"name\":\"v%d\",\"expression\":\"%s\"}".formatted(i, i == 0 ? "[1, 1]" : "[variables.v%1$d, variables.v%1$d]".formatted(i - 1)))
                .collect(Collectors.joining(","));
        policy(blue, "bomb", CONFIG_MAPS, "\"variables\":[" + variables + "],", apply("Object{data: {'k': string(size(variables.v24))}}"));
        assertThat(blue.post(configMaps("default"), configMap("m", "1")).expect(403).at("message")).contains("what all variables hold together is too large");
        unbind(blue, "bomb");
        blue.post(GROUP + "validatingadmissionpolicies", """
                {"metadata":{"name":"bomb"},"spec":{"matchConstraints":{"resourceRules":[{"operations":["CREATE"],%s}]},"variables":[%s],
                 "validations":[{"expression":"variables.v24 == variables.v23"}]}}""".formatted(CONFIG_MAPS, variables)).expect(201);
        blue.post(GROUP + "validatingadmissionpolicybindings", "{\"metadata\":{\"name\":\"bomb\"},\"spec\":{\"policyName\":\"bomb\",\"validationActions\":[\"Deny\"]}}").expect(201);
        assertThat(blue.post(configMaps("default"), configMap("m", "1")).expect(422).at("message")).contains("what all variables hold together is too large");
    }

    @Test
    void whatTheCallerMayDoCanBeAsked() {
        var blue = tenant("asked");
        policy(blue, "rights", CONFIG_MAPS, "\"matchConditions\":[{\"name\":\"people\",\"expression\":\"authorizer.path('/healthz').check('get').allowed()\"}],", apply("""
                Object{data: {
                  'may-create': string(authorizer.requestResource.check('create').allowed()),
                  'may-delete': string(authorizer.group('').resource('configmaps').namespace(request.namespace).name('x').check('delete').allowed())
                }}"""), apply("""
                Object{data: {'account': string(authorizer.serviceAccount('default', 'default').group('apps').resource('deployments').check('list').allowed())}}"""));
        var rbac = "/apis/rbac.authorization.k8s.io/v1/";
        blue.post(rbac + "clusterroles", "{\"metadata\":{\"name\":\"maker\"},\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"verbs\":[\"create\"]}]}").expect(201);
        blue.post(rbac + "clusterrolebindings", "{\"metadata\":{\"name\":\"maker\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"maker\"},"
                + "\"subjects\":[{\"kind\":\"User\",\"name\":\"ann\",\"apiGroup\":\"rbac.authorization.k8s.io\"}]}").expect(201);
        var made = cluster.client("asked", "ann").post(configMaps("default"), configMap("m", "1")).expect(201);
        assertThat(made.json().path("data")).isEqualTo(Json.readObject("{\"k\":\"1\",\"may-create\":\"true\",\"may-delete\":\"false\",\"account\":\"false\"}"));
        var mine = blue.post(configMaps("default"), configMap("n", "1")).expect(201);
        assertThat(mine.at("data", "may-delete")).isEqualTo("true");
        // An answer is dear: an expression may ask twice.
        policy(blue, "curious", CONFIG_MAPS, "", apply("Object{data: {'k': string([1, 2, 3].all(i, authorizer.requestResource.check('create').allowed()))}}"));
        assertThat(blue.post(configMaps("default"), configMap("o", "1")).expect(403).at("message")).contains("cost limit exceeded");
    }
}
