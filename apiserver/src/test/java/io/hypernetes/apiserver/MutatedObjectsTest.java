package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// What mutating admission makes of an object is settled, counted and judged like what a client writes: upstream mutates before everything else
/// (`PatchResource`, `UpdateResource` of apiserver's `pkg/endpoints/handlers`, then `Store.Create` and `Store.Update` of
/// `pkg/registry/generic/registry/store.go`). Each test has a tenant of its own.
class MutatedObjectsTest extends ClusterTest {
    private static final String ADMISSION = "/apis/admissionregistration.k8s.io/v1/";
    private static final String DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private static final String DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
    private static final String SERVICES = "/api/v1/namespaces/default/services";
    private static final String CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims";
    private static final String MERGE = "application/merge-patch+json";

    private Cluster.Client tenant(String name) {
        admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(name)).expect(201);
        return cluster.operator().in(name);
    }

    /// Lets a policy apply a JSON patch to what is created or changed of a resource.
    private static void policy(Cluster.Client client, String group, String version, String resource, String operations, String patch) {
        var name = resource.replace('/', '-');
        client.post(ADMISSION + "mutatingadmissionpolicies", """
                {"metadata":{"name":"%s"},"spec":{"reinvocationPolicy":"Never","matchConstraints":{"resourceRules":[
                 {"operations":[%s],"apiGroups":["%s"],"apiVersions":["%s"],"resources":["%s"]}]},
                 "mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":%s}}]}}"""
                        .formatted(name, operations, group, version, resource, Json.print(Json.text(patch)))).expect(201);
        client.post(ADMISSION + "mutatingadmissionpolicybindings",
                "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"policyName\":\"%1$s\"}}".formatted(name)).expect(201);
    }

    private static String definition(String name, String group, String plural, String kind) {
        return """
                {"metadata":{"name":"%s"},"spec":{"group":"%s","scope":"Namespaced","names":{"plural":"%s","kind":"%s"},
                 "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}},
                             {"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}"""
                .formatted(name, group, plural, kind);
    }

    private static final String DEPLOYMENT =
            """
            {"metadata":{"name":"web"},"spec":{"replicas":1,"selector":{"matchLabels":{"a":"b"}},
             "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"main","image":"i"}]}}}}""";

    @Test
    void aMutatedDefinitionIsSettledAsItIsStored() {
        var blue = tenant("settled");
        policy(blue, "apiextensions.k8s.io", "v1", "customresourcedefinitions", "\"CREATE\",\"UPDATE\"", """
                [JSONPatch{op: 'add', path: '/spec/names/shortNames', value: [object.metadata.labels.short]},
                 JSONPatch{op: 'replace', path: '/spec/versions/0/storage', value: false},
                 JSONPatch{op: 'replace', path: '/spec/versions/1/storage', value: true}]""");
        var made = blue.post(DEFINITIONS, definition("widgets.a.example.com", "a.example.com", "widgets", "Widget")
                .replace("\"name\":\"widgets.a.example.com\"", "\"name\":\"widgets.a.example.com\",\"labels\":{\"short\":\"wi\"}")).expect(201).json();
        assertThat(made.path("status").path("acceptedNames").path("shortNames")).hasToString("[\"wi\"]");
        assertThat(made.path("status").path("storedVersions")).as("in v1 nothing was ever stored").hasToString("[\"v2\"]");
        var changed = blue.patch(DEFINITIONS + "/widgets.a.example.com", MERGE, "{\"metadata\":{\"labels\":{\"short\":\"wid\"}}}").expect(200).json();
        assertThat(changed.path("status").path("acceptedNames").path("shortNames")).hasToString("[\"wid\"]");
        assertThat(changed.path("metadata").path("generation").asInt()).isEqualTo(2);
        assertThat(blue.get("/apis/a.example.com/v2").expect(200).text()).contains("\"wid\"");
    }

    /// Its cleanup would take away what is the server's.
    @Test
    void noMutationBringsADefinitionIntoAGroupOfTheServer() {
        var blue = tenant("smuggled");
        policy(blue, "apiextensions.k8s.io", "v1", "customresourcedefinitions", "\"CREATE\"",
                "[JSONPatch{op: 'replace', path: '/spec/group', value: 'coordination.k8s.io'}, "
                        + "JSONPatch{op: 'add', path: '/metadata/annotations', value: {'api-approved.kubernetes.io': 'unapproved, a test'}}]");
        assertThat(blue.post(DEFINITIONS, definition("leases.coordination.k8s.io", "b.example.com", "leases", "Lease")).expect(403).at("message"))
                .contains("the group coordination.k8s.io is the server's own");
    }

    @Test
    void theGenerationCountsWhatMutationChanged() {
        var blue = tenant("generations");
        blue.post(DEPLOYMENTS, DEPLOYMENT).expect(201);
        policy(blue, "apps", "v1", "deployments", "\"UPDATE\"", "[JSONPatch{op: 'replace', path: '/spec/replicas', value: 3}]");
        var changed = blue.patch(DEPLOYMENTS + "/web", MERGE, "{}").expect(200).json();
        assertThat(changed.path("spec").path("replicas").asInt()).isEqualTo(3);
        assertThat(changed.path("metadata").path("generation").asInt()).isEqualTo(2);
        var same = blue.patch(DEPLOYMENTS + "/web", MERGE, "{\"spec\":{\"replicas\":2}}").expect(200).json();
        assertThat(same.path("metadata").path("generation").asInt()).as("what was taken back").isEqualTo(2);
        policy(blue, "apps", "v1", "deployments/scale", "\"UPDATE\"", "[JSONPatch{op: 'replace', path: '/spec/replicas', value: 5}]");
        blue.patch(DEPLOYMENTS + "/web/scale", MERGE, "{\"spec\":{\"replicas\":3}}").expect(200);
        var scaled = blue.get(DEPLOYMENTS + "/web").expect(200).json();
        assertThat(scaled.path("spec").path("replicas").asInt()).isEqualTo(5);
        assertThat(scaled.path("metadata").path("generation").asInt()).isEqualTo(3);
    }

    /// Upstream merges keys of labels when mutation is done (mutatePodAffinity of `pkg/registry/core/pod/strategy.go`, in `PrepareForCreate`).
    @Test
    void keysOfLabelsGetTheValuesThatMutationLeft() {
        var blue = tenant("keyed");
        policy(blue, "", "v1", "pods", "\"CREATE\"", "[JSONPatch{op: 'replace', path: '/metadata/labels/hash', value: "
                + "has(object.spec.topologySpreadConstraints[0].labelSelector.matchExpressions) ? 'seen' : 'new'}]");
        var pod = Cluster.pod("one").replace("\"containers\"", "\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"zone\",\"whenUnsatisfiable\":\"DoNotSchedule\","
                + "\"labelSelector\":{},\"matchLabelKeys\":[\"hash\"]}],\"containers\"");
        pod = pod.replace("\"metadata\":{", "\"metadata\":{\"labels\":{\"hash\":\"old\"},");
        var made = blue.post("/api/v1/namespaces/default/pods", pod).expect(201).json();
        assertThat(made.path("spec").path("topologySpreadConstraints").path(0).path("labelSelector"))
                .hasToString("{\"matchExpressions\":[{\"key\":\"hash\",\"operator\":\"In\",\"values\":[\"new\"]}]}");
    }

    @Test
    void podSecurityJudgesWhatMutationMadeOfEphemeralContainers() {
        var blue = tenant("guarded");
        var pods = "/api/v1/namespaces/safe/pods";
        blue.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"safe\",\"labels\":{\"pod-security.kubernetes.io/enforce\":\"baseline\"}}}").expect(201);
        blue.post(pods, Cluster.pod("one")).expect(201);
        policy(blue, "", "v1", "pods/ephemeralcontainers", "\"UPDATE\"",
                "[JSONPatch{op: 'add', path: '/spec/ephemeralContainers/0/securityContext', value: {'privileged': true}}]");
        assertThat(blue.patch(pods + "/one/ephemeralcontainers", "application/strategic-merge-patch+json",
                "{\"spec\":{\"ephemeralContainers\":[{\"name\":\"look\",\"image\":\"busybox:1\"}]}}").expect(403).at("message"))
                .contains("violates PodSecurity \"baseline:latest\": privileged");
    }

    /// Upstream's checks of this sort are of the validating phase: what a webhook completes is refused for nothing that it completed.
    @Test
    void limitsAndSecurityAreJudgedOnceMutationIsDone() {
        var blue = tenant("completed");
        var pods = "/api/v1/namespaces/safe/pods";
        blue.post("/api/v1/namespaces", "{\"metadata\":{\"name\":\"safe\",\"labels\":{\"pod-security.kubernetes.io/enforce\":\"baseline\"}}}").expect(201);
        blue.post("/api/v1/namespaces/safe/limitranges",
                "{\"metadata\":{\"name\":\"r\"},\"spec\":{\"limits\":[{\"type\":\"Pod\",\"min\":{\"memory\":\"50Mi\"}}]}}").expect(201);
        var pod = Cluster.pod("one").replace("\"image\"", "\"securityContext\":{\"privileged\":true},\"image\"");
        blue.post(pods, pod).expect(403);
        policy(blue, "", "v1", "pods", "\"CREATE\"", """
                [JSONPatch{op: 'remove', path: '/spec/containers/0/securityContext'},
                 JSONPatch{op: 'add', path: '/spec/containers/0/resources', value: {'requests': {'memory': '60Mi'}}}]""");
        blue.post(pods, pod).expect(201);
    }

    private static String claim(String name, String size) {
        return "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"%s\"}}}}".formatted(name, size);
    }

    @Test
    void limitRangesJudgeClaimsAsTheyAreStored() {
        var blue = tenant("claims");
        blue.post(CLAIMS, claim("large", "9Gi")).expect(201);
        blue.post("/api/v1/namespaces/default/limitranges",
                "{\"metadata\":{\"name\":\"r\"},\"spec\":{\"limits\":[{\"type\":\"PersistentVolumeClaim\",\"max\":{\"storage\":\"2Gi\"}}]}}").expect(201);
        // unchangedRequest of upstream's plugin/pkg/admission/limitranger/admission.go: what is stored may stay.
        blue.patch(CLAIMS + "/large", MERGE, "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200);
        policy(blue, "", "v1", "persistentvolumeclaims", "\"CREATE\"", "[JSONPatch{op: 'replace', path: '/spec/resources/requests/storage', value: '3Gi'}]");
        assertThat(blue.post(CLAIMS, claim("small", "1Gi")).expect(403).at("message"))
                .contains("maximum storage usage per PersistentVolumeClaim is 2Gi");
        blue.get(CLAIMS + "/small").expect(404);
    }

    private static List<String> addresses(Cluster.Client client) {
        return Json.objects(client.get("/apis/networking.k8s.io/v1/ipaddresses").expect(200).json(), "items").stream()
                .filter(address -> Json.string(address, "spec", "parentRef", "namespace").equals("default"))
                .filter(address -> !Json.string(address, "spec", "parentRef", "name").equals("kubernetes"))
                .map(address -> Json.string(address, "metadata", "name"))
                .toList();
    }

    private static String service(String name) {
        return "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"selector\":{\"a\":\"b\"},\"ports\":[{\"port\":80}]}}".formatted(name);
    }

    private static long nodePort(JsonNode service) {
        return service.path("spec").path("ports").path(0).path("nodePort").asLong(0);
    }

    /// `beginCreate` and `beginUpdate` of upstream's `pkg/registry/core/service/storage/storage.go` give what mutating admission left to be given.
    @Test
    void servicesGetWhatTheyNeedAfterMutation() {
        var blue = tenant("services");
        policy(blue, "", "v1", "services", "\"CREATE\",\"UPDATE\"", """
                has(object.metadata.annotations) ? [JSONPatch{op: 'replace', path: '/spec/type', value: object.metadata.annotations.type}]
                  + (object.metadata.annotations.type == 'ExternalName' ? [JSONPatch{op: 'add', path: '/spec/externalName', value: 'e.example.com'}] : [])
                  + (has(object.spec.clusterIP) && request.operation == 'CREATE' ? [JSONPatch{op: 'add', path: '/metadata/labels', value: {'seen': 'yes'}}] : [])
                : [JSONPatch{op: 'test', path: '/kind', value: 'None'}]""");
        var typed = service("typed").replace("\"name\":\"typed\"", "\"name\":\"typed\",\"annotations\":{\"type\":\"%s\"}");
        var opened = blue.post(SERVICES, typed.formatted("NodePort")).expect(201).json();
        assertThat(nodePort(opened)).isBetween(30_000L, 32_767L);
        assertThat(opened.path("metadata").has("labels")).as("mutating admission saw no address").isFalse();
        assertThat(addresses(blue)).containsExactly(Json.string(opened, "spec", "clusterIP"));
        // The number is this service's and nobody else's.
        assertThat(blue.post(SERVICES, service("thief").replace("\"port\":80", "\"port\":80,\"nodePort\":" + nodePort(opened)).replace("\"selector\"", "\"type\":\"NodePort\",\"selector\""))
                .expect(422).at("message")).contains("provided port is already allocated");
        blue.delete(SERVICES + "/typed").expect(200);
        blue.post(SERVICES, typed.formatted("ExternalName")).expect(201);
        assertThat(addresses(blue)).as("an alias has no address").isEmpty();
        blue.delete(SERVICES + "/typed").expect(200);
        blue.post(SERVICES, service("later")).expect(201);
        var changed = blue.patch(SERVICES + "/later", MERGE, "{\"metadata\":{\"annotations\":{\"type\":\"NodePort\"}}}").expect(200).json();
        assertThat(nodePort(changed)).isBetween(30_000L, 32_767L);
        var aliased = blue.patch(SERVICES + "/later", MERGE, "{\"metadata\":{\"annotations\":{\"type\":\"ExternalName\"}}}").expect(200).json();
        assertThat(aliased.path("spec").has("clusterIP")).isFalse();
        assertThat(addresses(blue)).as("what it had is given back").isEmpty();
    }

    /// Each is told once, whoever changed the object before.
    @Test
    void warningsAreOfWhatIsStoredAndToldOnce() {
        var blue = tenant("warned");
        policy(blue, "", "v1", "pods", "\"CREATE\"", """
                [JSONPatch{op: 'add', path: '/spec/containers/0/env', value: [Object.spec.containers.env{name: 'A', value: '1'}, Object.spec.containers.env{name: 'A', value: '2'}]}]""");
        assertThat(blue.post("/api/v1/namespaces/default/pods", Cluster.pod("one")).expect(201).http().headers().allValues("Warning"))
                .containsExactly("299 - \"spec.containers[0].env[1]: hides previous definition of \\\"A\\\", which may be dropped when using apply\"");
    }
}
