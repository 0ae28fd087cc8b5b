package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// Defaults, refusals and rows of the kinds that make no pods.
class KindRulesTest {
    private static final Kinds KINDS = Kinds.load();
    private static final Instant NOW = Instant.parse("2026-05-01T00:10:00Z");

    private static ObjectNode made(String apiVersion, String kind, String members) {
        Kind rules = KINDS.get(apiVersion, kind);
        ObjectNode object = Json.readObject("{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"x\"%s},%s}"
                .formatted(apiVersion, kind, rules.type().namespaced() ? ",\"namespace\":\"d\"" : "", members));
        rules.setDefaults(object);
        rules.prepareCreate(object);
        return object;
    }

    private static List<String> problems(String apiVersion, String kind, String members) {
        return texts(KINDS.get(apiVersion, kind).validateCreate(made(apiVersion, kind, members)));
    }

    private static List<String> texts(List<FieldError> errors) {
        return errors.stream().map(FieldError::text).toList();
    }

    private static List<String> change(String apiVersion, String kind, ObjectNode old, ObjectNode updated) {
        Kind rules = KINDS.get(apiVersion, kind);
        rules.prepareUpdate(updated, old, null);
        return texts(rules.validateUpdate(updated, old, null));
    }

    /// What is wrong with an update, which is prepared first.
    private static List<String> updateProblems(ObjectNode updated, ObjectNode old) {
        Kind kind = KINDS.get(Json.string(old, "apiVersion"), Json.string(old, "kind"));
        kind.setDefaults(updated);
        kind.prepareUpdate(updated, old, null);
        return texts(kind.validateUpdate(updated, old, null));
    }

    private static String row(ObjectNode object) {
        Kind kind = KINDS.get(Json.string(object, "apiVersion"), Json.string(object, "kind"));
        return kind.cells(object, NOW).stream().map(cell -> cell.asString("")).toList().toString();
    }

    /// Found by an operator that names its events after what they are about.
    @Test
    void coreEventsHaveNamesThatArePartsOfPathsAndThoseOfTheirOwnGroupDnsNames() {
        ObjectNode core = made("v1", "Event", "\"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"d\",\"name\":\"x\"}");
        Json.child(core, "metadata").put("name", "JobManagerDeployment.2090085451");
        assertThat(texts(KINDS.get("v1", "Event").validateCreate(core))).isEmpty();
        Json.child(core, "metadata").put("name", "a/b");
        assertThat(texts(KINDS.get("v1", "Event").validateCreate(core))).containsExactly("metadata.name: Invalid value: \"a/b\": may not contain '/'");
        ObjectNode own = made("events.k8s.io/v1", "Event", "\"regarding\":{\"kind\":\"Pod\",\"namespace\":\"d\",\"name\":\"x\"},\"eventTime\":\"2026-01-01T00:00:00.000000Z\","
                + "\"action\":\"a\",\"reason\":\"r\",\"type\":\"Normal\",\"reportingController\":\"c.d/e\",\"reportingInstance\":\"i\"");
        assertThat(texts(KINDS.get("events.k8s.io/v1", "Event").validateCreate(own))).isEmpty();
        Json.child(own, "metadata").put("name", "Capital");
        assertThat(texts(KINDS.get("events.k8s.io/v1", "Event").validateCreate(own))).singleElement().asString().contains("a lowercase RFC 1123 subdomain");
    }

