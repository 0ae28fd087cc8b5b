package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What is told of unknown members and of those that are there twice, and in which order: upstream's `test/integration/apiserver/field_validation_test.go`,
/// `sigs.k8s.io/json`, and `transformDecodeError` of apiserver's endpoints/handlers.
class StrictDecodingTest extends ClusterTest {
    private static final String DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
    private static final String GADGETS = "/apis/strict.example.com/v1/namespaces/default/gadgets";
    private static final String DEFINITION = """
            {"metadata":{"name":"gadgets.strict.example.com"},"spec":{"group":"strict.example.com","scope":"Namespaced",
             "names":{"plural":"gadgets","singular":"gadget","kind":"Gadget","listKind":"GadgetList"},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{
              "size":{"type":"integer"},"inner":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"apiVersion":{"type":"string"},"kind":{"type":"string"},
              "metadata":{"type":"object"}}},"parts":{"type":"array","items":{"type":"object","properties":{"id":{"type":"integer"}}}}}}}}}}]}}""";

    private static final String JSON = """
            {"metadata":{"name":"one","name":"%s","odd":"x"},
             "spec":{"zeta":1,"alpha":{"in":1,"in":2},"alpha":2,"paused":true,"paused":false,"selector":{"matchLabels":{"a":"b","a":"b"}},
              "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i","nested":1,"imagePullPolicy":"Always","imagePullPolicy":"Never"}]}}}}""";

    private static final String YAML = """
            metadata:
              name: one
              name: %s
              odd: x
            spec:
              zeta: 1
              alpha: 1
              alpha: 2
              paused: true
              paused: false
              selector:
                matchLabels: {a: b}
              template:
                metadata:
                  labels: {a: b}
                spec:
                  containers:
                  - name: c
                    image: i
                    nested: 1
                    imagePullPolicy: Always
                    imagePullPolicy: Never
            """;
    private static final List<String> IN_JSON = List.of(
            "duplicate field \"metadata.name\"",
            "unknown field \"metadata.odd\"",
            "unknown field \"spec.zeta\"",
            "unknown field \"spec.alpha\"",
            "duplicate field \"spec.paused\"",
            "duplicate field \"spec.selector.matchLabels.a\"",
            "unknown field \"spec.template.spec.containers[0].nested\"",
            "duplicate field \"spec.template.spec.containers[0].imagePullPolicy\"");
    private static final List<String> TWICE_IN_YAML = List.of(
            "line 3: key \"name\" already set in map",
            "line 8: key \"alpha\" already set in map",
            "line 10: key \"paused\" already set in map",
            "line 22: key \"imagePullPolicy\" already set in map");
    private static final List<String> UNKNOWN_IN_YAML = List.of(
            "unknown field \"metadata.odd\"", "unknown field \"spec.alpha\"", "unknown field \"spec.template.spec.containers[0].nested\"", "unknown field \"spec.zeta\"");

    private static final String GADGET = """
            {"apiVersion":"strict.example.com/v1","kind":"Gadget","metadata":{"name":"one","name":"%s","odd":"x"},
             "spec":{"zeta":1,"alpha":1,"alpha":2,"size":1,"size":2,"inner":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m","deep":"x"}},"parts":[{"id":1,"id":2,"nested":1}]}}""";
    private static final List<String> IN_GADGET = List.of(
            "duplicate field \"metadata.name\"",
            "duplicate field \"spec.alpha\"",
            "duplicate field \"spec.size\"",
            "duplicate field \"spec.parts[0].id\"",
            "unknown field \"metadata.odd\"",
            "unknown field \"spec.alpha\"",
            "unknown field \"spec.parts[0].nested\"",
            "unknown field \"spec.zeta\"",
            "unknown field \"spec.inner.metadata.deep\"");

