package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// As upstream's `test/e2e/apimachinery/validatingadmissionpolicy.go` ("should type check validation expressions", "should type check a CRD").
class PolicyTypesTest extends ClusterTest {
    private static final String POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";

    private static String policy(String name, String group, String version, String resources, String expression, String more) {
        return """
                {"metadata":{"name":"%s"},"spec":{%s"matchConstraints":{"resourceRules":[
                {"apiGroups":["%s"],"apiVersions":["%s"],"operations":["*"],"resources":[%s]}]},"validations":[{"expression":"%s"}]}}"""
                .formatted(name, more, group, version, resources, expression);
    }

    private static List<String> warnings(JsonNode policy) {
        assertThat(policy.path("status").path("observedGeneration").asLong()).isEqualTo(policy.path("metadata").path("generation").asLong());
        assertThat(policy.path("status").path("typeChecking").isObject()).isTrue();
        return Json.objects(policy.path("status").path("typeChecking"), "expressionWarnings").stream()
                .map(warning -> Json.string(warning, "fieldRef") + " " + Json.string(warning, "warning"))
                .toList();
    }

    @Test
    void whatTheTypeOfADeploymentHasNotIsWarnedOf() {
        var wrong = admin.post(POLICIES, policy("wrong", "apps", "v1", "\"deployments\"", "object.spec.replica <= 5", "")).expect(201).json();
        assertThat(warnings(wrong)).containsExactly("spec.validations[0].expression "
                + "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replica'\n | object.spec.replica <= 5\n | ...........^\n");
        assertThat(warnings(admin.post(POLICIES, policy("kinds", "apps", "v1", "\"replicasets\",\"deployments\",\"pods\"", "object.spec.replicas > '1'", "")).expect(201).json()))
                .singleElement()
                .asString()
                .startsWith("spec.validations[0].expression apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'")
                .contains("\n\napps/v1, Kind=ReplicaSet: ERROR:");
        // What is mended is said anew.
        var mended = admin.patch(POLICIES + "/wrong", "application/merge-patch+json", "{\"spec\":{\"validations\":[{\"expression\":\"object.spec.replicas > 1\"}]}}");
        assertThat(mended.expect(200).json().path("metadata").path("generation").asLong()).isEqualTo(2);
        assertThat(warnings(mended.json())).isEmpty();
        var labelled = admin.patch(POLICIES + "/wrong", "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}").expect(200).json();
        assertThat(labelled.path("status")).isEqualTo(mended.json().path("status"));
    }

    @Test
    void variablesHaveTypesToo() {
        var variables = "\"variables\":[{\"name\":\"count\",\"expression\":\"object.spec.replicas\"},{\"name\":\"twice\",\"expression\":\"variables.count * 2\"}],";
        assertThat(warnings(admin.post(POLICIES, policy("typed", "apps", "v1", "\"deployments\"", "variables.twice == 'two'", variables)).expect(201).json())).hasSize(1);
        assertThat(warnings(admin.post(POLICIES, policy("right", "apps", "v1", "\"deployments\"", "variables.twice == 2", variables)).expect(201).json())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "object.metadata.namespace != 'x'",
        "oldObject == null || object.spec.replicas >= oldObject.spec.replicas",
        "object.spec.template.spec.containers.all(c, !has(c.resources.limits) || quantity(c.resources.limits['memory']).isLessThan(quantity('1Gi')))",
        "object.?metadata.?labels[?'app'].orValue('') == 'web'",
        "has(object.spec.strategy.rollingUpdate) && object.spec.strategy.rollingUpdate.maxSurge == '25%'",
        "object.spec.strategy.rollingUpdate.maxSurge == 1",
        "timestamp(object.metadata.creationTimestamp) > timestamp('2020-01-01T00:00:00Z')",
        "request.operation == 'CREATE' && namespaceObject.metadata.name == 'x' && authorizer.group('').resource('pods').check('get').allowed()",
        "request.userInfo.extra['k'].exists(v, v == 'x') && request.options.dryRun == ['All'] && request.subResource == '' && request.requestKind.kind == 'Pod'",
        "namespaceObject == null || namespaceObject.metadata.labels.env == 'prod' && namespaceObject.status.conditions.all(c, c.type != 'x')",
        "timestamp(namespaceObject.metadata.creationTimestamp) > timestamp('2020-01-01T00:00:00Z')",
        "object.metadata.labels.exists(name, name.startsWith('a'))"})
    void whatIsRightIsNotWarnedOf(String expression) {
        var made = admin.post(POLICIES + "?dryRun=All", policy("fine", "apps", "v1", "\"deployments\"", expression, "")).expect(201);
        assertThat(warnings(made.json())).isEmpty();
    }

    /// `BuildRequestType` and `BuildNamespaceType` of upstream's `pkg/admission/plugin/cel/compile.go`.
    @ParameterizedTest
    @ValueSource(strings = {
        "request.verb == 'CREATE'", "request.kind.resource == 'x'", "request.userInfo.groups == 'x'", "request.dryRun == 'true'",
        "namespaceObject.metadata.managedFields == []", "namespaceObject.spec.other == 'x'", "namespaceObject.metadata.labels['a'] == 1"})
    void requestAndNamespaceHaveTypesToo(String expression) {
        var made = admin.post(POLICIES + "?dryRun=All", policy("odd", "apps", "v1", "\"deployments\"", expression, "")).expect(201);
        assertThat(warnings(made.json())).singleElement().asString().contains("apps/v1, Kind=Deployment: ERROR: <input>:1:");
    }

    @Test
    void definedKindsAreKnownByTheirSchema() {
        admin.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", """
                {"metadata":{"name":"crontabs.types.example.com"},"spec":{"group":"types.example.com","scope":"Namespaced",
                 "names":{"plural":"crontabs","singular":"crontab","kind":"CronTab"},
                 "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object",
                 "properties":{"cronSpec":{"type":"string"},"replicas":{"type":"integer"},"free":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}}}}]}}""")
                .expect(201);
        var group = "types.example.com";
        assertThat(warnings(admin.post(POLICIES, policy("crd", group, "v1", "\"crontabs\"", "object.spec.replicas > '1'", "")).expect(201).json()))
                .singleElement()
                .asString()
                .startsWith("spec.validations[0].expression types.example.com/v1, Kind=CronTab: ERROR: <input>:1:22: found no matching overload");
        assertThat(warnings(admin.post(POLICIES, policy("crd-right", group, "v1", "\"crontabs\"", "object.spec.replicas > 1 && object.spec.free.any == 'x' && object.metadata.name != ''", ""))
                .expect(201).json())).isEmpty();
        // A rule with a star names nobody.
        assertThat(warnings(admin.post(POLICIES, policy("star", "*", "v1", "\"deployments\"", "object.nothing", "")).expect(201).json())).isEmpty();
    }
}