    @Test
    void services() {
        ObjectNode made = made("v1", "Service", "\"spec\":{\"type\":\"LoadBalancer\",\"sessionAffinity\":\"ClientIP\",\"ports\":[{\"port\":80}]}");
        assertThat(Json.print(made.path("spec")))
                .isEqualTo("{\"type\":\"LoadBalancer\",\"sessionAffinity\":\"ClientIP\",\"ports\":[{\"port\":80,\"protocol\":\"TCP\",\"targetPort\":80}],"
                        + "\"sessionAffinityConfig\":{\"clientIP\":{\"timeoutSeconds\":10800}},\"externalTrafficPolicy\":\"Cluster\","
                        + "\"internalTrafficPolicy\":\"Cluster\",\"allocateLoadBalancerNodePorts\":true}");
        assertThat(row(made)).isEqualTo("[x, LoadBalancer, <none>, <pending>, 80/TCP, <unknown>, <none>]");
        assertThat(problems("v1", "Service", "\"spec\":{}")).containsExactly("spec.ports: Required value");
        assertThat(problems("v1", "Service", "\"spec\":{\"ports\":[{\"port\":0,\"protocol\":\"X\"},{\"port\":70000,\"name\":\"a\"}]}"))
                .containsExactly(
                        "spec.ports[0].name: Required value",
                        "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                        "spec.ports[0].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
                        "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
                        "spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
                        "spec.ports[1].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive");
        assertThat(problems("v1", "Service", "\"spec\":{\"type\":\"ExternalName\"}")).containsExactly("spec.externalName: Required value");
        assertThat(problems("v1", "Service", "\"spec\":{\"ports\":[{\"port\":80,\"nodePort\":30000}]}"))
                .containsExactly("spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'");
        assertThat(problems("v1", "Service", "\"spec\":{\"ports\":[{\"port\":80}],\"externalIPs\":[\"1.2.3\"]}"))
                .containsExactly("spec.externalIPs[0]: Invalid value: \"1.2.3\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }

    @Test
    void thePolicyForTrafficFromOutsideGoesWithWhatLetItIn() {
        String open = "\"spec\":{\"ports\":[{\"port\":80}],\"externalIPs\":[\"192.0.2.1\"]%s}";
        ObjectNode old = made("v1", "Service", open.formatted(""));
        assertThat(Json.string(old, "spec", "externalTrafficPolicy")).isEqualTo("Cluster");
        ObjectNode closed = old.deepCopy();
        Json.child(closed, "spec").remove("externalIPs");
        assertThat(updateProblems(closed, old)).isEmpty();
        assertThat(closed.path("spec").has("externalTrafficPolicy")).isFalse();
        ObjectNode alias = old.deepCopy();
        Json.child(alias, "spec").put("type", "ExternalName").put("externalName", "example.com");
        assertThat(updateProblems(alias, old)).isEmpty();
        assertThat(alias.path("spec").has("externalTrafficPolicy")).isFalse();
        // Who changes it meanwhile means it.
        ObjectNode meant = old.deepCopy();
        Json.child(meant, "spec").put("externalTrafficPolicy", "Local").remove("externalIPs");
        assertThat(updateProblems(meant, old)).containsExactly(
                "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services");
        ObjectNode balanced = made("v1", "Service", open.formatted(",\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\""));
        ObjectNode still = balanced.deepCopy();
        Json.child(still, "spec").put("type", "ClusterIP");
        assertThat(updateProblems(still, balanced)).isEmpty();
        assertThat(Json.string(still, "spec", "externalTrafficPolicy")).isEqualTo("Local");
    }

    @Test
    void anAliasHasNoPolicyForTrafficFromOutside() {
        assertThat(problems("v1", "Service", "\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"example.com\","
                        + "\"externalIPs\":[\"192.0.2.1\"],\"externalTrafficPolicy\":\"Local\"}"))
                .containsExactly("spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services");
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1,true", "255.255.255.255,true", "256.0.0.1,false", "01.2.3.4,false", "1.2.3,false", "::,true", "::1,true", "fe80::1:2,true",
        "1:2:3:4:5:6:7:8,true", "1:2:3:4:5:6:7,false", "1::2::3,false", "::ffff:10.0.0.1,true", "12345::,false", "a,false", "1:2:3:4:5:6:7:8:9,false"
    })
    void addresses(String text, boolean good) {
        assertThat(Addresses.isAddress(text)).isEqualTo(good);
        assertThat(Addresses.range(text + "/129")).isNotEmpty();
    }

    @Test
    void ingresses() {
        assertThat(problems("networking.k8s.io/v1", "Ingress", "\"spec\":{}"))
                .containsExactly("spec: Invalid value: null: either `defaultBackend` or `rules` must be specified");
        String rule = "\"spec\":{\"rules\":[{\"host\":\"%s\",\"http\":{\"paths\":[{\"path\":\"%s\",\"pathType\":\"%s\",\"backend\":{\"service\":{\"name\":\"s\",\"port\":{%s}}}}]}}]}";
        assertThat(problems("networking.k8s.io/v1", "Ingress", rule.formatted("*.example.com", "/a", "Prefix", "\"name\":\"web\""))).isEmpty();
        assertThat(problems("networking.k8s.io/v1", "Ingress", rule.formatted("10.0.0.1", "a", "Sometimes", "")))
                .containsExactly(
                        "spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address",
                        "spec.rules[0].http.paths[0].pathType: Unsupported value: \"Sometimes\": supported values: \"Exact\", \"ImplementationSpecific\", \"Prefix\"",
                        "spec.rules[0].http.paths[0].backend: Required value: port name or number is required");
        assertThat(problems("networking.k8s.io/v1", "Ingress", rule.formatted("*.*.org", "/a//b/..", "Exact", "\"name\":\"web\",\"number\":80"))).satisfiesExactly(
                each -> assertThat(each).startsWith("spec.rules[0].host: Invalid value: \"*.*.org\": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which"),
                each -> assertThat(each).isEqualTo("spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/..\": must not contain '//'"),
                each -> assertThat(each).isEqualTo("spec.rules[0].http.paths[0].path: Invalid value: \"/a//b/..\": cannot end with '/..'"),
                each -> assertThat(each).isEqualTo("spec.rules[0].http.paths[0].backend: Invalid value: \"\": cannot set both port name & port number"));
        assertThat(problems("networking.k8s.io/v1", "Ingress", "\"spec\":{\"ingressClassName\":\"c\",\"defaultBackend\":{}}"))
                .containsExactly("spec.defaultBackend: Invalid value: \"\": resource or service backend is required");
        assertThat(problems("networking.k8s.io/v1", "Ingress", "\"spec\":{\"defaultBackend\":{\"resource\":{\"apiGroup\":\"\",\"kind\":\"a/b\"}}}")).satisfiesExactly(
                each -> assertThat(each).startsWith("spec.defaultBackend.resource.apiGroup: Invalid value: \"\""),
                each -> assertThat(each).isEqualTo("spec.defaultBackend.resource.kind: Invalid value: \"a/b\": may not contain '/'"),
                each -> assertThat(each).isEqualTo("spec.defaultBackend.resource.name: Required value: name is required"));
        ObjectNode made = made("networking.k8s.io/v1", "Ingress", rule.formatted("a.example.com", "/", "Exact", "\"number\":80"));
        assertThat(row(made)).isEqualTo("[x, <none>, a.example.com, , 80, <unknown>]");
    }

    @Test
    void sourcesOfMetricsAreCheckedWhateverTheTypeSays() {
        String scaler = "\"spec\":{\"maxReplicas\":1,\"scaleTargetRef\":{\"kind\":\"K\",\"name\":\"n\"},\"metrics\":[%s]}";
        assertThat(problems("autoscaling/v2", "HorizontalPodAutoscaler", scaler.formatted("{\"type\":\"Odd\",\"resource\":{\"target\":{\"type\":\"Value\"}},"
                        + "\"containerResource\":{\"name\":\"odd\",\"container\":\"C\"}}")))
                .containsExactly(
                        "spec.metrics[0].type: Unsupported value: \"Odd\": supported values: \"ContainerResource\", \"External\", \"Object\", \"Pods\", \"Resource\"",
                        "spec.metrics[0].resource.name: Required value: must specify a resource name",
                        "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization",
                        "spec.metrics[0].resource: Forbidden: must populate the given metric source only",
                        "spec.metrics[0].containerResource: Forbidden: must populate the given metric source only");
        assertThat(problems("autoscaling/v2", "HorizontalPodAutoscaler", scaler.formatted("{\"type\":\"ContainerResource\",\"containerResource\":{\"name\":\"odd\","
                        + "\"container\":\"C\",\"target\":{\"type\":\"Utilization\",\"averageUtilization\":1}}}")))
                .satisfiesExactly(
                        any -> assertThat(any).isEqualTo("spec.metrics[0].containerResource.name: Invalid value: \"odd\": must be a standard resource type or fully qualified"),
                        name -> assertThat(name).isEqualTo("spec.metrics[0].containerResource.name: Invalid value: \"odd\": must be a standard resource for containers"),
                        container -> assertThat(container).startsWith("spec.metrics[0].containerResource.container: Invalid value: \"C\": "));
    }

    @Test
    void networkPolicies() {
        ObjectNode made = made("networking.k8s.io/v1", "NetworkPolicy", "\"spec\":{\"egress\":[{\"ports\":[{\"port\":53}]}]}");
        assertThat(Json.print(made.path("spec").path("policyTypes"))).isEqualTo("[\"Ingress\",\"Egress\"]");
        assertThat(made.path("spec").path("podSelector").isObject()).isTrue();
        assertThat(problems("networking.k8s.io/v1", "NetworkPolicy",
                        "\"spec\":{\"ingress\":[{\"from\":[{\"ipBlock\":{\"cidr\":\"10.0.0.0/9\",\"except\":[\"10.1.0.0/16\",\"10.0.0.0/9\",\"10.128.0.0/16\",\"fd00::/64\"]}}]}]}"))
                .containsExactly(
                        "spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"10.0.0.0/9\": must be a strict subset of `cidr`",
                        "spec.ingress[0].from[0].ipBlock.except[2]: Invalid value: \"10.128.0.0/16\": must be a strict subset of `cidr`",
                        "spec.ingress[0].from[0].ipBlock.except[3]: Invalid value: \"fd00::/64\": must be a strict subset of `cidr`");
        assertThat(problems("networking.k8s.io/v1", "NetworkPolicy", "\"spec\":{\"ingress\":[{\"from\":[{},{\"ipBlock\":{\"cidr\":\"x\"},\"podSelector\":{}}]}]}"))
                .containsExactly(
                        "spec.ingress[0].from[0]: Required value: must specify a peer",
                        "spec.ingress[0].from[1].ipBlock.cidr: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
                        "spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer");
    }

    @Test
    void claimsAndVolumes() {
        String spec = "\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{\"requests\":{\"storage\":\"1Gi\"}}}";
        ObjectNode claim = made("v1", "PersistentVolumeClaim", spec);
        assertThat(Json.string(claim, "spec", "volumeMode")).isEqualTo("Filesystem");
        assertThat(Json.string(claim, "status", "phase")).isEqualTo("Pending");
        assertThat(row(claim)).isEqualTo("[x, Pending, , , , , <unset>, <unknown>, Filesystem]");
        ObjectNode bound = claim.deepCopy();
        Json.child(bound, "spec").put("volumeName", "v");
        assertThat(change("v1", "PersistentVolumeClaim", claim, bound.deepCopy())).isEmpty();
        Json.child(Json.child(bound, "status").put("phase", "Bound"), "capacity").put("storage", "1Gi");
        ObjectNode grown = bound.deepCopy();
        Json.child(Json.child(Json.child(grown, "spec"), "resources"), "requests").put("storage", "2Gi");
        assertThat(change("v1", "PersistentVolumeClaim", bound, grown)).isEmpty();
        ObjectNode shrunk = bound.deepCopy();
        Json.child(Json.child(Json.child(shrunk, "spec"), "resources"), "requests").put("storage", "1Mi");
        assertThat(change("v1", "PersistentVolumeClaim", bound, shrunk))
                .containsExactly("spec.resources.requests.storage: Forbidden: field can not be less than status.capacity");
        assertThat(problems("v1", "PersistentVolumeClaim", "\"spec\":{}"))
                .containsExactly("spec.accessModes: Required value: at least 1 access mode is required", "spec.resources[storage]: Required value");
        assertThat(problems("v1", "PersistentVolume", "\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"capacity\":{\"storage\":\"1Gi\"}}"))
                .containsExactly("spec: Required value: must specify a volume type");
    }

    /// Whoever reads it makes objects of each, which take fifty times the room of an empty one's text.
    @Test
    void whereAVolumeMayBeIsSaidInSomeHundredTerms() {
        String volume = "\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"capacity\":{\"storage\":\"1Gi\"},\"local\":{\"path\":\"/disks/a\"},"
                + "\"nodeAffinity\":{\"required\":{\"nodeSelectorTerms\":[%s]}}}";
        assertThat(problems("v1", "PersistentVolume", volume.formatted("{}" + ",{}".repeat(499)))).isEmpty();
        String terms = "spec.nodeAffinity.required.nodeSelectorTerms";
        assertThat(problems("v1", "PersistentVolume", volume.formatted("{}" + ",{}".repeat(500)))).containsExactly(terms + ": Too many: 501: must have at most 500 items");
        String expression = "{\"key\":\"zone\",\"operator\":\"In\",\"values\":[%s]}";
        String one = expression.formatted("\"a\"");
        assertThat(problems("v1", "PersistentVolume", volume.formatted("{\"matchExpressions\":[" + one + ("," + one).repeat(500) + "]}")))
                .containsExactly(terms + "[0].matchExpressions: Too many: 501: must have at most 500 items");
        String name = "{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"a\"]}";
        assertThat(problems("v1", "PersistentVolume", volume.formatted("{\"matchFields\":[" + name + ("," + name).repeat(500) + "]}")))
                .containsExactly(terms + "[0].matchFields: Too many: 501: must have at most 500 items");
        assertThat(problems("v1", "PersistentVolume", volume.formatted("{\"matchExpressions\":[" + expression.formatted("\"a\"" + ",\"a\"".repeat(5000)) + "]}")))
                .containsExactly(terms + "[0].matchExpressions[0].values: Too many: 5001: must have at most 5000 items");
        ObjectNode stored = made("v1", "PersistentVolume", volume.formatted("{}" + ",{}".repeat(500)));
        assertThat(change("v1", "PersistentVolume", stored, stored.deepCopy())).as("what is there may stay").isEmpty();
    }

    @Test
    void whereAVolumeMayBe() {
        String volume = "\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"capacity\":{\"storage\":\"1Gi\"},\"local\":{\"path\":\"/disks/a\"}%s}";
        String node = "{\"key\":\"kubernetes.io/hostname\",\"operator\":\"In\",\"values\":[\"a\"]}";
        assertThat(problems("v1", "PersistentVolume", volume.formatted(",\"nodeAffinity\":{\"required\":{\"nodeSelectorTerms\":[{\"matchExpressions\":[" + node + "]}]}}"))).isEmpty();
        String affinity = ",\"nodeAffinity\":{\"required\":{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"%s\",\"operator\":\"In\",\"values\":[\"%s\"]}]}]}}";
        ObjectNode beta = made("v1", "PersistentVolume", volume.formatted(affinity.formatted("failure-domain.beta.kubernetes.io/zone", "a")));
        assertThat(change("v1", "PersistentVolume", beta, made("v1", "PersistentVolume", volume.formatted(affinity.formatted("topology.kubernetes.io/zone", "a"))))).isEmpty();
        for (String other : List.of(affinity.formatted("topology.kubernetes.io/zone", "b"), affinity.formatted("topology.kubernetes.io/region", "a"))) {
            assertThat(change("v1", "PersistentVolume", beta, made("v1", "PersistentVolume", volume.formatted(other)))).singleElement().asString()
                    .startsWith("nodeAffinity: Invalid value: ").endsWith("field is immutable, except for updating from beta label to GA");
        }
        assertThat(problems("v1", "PersistentVolume", volume.formatted(""))).containsExactly("spec.nodeAffinity: Required value: Local volume requires node affinity");
        assertThat(problems("v1", "PersistentVolume", volume.formatted(",\"nodeAffinity\":{}")))
                .containsExactly("spec.nodeAffinity.required: Required value: must specify required node constraints");
        assertThat(problems("v1", "PersistentVolume", volume.formatted(",\"nodeAffinity\":{\"required\":{\"nodeSelectorTerms\":[]}}")))
                .containsExactly("spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term");
        assertThat(problems("v1", "PersistentVolume", volume.formatted(",\"nodeAffinity\":{\"required\":{\"nodeSelectorTerms\":[{\"matchFields\":["
                        + node.replace("kubernetes.io/hostname", "metadata.uid") + "]}]}}")))
                .containsExactly("spec.nodeAffinity.required.nodeSelectorTerms[0].matchFields[0].key: Invalid value: \"metadata.uid\": not a valid field selector key");
    }

    @Test
    void autoscalers() {
        String target = "\"scaleTargetRef\":{\"kind\":\"Deployment\",\"name\":\"d\"}";
        ObjectNode made = made("autoscaling/v2", "HorizontalPodAutoscaler", "\"spec\":{\"maxReplicas\":3," + target + ",\"behavior\":{}}");
        assertThat(row(made)).isEqualTo("[x, Deployment/d, cpu: <unknown>/80%, 1, 3, 0, <unknown>]");
        assertThat(Json.number(made, -1, "spec", "behavior", "scaleUp", "stabilizationWindowSeconds")).isZero();
        assertThat(KINDS.get("autoscaling/v2", "HorizontalPodAutoscaler").validateCreate(made)).isEmpty();
        assertThat(problems("autoscaling/v2", "HorizontalPodAutoscaler", "\"spec\":{\"maxReplicas\":1,\"minReplicas\":2," + target + "}"))
                .containsExactly("spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`");
        String metric = "\"spec\":{\"maxReplicas\":3," + target + ",\"metrics\":[{\"type\":\"%s\",%s}]}";
        for (String[] each : new String[][] {
            {"Pods", "\"pods\":{\"metric\":{\"name\":\"a/b\"},\"target\":{\"type\":\"Odd\",\"averageValue\":\"0\"}}",
                "pods.metric.name: Invalid value: \"a/b\": may not contain '/'",
                "pods.target.type: Invalid value: \"Odd\": must be either Utilization, Value, or AverageValue",
                "pods.target.averageValue: Invalid value: \"0\": must be positive"},
            {"External", "\"external\":{\"metric\":{\"name\":\"m\"},\"target\":{\"type\":\"Value\",\"value\":\"1\",\"averageValue\":\"1\"}}",
                "external.target.value: Forbidden: may not set both a target value for metric and a per-pod target"},
            {"Object", "\"object\":{\"describedObject\":{\"kind\":\"K\"},\"metric\":{\"name\":\"m\"},\"target\":{\"type\":\"Value\"}}",
                "object.describedObject.name: Required value",
                "object.target.averageValue: Required value: must set either a target value or averageValue"},
            {"ContainerResource", "\"containerResource\":{\"name\":\"cpu\",\"target\":{\"type\":\"Utilization\",\"averageUtilization\":5,\"averageValue\":\"1\"}}",
                "containerResource.container: Required value: must specify a container",
                "containerResource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization"},
        }) {
            assertThat(problems("autoscaling/v2", "HorizontalPodAutoscaler", metric.formatted(each[0], each[1])))
                    .containsExactly(java.util.Arrays.stream(each).skip(2).map(wrong -> "spec.metrics[0]." + wrong).toArray(String[]::new));
        }
        assertThat(problems("autoscaling/v1", "HorizontalPodAutoscaler", "\"spec\":{\"maxReplicas\":0}"))
                .contains("spec.maxReplicas: Invalid value: 0: must be greater than 0", "spec.scaleTargetRef.kind: Required value");
    }

    @Test
    void quotasAndLimits() {
        ObjectNode quota = made("v1", "ResourceQuota", "\"spec\":{\"hard\":{\"pods\":\"5\",\"limits.cpu\":\"2\"}}");
        Json.child(quota, "status").set("hard", quota.path("spec").path("hard"));
        Json.child(Json.child(quota, "status"), "used").put("pods", "1").put("limits.cpu", "500m");
        assertThat(row(quota)).isEqualTo("[x, pods: 1/5, limits.cpu: 500m/2, <unknown>]");
        assertThat(problems("v1", "ResourceQuota", "\"spec\":{\"hard\":{\"requests.cpu\":\"5\"},\"scopes\":[\"BestEffort\"]}").toString())
                .contains("spec.scopes", "unsupported scope applied to resource");
        assertThat(problems("v1", "ResourceQuota", "\"spec\":{\"hard\":{\"pods\":\"5\",\"requests.cpu\":\"5\"},\"scopes\":[\"NotTerminating\"]}")).isEmpty();
        assertThat(problems("v1", "ResourceQuota", "\"spec\":{\"hard\":{\"secrets\":\"5\"},\"scopeSelector\":{\"matchExpressions\":[{\"scopeName\":\"Terminating\",\"operator\":\"In\",\"values\":[\"x\"]}]}}").toString())
                .contains("unsupported scope applied to resource", "must be 'Exists'");
        assertThat(problems("v1", "ResourceQuota", "\"spec\":{\"hard\":{\"pods\":\"1500m\",\"requests.cpu\":\"1500m\"}}").toString()).contains("spec.hard[pods]").doesNotContain("cpu");
        assertThat(problems("v1", "ResourceQuota", "\"spec\":{\"hard\":{\"bananas\":\"5\"},\"scopes\":[\"BestEffort\",\"NotBestEffort\"]}"))
                .containsExactly(
                        "spec.hard[bananas]: Invalid value: \"bananas\": must be a standard resource type or fully qualified",
                        "spec.hard[bananas]: Invalid value: \"bananas\": must be a standard resource for quota",
                        "spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\"]: conflicting scopes");
        ObjectNode range = made("v1", "LimitRange", "\"spec\":{\"limits\":[{\"type\":\"Container\",\"max\":{\"cpu\":\"2\"},\"min\":{\"memory\":\"1Mi\"}}]}");
        assertThat(Json.print(range.path("spec").path("limits").path(0)))
                .contains("\"default\":{\"cpu\":\"2\"}", "\"defaultRequest\":{\"cpu\":\"2\",\"memory\":\"1Mi\"}");
        assertThat(problems("v1", "LimitRange", "\"spec\":{\"limits\":[{\"type\":\"Pod\",\"max\":{\"cpu\":\"1\"},\"min\":{\"cpu\":\"2\"}}]}"))
                .containsExactly("spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value 1");
    }

    @Test
    void roles() {
        String group = "rbac.authorization.k8s.io/v1";
        assertThat(problems(group, "Role", "\"rules\":[{\"verbs\":[\"get\"]},{\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}]"))
                .containsExactly(
                        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
                        "rules[0].resources: Required value: resource rules must supply at least one resource",
                        "rules[1].verbs: Required value: verbs must contain at least one value");
        assertThat(problems(group, "Role", "\"rules\":[{\"verbs\":[\"get\"],\"nonResourceURLs\":[\"/x\"]}]"))
                .containsExactly("rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs");
        ObjectNode binding = made(group, "RoleBinding", "\"roleRef\":{\"kind\":\"Role\",\"name\":\"r\"},\"subjects\":[{\"kind\":\"User\",\"name\":\"u\"}]");
        assertThat(Json.string(binding, "roleRef", "apiGroup")).isEqualTo("rbac.authorization.k8s.io");
        assertThat(row(binding)).isEqualTo("[x, Role/r, <unknown>, u, , ]");
        ObjectNode other = binding.deepCopy();
        Json.child(other, "roleRef").put("name", "other");
        assertThat(change(group, "RoleBinding", binding, other)).singleElement().asString().endsWith(": cannot change roleRef");
        assertThat(problems(group, "ClusterRoleBinding", "\"roleRef\":{\"kind\":\"Role\",\"name\":\"r\"}"))
                .containsExactly("roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"");
    }

    @Test
    void usagesOfCertificatesAreKnownAndSaidOnce() {
        String request = "\"spec\":{\"request\":\"" + CertificateRequestTest.ENCODED + "\",\"signerName\":\"example.org/one\",\"usages\":%s}";
        assertThat(problems("certificates.k8s.io/v1", "CertificateSigningRequest", request.formatted("[\"client auth\",\"key encipherment\",\"any\"]"))).isEmpty();
        assertThat(problems("certificates.k8s.io/v1", "CertificateSigningRequest", request.formatted("[\"client auth\",\"nope\",\"client auth\"]")))
                .satisfiesExactly(
                        wrong -> assertThat(wrong).startsWith("spec.usages[1]: Unsupported value: \"nope\": supported values: \"any\""),
                        wrong -> assertThat(wrong).isEqualTo("spec.usages[2]: Duplicate value: \"client auth\""));
    }

    @Test
    void classes() {
        assertThat(row(made("storage.k8s.io/v1", "StorageClass", "\"provisioner\":\"p\""))).isEqualTo("[x, p, Delete, Immediate, false, <unknown>]");
        ObjectNode priority = made("scheduling.k8s.io/v1", "PriorityClass", "\"value\":7");
        assertThat(row(priority)).isEqualTo("[x, 7, false, <unknown>, PreemptLowerPriority]");
        assertThat(made("scheduling.k8s.io/v1", "PriorityClass", "\"globalDefault\":true").path("value").toString()).as("clients in Go leave out no zero").isEqualTo("0");
        ObjectNode other = priority.deepCopy();
        other.put("value", 8);
        assertThat(change("scheduling.k8s.io/v1", "PriorityClass", priority, other))
                .containsExactly("value: Forbidden: may not be changed in an update.");
        assertThat(problems("scheduling.k8s.io/v1", "PriorityClass", "\"value\":1000000001"))
                .containsExactly("value: Forbidden: maximum allowed value of a user defined priority is 1000000000");
        assertThat(problems("node.k8s.io/v1", "RuntimeClass", "\"handler\":\"A\"")).singleElement().asString().startsWith("handler: Invalid value: \"A\"");
        assertThat(problems("policy/v1", "PodDisruptionBudget", "\"spec\":{\"minAvailable\":1,\"maxUnavailable\":\"150%\"}"))
                .containsExactly(
                        "spec: Invalid value: {\"minAvailable\":1,\"maxUnavailable\":\"150%\"}: minAvailable and maxUnavailable cannot be both set",
                        "spec.maxUnavailable: Invalid value: \"150%\": must not be greater than 100%");
    }

    @Test
    void webhooksAndDefinitions() {
        ObjectNode made = made(
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                "\"webhooks\":[{\"name\":\"a.example.com\",\"sideEffects\":\"None\",\"admissionReviewVersions\":[\"v1\"],"
                        + "\"clientConfig\":{\"service\":{\"name\":\"s\",\"namespace\":\"d\"}}}]");
        ObjectNode hook = Json.objects(made, "webhooks").getFirst();
        assertThat(Json.string(hook, "failurePolicy")).isEqualTo("Fail");
        assertThat(Json.number(hook, 0, "timeoutSeconds")).isEqualTo(10);
        assertThat(Json.number(hook, 0, "clientConfig", "service", "port")).isEqualTo(443);
        assertThat(row(made)).isEqualTo("[x, 1, <unknown>]");
        assertThat(problems("apiextensions.k8s.io/v1", "CustomResourceDefinition", "\"spec\":{\"group\":\"example.com\",\"scope\":\"Namespaced\","
                        + "\"names\":{\"plural\":\"foos\",\"kind\":\"Foo\"},\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":false}]}"))
                .contains(
                        "metadata.name: Invalid value: \"x\": must be spec.names.plural+\".\"+spec.group",
                        "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required");
    }

    @Test
    void definitionsHaveNamesAndWarnings() {
        var label = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an "
                + "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
        assertThat(problems("apiextensions.k8s.io/v1", "CustomResourceDefinition", "\"spec\":{\"group\":\"example\","
                        + "\"names\":{\"plural\":\"foos\",\"kind\":\"F.o\",\"shortNames\":[\"fo\",\"F\"],\"categories\":[\"1\"]},\"versions\":["
                        + "{\"name\":\"v1\",\"served\":true,\"storage\":true,\"deprecationWarning\":\"old\",\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}},"
                        + "{\"name\":\"v2\",\"served\":true,\"storage\":false,\"deprecated\":true,\"deprecationWarning\":\"" + "o".repeat(257)
                        + "\",\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}}]}"))
                .contains(
                        "spec.group: Invalid value: \"example\": should be a domain with at least one dot",
                        "spec.scope: Required value",
                        "spec.names.kind: Invalid value: \"F.o\": may have mixed case, but should otherwise match: " + label,
                        "spec.names.shortNames[1]: Invalid value: \"F\": " + label,
                        "spec.names.categories[0]: Invalid value: \"1\": " + label,
                        "spec.versions[0].deprecationWarning: Invalid value: \"old\": can only be set for deprecated versions",
                        "spec.versions[1].deprecationWarning: Invalid value: \"" + "o".repeat(257) + "\": must be <= 256 characters long");
    }

    @Test
    void endpoints() {
        ObjectNode slice = made(
                "discovery.k8s.io/v1",
                "EndpointSlice",
                "\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"]},{\"addresses\":[\"10.0.0.3\"]},{\"addresses\":[\"10.0.0.4\"]}],\"ports\":[{\"port\":80}]");
        assertThat(row(slice)).isEqualTo("[x, IPv4, 80, 10.0.0.1,10.0.0.2,10.0.0.3 + 1 more..., <unknown>]");
        assertThat(problems("discovery.k8s.io/v1", "EndpointSlice",
                        "\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"10.0.0.1\"],\"hints\":{\"forZones\":[{\"name\":\"a\"},{\"name\":\"a\"}]}}],\"ports\":[{\"appProtocol\":\"a//b\"}]"))
                .hasSize(2).contains("endpoints[0].hints.forZones[1].name: Duplicate value: \"a\"").anyMatch(each -> each.startsWith("ports[0].appProtocol: Invalid value: \"a//b\""));
        assertThat(problems("discovery.k8s.io/v1", "EndpointSlice", "\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"127.0.0.1\"]},{\"addresses\":[]}]"))
                .containsExactly(
                        "endpoints[0].addresses[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)",
                        "endpoints[1].addresses: Required value: must contain at least 1 address");
    }
}