    @BeforeAll
    void define() {
        admin.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION).expect(201);
        for (var name : List.of("put", "patched")) {
            admin.post(DEPLOYMENTS, """
                    {"metadata":{"name":"%s"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
                     "spec":{"containers":[{"name":"c","image":"i"}]}}}}""".formatted(name)).expect(201);
        }
    }

    private Cluster.Reply yaml(String method, String path, String body) {
        return admin.send(admin.request(path).header("Content-Type", "application/yaml").method(method, BodyPublishers.ofString(body)).build());
    }

    /// The texts of the warnings, unquoted.
    private static List<String> warnings(Cluster.Reply reply) {
        List<String> texts = new ArrayList<>();
        for (var warning : reply.http().headers().allValues("Warning")) {
            texts.add(warning.substring("299 - \"".length(), warning.length() - 1).replace("\\\"", "\"").replace("\\\\", "\\"));
        }
        return texts;
    }

    private static String joined(List<String> texts) {
        return String.join(", ", texts);
    }

    @Test
    void inJsonInTheOrderOfTheText() {
        var refused = "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: " + joined(IN_JSON);
        assertThat(admin.post(DEPLOYMENTS + "?fieldValidation=Strict", JSON.formatted("posted")).expect(400).at("message")).isEqualTo(refused);
        assertThat(admin.put(DEPLOYMENTS + "/put?fieldValidation=Strict", JSON.formatted("put")).expect(400).at("message")).isEqualTo(refused);
        assertThat(warnings(admin.post(DEPLOYMENTS + "?fieldValidation=Warn", JSON.formatted("warned")).expect(201))).isEqualTo(IN_JSON);
        assertThat(warnings(admin.put(DEPLOYMENTS + "/put", JSON.formatted("put")).expect(200))).isEqualTo(IN_JSON);
        assertThat(warnings(admin.post(DEPLOYMENTS + "?fieldValidation=Ignore", JSON.formatted("ignored")).expect(201))).isEmpty();
    }

    @Test
    void inYamlWhatIsTwiceByLinesAndThenWhatIsUnknownByName() {
        assertThat(yaml("POST", DEPLOYMENTS + "?fieldValidation=Strict", YAML.formatted("y")).expect(400).at("message"))
                .isEqualTo("Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: yaml: unmarshal errors:\n  "
                        + String.join("\n  ", TWICE_IN_YAML) + ", " + joined(UNKNOWN_IN_YAML));
        assertThat(warnings(yaml("POST", DEPLOYMENTS, YAML.formatted("y")).expect(201))).isEqualTo(Stream.concat(TWICE_IN_YAML.stream(), UNKNOWN_IN_YAML.stream()).toList());
    }

    /// The value counts, which stands below its key.
    @Test
    void theLineIsThatOfTheSecondValue() {
        assertThat(yaml("POST", configMaps("default") + "?fieldValidation=Strict", "metadata:\n  name: l\ndata:\n  a: b\ndata:\n\n  a: c\n").expect(400).at("message"))
                .endsWith("yaml: unmarshal errors:\n  line 7: key \"data\" already set in map");
    }

    @Test
    void ofDefinedKindsWhatIsTwiceAndThenWhatIsUnknown() {
        assertThat(admin.post(GADGETS + "?fieldValidation=Strict", GADGET.formatted("a")).expect(400).at("message"))
                .isEqualTo("Gadget in version \"v1\" cannot be handled as a Gadget: strict decoding error: " + joined(IN_GADGET));
        assertThat(warnings(admin.post(GADGETS, GADGET.formatted("a")).expect(201))).isEqualTo(IN_GADGET);
    }

    @Test
    void ofPatchesWhatIsTwiceInThemAndThenWhatTheyMake() {
        var body = """
                {"spec":{"zeta":1,"alpha":1,"alpha":2,"paused":true,"paused":false,"template":{"spec":{"containers":[{"name":"c","image":"i","nested":1,"imagePullPolicy":"Always","imagePullPolicy":"Never"}]}}}}""";
        var told = List.of(
                "duplicate field \"spec.alpha\"", "duplicate field \"spec.paused\"", "duplicate field \"spec.template.spec.containers[0].imagePullPolicy\"",
                "unknown field \"spec.alpha\"", "unknown field \"spec.template.spec.containers[0].nested\"", "unknown field \"spec.zeta\"");
        for (var type : List.of("application/merge-patch+json", "application/strategic-merge-patch+json")) {
            assertThat(admin.patch(DEPLOYMENTS + "/patched?fieldValidation=Strict", type, body).expect(422).at("message")).endsWith(": strict decoding error: " + joined(told));
            assertThat(warnings(admin.patch(DEPLOYMENTS + "/patched?dryRun=All", type, body).expect(200))).isEqualTo(told);
        }
    }

    @Test
    void ofJsonPatchesWhatIsOddAboutTheirOperations() {
        var body = """
                [{"op":"add","path":"/spec/zeta","value":1,"foo":"bar"},{"op":"add","path":"/spec/no","path":"/spec/alpha","value":{"in":1,"in":2}},{"op":"add","path":"/spec/paused","value":true}]""";
        var told = List.of(
                "json patch unknown field \"[0].foo\"", "json patch duplicate field \"[1].path\"", "json patch duplicate field \"[1].value.in\"",
                "unknown field \"spec.alpha\"", "unknown field \"spec.zeta\"");
        assertThat(admin.patch(DEPLOYMENTS + "/patched?fieldValidation=Strict", "application/json-patch+json", body).expect(422).at("message"))
                .endsWith(": strict decoding error: " + joined(told));
        assertThat(warnings(admin.patch(DEPLOYMENTS + "/patched?dryRun=All", "application/json-patch+json", body).expect(200))).isEqualTo(told);
    }

    @Test
    void namesAreQuotedAndAHundredAreTold() {
        assertThat(admin.post(configMaps("default") + "?fieldValidation=Strict", "{\"metadata\":{\"name\":\"q\"},\"a\\\"b\\n\":1}").expect(400).at("message"))
                .endsWith("strict decoding error: unknown field \"a\\\"b\\n\"");
        var many = "{\"metadata\":{\"name\":\"q\"}" + String.join("", IntStream.range(0, 150).mapToObj(i -> ",\"u" + i + "\":1").toList()) + "}";
        assertThat(admin.post(configMaps("default") + "?fieldValidation=Strict", many).expect(400).at("message").split("unknown field", -1)).hasSize(101);
    }
}
