package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ApplyTest extends ClusterTest {
    private static final String APPLY = "application/apply-patch+yaml";

    private static String map(String data) {
        return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {app: x}\ndata: " + data + "\n";
    }

    private static String at(String name, String parameters) {
        return configMaps("default") + "/" + name + parameters;
    }

    private static JsonNode managed(Cluster.Reply reply) {
        return Json.at(reply.json(), "metadata", "managedFields");
    }

    @Test
    void applyingCreatesThenMergesAndRemoves() {
        var path = at("applied", "?fieldManager=one");
        var created = admin.patch(path, APPLY, map("{a: '1', b: '2'}")).expect(201);
        assertThat(created.at("metadata", "name")).isEqualTo("applied");
        assertThat(Json.string(managed(created).path(0), "operation")).isEqualTo("Apply");
        assertThat(managed(created).path(0).path("fieldsV1"))
                .isEqualTo(Json.readObject("{\"f:data\":{\"f:a\":{},\"f:b\":{}},\"f:metadata\":{\"f:labels\":{\"f:app\":{}}}}"));
        var again = admin.patch(path, APPLY, map("{a: '1', b: '2'}")).expect(200);
        assertThat(again.json()).isEqualTo(created.json());
        admin.patch(at("applied", "?fieldManager=two"), APPLY, map("{c: '3'}")).expect(200);
        var less = admin.patch(path, APPLY, map("{a: '1'}")).expect(200);
        assertThat(less.json().path("data")).isEqualTo(Json.readObject("{\"a\":\"1\",\"c\":\"3\"}"));
    }

    /// kubectl, which applied on its own side before, lets its new manager own what the old one did and applies once more: what the server filled in goes
    /// then, if it was theirs.
    @Test
    void nobodyOwnsWhatTheServerSaysOfANewObject() {
        var pod = admin.post(pods("default") + "?fieldManager=maker", "{\"metadata\":{\"name\":\"unowned\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}").expect(201);
        assertThat(pod.json().path("spec").path("tolerations").size()).isEqualTo(2);
        assertThat(pod.at("status", "phase")).isEqualTo("Pending");
        var owned = managed(pod).path(0).path("fieldsV1");
        assertThat(owned.propertyNames()).containsExactly("f:spec");
        assertThat(owned.path("f:spec").propertyNames()).contains("f:containers", "f:restartPolicy").doesNotContain("f:tolerations");
        var claims = "/api/v1/namespaces/default/persistentvolumeclaims";
        var claim = """
                {"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"unowned"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}},
                 "dataSource":{"kind":"PersistentVolumeClaim","name":"other"}}}""";
        var made = admin.post(claims + "?fieldManager=kubectl", claim).expect(201);
        assertThat(made.json().path("spec").has("dataSourceRef")).isTrue();
        assertThat(managed(made).path(0).path("fieldsV1").propertyNames()).containsExactly("f:spec");
        var migrated = "[{\"op\":\"replace\",\"path\":\"/metadata/managedFields/0/operation\",\"value\":\"Apply\"}]";
        admin.patch(claims + "/unowned?fieldManager=kubectl", "application/json-patch+json", migrated).expect(200);
        var again = admin.patch(claims + "/unowned?fieldManager=kubectl", APPLY, claim).expect(200);
        assertThat(again.json().path("spec")).isEqualTo(made.json().path("spec"));
    }

    @Test
    void aConflictNamesTheOwnerAndForceTakesTheField() {
        admin.post(configMaps("default") + "?fieldManager=maker", configMap("owned", "1")).expect(201);
        var refused = admin.patch(at("owned", "?fieldManager=x"), APPLY, map("{k: '2'}")).expect(409);
        assertThat(refused.at("message"))
                .isEqualTo("Apply failed with 1 conflict: conflict with \"maker\" using v1: .data.k");
        var cause = refused.json().path("details").path("causes").path(0);
        assertThat(Json.string(cause, "reason")).isEqualTo("FieldManagerConflict");
        assertThat(Json.string(cause, "field")).isEqualTo(".data.k");
        var forced = admin.patch(at("owned", "?fieldManager=x&force=true"), APPLY, map("{k: '2'}")).expect(200);
        assertThat(forced.at("data", "k")).isEqualTo("2");
        admin.patch(at("owned", ""), "application/merge-patch+json", "{\"data\":{\"k\":\"3\"}}").expect(200);
        admin.patch(at("owned", "?fieldManager=x"), APPLY, map("{k: '2'}")).expect(409);
    }

    @Test
    void malformedConfigurationsAreRefusedWithTheReason() {
        assertThat(admin.patch(at("bad", ""), APPLY, map("{}")).expect(422).at("message"))
                .isEqualTo("PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
        assertThat(admin.patch(at("bad", "?force=true"), "application/merge-patch+json", "{}").expect(422).at("message"))
                .contains("force: Forbidden: may not be specified for non-apply patch");
        assertThat(admin.patch(at("bad", "?fieldManager=x"), APPLY, map("{}").replace("v1", "v2")).expect(400).at("message"))
                .isEqualTo("Incorrect version specified in apply patch. Specified patch version: v2, expected: v1");
        assertThat(admin.patch(at("bad", "?fieldManager=x"), APPLY, map("{}") + "nonsense: 1\n").expect(400).at("message"))
                .contains("failed to create typed patch object (default/bad; v1, Kind=ConfigMap): .nonsense: field not declared in schema");
        assertThat(admin.patch(at("bad", "?fieldManager=x"), APPLY, "apiVersion: v1\nkind: ConfigMap\nmetadata: {managedFields: [{}]}\n")
                        .expect(400).at("message"))
                .isEqualTo("metadata.managedFields must be nil");
        admin.get(at("bad", "")).expect(404);
    }

    /// As upstream's util/managedfields/scalehandler.go of apimachinery: the number has the same owners in either form.
    @Test
    void aScaleIsAppliedAsTheNumberInTheObject() {
        var deployment = "/apis/apps/v1/namespaces/default/deployments/scaled-by-apply";
        var config = """
                {"apiVersion":"apps/v1","kind":"Deployment","spec":{%s"selector":{"matchLabels":{"a":"b"}},
                 "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""";
        var scale = "{\"apiVersion\":\"autoscaling/v1\",\"kind\":\"Scale\",\"spec\":{%s}}";
        admin.patch(deployment + "?fieldManager=maker", APPLY, config.formatted("\"replicas\":3,")).expect(201);
        var refused = admin.patch(deployment + "/scale?fieldManager=hpa", APPLY, scale.formatted("\"replicas\":5")).expect(409);
        assertThat(refused.at("message")).isEqualTo("Apply failed with 1 conflict: conflict with \"maker\": .spec.replicas");
        var taken = admin.patch(deployment + "/scale?fieldManager=hpa&force=true", APPLY, scale.formatted("\"replicas\":5")).expect(200);
        assertThat(taken.at("kind")).isEqualTo("Scale");
        assertThat(taken.json().path("spec").path("replicas").asInt()).isEqualTo(5);
        var owners = managed(admin.get(deployment)).valueStream().filter(entry -> Json.string(entry, "manager").equals("hpa")).toList();
        assertThat(owners).hasSize(1);
        assertThat(Json.string(owners.getFirst(), "operation") + Json.string(owners.getFirst(), "apiVersion") + Json.string(owners.getFirst(), "subresource"))
                .isEqualTo("Applyapps/v1scale");
        assertThat(owners.getFirst().path("fieldsV1")).isEqualTo(Json.readObject("{\"f:spec\":{\"f:replicas\":{}}}"));
        assertThat(admin.patch(deployment + "?fieldManager=maker", APPLY, config.formatted("\"replicas\":3,")).expect(409).at("message"))
                .isEqualTo("Apply failed with 1 conflict: conflict with \"hpa\" with subresource \"scale\": .spec.replicas");
        assertThat(admin.patch(deployment + "?fieldManager=maker", APPLY, config.formatted("")).expect(200).json().path("spec").path("replicas").asInt())
                .isEqualTo(5);
        assertThat(admin.patch(deployment + "/scale?fieldManager=hpa", APPLY, scale.formatted("")).expect(200).json().path("spec").has("replicas")).isFalse();
        assertThat(admin.get(deployment).json().path("spec").path("replicas").asInt()).isZero();

        admin.patch(deployment + "/scale", APPLY, scale.formatted("\"replicas\":5")).expect(422);
        admin.patch(deployment + "/scale?fieldManager=hpa", APPLY, scale.formatted("\"replicas\":-1")).expect(422);
        assertThat(admin.patch(deployment + "/scale?fieldManager=hpa", APPLY, scale.formatted("\"foo\":1")).expect(400).at("message"))
                .isEqualTo("failed to create typed patch object (default/scaled-by-apply; autoscaling/v1, Kind=Scale): .spec.foo: field not declared in schema");
        assertThat(admin.patch(deployment + "/scale?fieldManager=hpa", APPLY, config.formatted("")).expect(400).at("message"))
                .isEqualTo("Incorrect version specified in apply patch. Specified patch version: apps/v1, expected: autoscaling/v1");
        admin.patch(deployment + "-not/scale?fieldManager=hpa", APPLY, scale.formatted("\"replicas\":5")).expect(404);
    }

    /// As applyPatcher of apiserver's endpoints/handlers/patch.go.
    @Test
    void membersThatAreThereTwiceAreToldAsAsked() {
        var twice = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: '1'\n  a: '2'\n";
        assertThat(admin.patch(at("twice", "?fieldManager=x&fieldValidation=Strict"), APPLY, twice).expect(400).at("message"))
                .isEqualTo("error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 5: key \"a\" already set in map");
        assertThat(admin.patch(at("twice", "?fieldManager=x&fieldValidation=Strict"), APPLY, "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"ConfigMap\",\n\t\"data\": {\n\t\t\"a\": \"1\",\n\t\t\"a\": \"2\"\n\t}\n}").expect(400).at("message"))
                .endsWith("yaml: unmarshal errors:\n  line 6: key \"a\" already set in map");
        var warned = admin.patch(at("twice", "?fieldManager=x"), APPLY, twice).expect(201);
        assertThat(warned.http().headers().firstValue("Warning").orElse("")).isEqualTo("299 - \"line 5: key \\\"a\\\" already set in map\"");
        assertThat(warned.at("data", "a")).isEqualTo("2");
        assertThat(admin.patch(at("twice", "?fieldManager=x&fieldValidation=Ignore"), APPLY, twice).expect(200).http().headers().firstValue("Warning")).isEmpty();
    }

    @Test
    void aDryRunAppliesNothing() {
        admin.patch(at("dry-apply", "?fieldManager=x&dryRun=All"), APPLY, map("{a: '1'}")).expect(201);
        admin.get(at("dry-apply", "")).expect(404);
    }

    @Test
    void podsAreAppliedByTheKeysOfTheirLists() {
        var pod = """
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"ssa"},"spec":{"containers":[
                {"name":"web","image":"busybox:1","ports":[{"containerPort":80}],"env":[{"name":"A","value":"1"}]}]}}""";
        var path = "/api/v1/namespaces/default/pods/ssa";
        admin.patch(path + "?fieldManager=x", APPLY, pod).expect(201);
        var status = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"status\":{\"conditions\":[{\"type\":\"x.io/Ready\",\"status\":\"True\"}]}}";
        var changed = admin.patch(path + "/status?fieldManager=kubelet", APPLY, status).expect(200);
        assertThat(Json.string(changed.json().path("status").path("conditions").path(0), "type")).isEqualTo("x.io/Ready");
        assertThat(managed(changed).toString()).contains("\"subresource\":\"status\"");
        var image = admin.patch(path + "?fieldManager=x", APPLY, pod.replace("busybox:1", "busybox:2")).expect(200);
        assertThat(Json.string(Json.at(image.json(), "spec", "containers").path(0), "image")).isEqualTo("busybox:2");
        admin.patch(path + "?fieldManager=x", APPLY, pod.replace("\"A\",\"value\":\"1\"", "\"A\",\"value\":\"2\"")).expect(422);
    }
}
