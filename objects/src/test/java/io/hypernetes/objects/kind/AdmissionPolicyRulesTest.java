package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// What is refused of policies and bindings.
class AdmissionPolicyRulesTest {
    private static final Kinds KINDS = Kinds.load();
    private static final String POLICY =
            """
            {"metadata":{"name":"p.example.com"},"spec":{"reinvocationPolicy":"Never",
             "matchConstraints":{"resourceRules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]},
             "mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{}"}}]}}""";
    private static final String BINDING =
            """
            {"metadata":{"name":"b.example.com"},"spec":{"policyName":"p.example.com","paramRef":{"name":"x","parameterNotFoundAction":"Deny"}}}""";

    private static List<String> problems(String kind, String object) {
        Kind rules = KINDS.get("admissionregistration.k8s.io/v1", kind);
        ObjectNode made = Json.readObject(object);
        rules.setDefaults(made);
        return rules.validateCreate(made).stream().map(FieldError::text).toList();
    }

    @Test
    void whatIsWellFormedIsTakenWithItsDefaults() {
        assertThat(problems("MutatingAdmissionPolicy", POLICY)).isEmpty();
        assertThat(problems("MutatingAdmissionPolicyBinding", BINDING)).isEmpty();
        ObjectNode made = Json.readObject(POLICY);
        KINDS.get("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy").setDefaults(made);
        assertThat(Json.string(made, "spec", "failurePolicy")).isEqualTo("Fail");
        assertThat(Json.string(made, "spec", "matchConstraints", "matchPolicy")).isEqualTo("Equivalent");
        assertThat(made.path("spec").path("matchConstraints").path("resourceRules").path(0).path("scope").asString("")).isEqualTo("*");
    }

    @Test
    void anEmptyMutatingPolicyLacksEverything() {
        assertThat(problems("MutatingAdmissionPolicy", "{\"metadata\":{\"name\":\"p\"},\"spec\":{}}"))
                .containsExactlyInAnyOrder(
                        "spec.matchConstraints: Required value",
                        "spec.mutations: Required value: mutations must contain at least one item",
                        "spec.reinvocationPolicy: Required value");
    }

    /// A part of the policy, what takes its place, and what is said of it.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"reinvocationPolicy\":\"Never\"|\"reinvocationPolicy\":\"other\"|spec.reinvocationPolicy: Unsupported value: \"other\": supported values: \"IfNeeded\", \"Never\"",
                "\"reinvocationPolicy\":\"Never\"|\"reinvocationPolicy\":\"Never\",\"failurePolicy\":\"other\"|spec.failurePolicy: Unsupported value: \"other\": supported values: \"Fail\", \"Ignore\"",
                "\"reinvocationPolicy\":\"Never\"|\"reinvocationPolicy\":\"Never\",\"paramKind\":{\"apiVersion\":\"v1\"}|spec.paramKind.kind: Required value",
                "\"reinvocationPolicy\":\"Never\"|\"reinvocationPolicy\":\"Never\",\"matchConditions\":[{\"expression\":\"true\"}]|spec.matchConditions[0].name: Required value",
                "\"reinvocationPolicy\":\"Never\"|\"reinvocationPolicy\":\"Never\",\"matchConditions\":[{\"name\":\"a\",\"expression\":\"true\"},{\"name\":\"a\",\"expression\":\"true\"}]|spec.matchConditions[1].name: Duplicate value: \"a\"",
                "\"reinvocationPolicy\":\"Never\"|\"reinvocationPolicy\":\"Never\",\"variables\":[{\"name\":\"in\",\"expression\":\"1\"}]|spec.variables[0].name: Invalid value: \"in\": name is not a valid CEL identifier",
                "\"reinvocationPolicy\":\"Never\"|\"reinvocationPolicy\":\"Never\",\"variables\":[{\"name\":\"a\",\"expression\":\" \"}]|spec.variables[0].expression: Required value: expression is not specified",
                "\"CREATE\"|\"CREATE\",\"DELETE\"|spec.matchConstraints.resourceRules.operations: Unsupported value: \"DELETE\": supported values: \"*\", \"CONNECT\", \"CREATE\", \"UPDATE\"",
                "\"patchType\":\"ApplyConfiguration\"|\"patchType\":\"other\"|spec.mutations[0].patchType: Unsupported value: \"other\": supported values: \"ApplyConfiguration\", \"JSONPatch\"",
                "\"patchType\":\"ApplyConfiguration\",|``|spec.mutations[0].patchType: Required value",
                "\"patchType\":\"ApplyConfiguration\"|\"patchType\":\"JSONPatch\"|spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
                "\"patchType\":\"ApplyConfiguration\"|\"patchType\":\"JSONPatch\"|spec.mutations[0].applyConfiguration: Invalid value: \"{applyConfiguration}\": must not be specified when patchType is JSONPatch",
                "\"expression\":\"Object{}\"|\"expression\":\"  \"|spec.mutations[0].applyConfiguration.expression: Required value",
                "Object{}|Object.spec{}|spec.mutations[0].applyConfiguration.expression: Invalid value: \"Object.spec{}\": must evaluate to Object but got Object.spec",
                "Object{}|Object{|spec.mutations[0].applyConfiguration.expression: Invalid value: \"Object{\": compilation failed: ERROR",
            })
    void aMutatingPolicyIsRefusedForEach(String part, String instead, String problem) {
        assertThat(problems("MutatingAdmissionPolicy", POLICY.replace(part, instead == null ? "" : instead)))
                .anySatisfy(each -> assertThat(each).startsWith(problem));
    }

    /// Each is no longer than an expression may be.
    @Test
    void expressionsHaveSoManyPartsAndNoMore() {
        String large = "{\"name\":\"v%d\",\"expression\":\"[1" + ",1".repeat(14_000) + "]\"}";
        String two = large.formatted(1) + "," + large.formatted(2);
        assertThat(problems("MutatingAdmissionPolicy", POLICY.replace("\"mutations\"", "\"variables\":[" + two + "],\"mutations\""))).isEmpty();
        String three = two + "," + large.formatted(3) + "," + large.formatted(4);
        assertThat(problems("MutatingAdmissionPolicy", POLICY.replace("\"mutations\"", "\"variables\":[" + three + "],\"mutations\"")))
                .singleElement(InstanceOfAssertFactories.STRING)
                .startsWith("spec: Invalid value: 42007: the expressions together must not have more than 30000 names, constants, operators and calls");
        String longest = "{\"name\":\"v\",\"expression\":\"[1" + ",1".repeat(30_000) + "]\"}";
        assertThat(problems("MutatingAdmissionPolicy", POLICY.replace("\"mutations\"", "\"variables\":[" + longest + "],\"mutations\"")))
                .singleElement(InstanceOfAssertFactories.STRING)
                .startsWith("spec.variables[0].expression: Invalid value: ")
                .contains("compilation failed: the expression has more than 20000 names");
        String hook = """
                {"name":"h%d.example.com","clientConfig":{"url":"https://example.com"},"sideEffects":"None","admissionReviewVersions":["v1"],
                 "matchConditions":[{"name":"c","expression":"[1%s].size() > 1"}]}""";
        String hooks = "{\"metadata\":{\"name\":\"w\"},\"webhooks\":[" + hook.formatted(1, ",1".repeat(16_000)) + "," + hook.formatted(2, ",1".repeat(16_000)) + "]}";
        assertThat(problems("ValidatingWebhookConfiguration", hooks))
                .singleElement(InstanceOfAssertFactories.STRING)
                .startsWith("webhooks: Invalid value: 32010: the expressions together must not have more than 30000");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"policyName\":\"p.example.com\"|\"policyName\":\"\"|spec.policyName: Required value",
                "\"policyName\":\"p.example.com\"|\"policyName\":\"!!!\"|spec.policyName: Invalid value: \"!!!\"",
                "\"name\":\"x\",|\"selector\":{},\"name\":\"x\",|spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
                "\"name\":\"x\",|``|spec.paramRef: Required value: one of name or selector must be specified",
                ",\"parameterNotFoundAction\":\"Deny\"|``|spec.paramRef.parameterNotFoundAction: Required value",
                "\"policyName\"|\"matchResources\":{\"resourceRules\":[{\"operations\":[\"DELETE\"],\"apiGroups\":[\"\"],\"apiVersions\":[\"v1\"],\"resources\":[\"pods\"]}]},\"policyName\"|spec.matchResources.resourceRules.operations: Unsupported value: \"DELETE\"",
            })
    void aBindingIsRefusedForEach(String part, String instead, String problem) {
        assertThat(problems("MutatingAdmissionPolicyBinding", BINDING.replace(part, instead == null ? "" : instead)))
                .anySatisfy(each -> assertThat(each).startsWith(problem));
    }

    /// In the path that upstream gives it.
    @Test
    void whatABindingMatches() {
        String match = BINDING.replace("\"policyName\"", "\"validationActions\":[\"Deny\"],\"matchResources\":{\"matchPolicy\":\"odd\"},\"policyName\"");
        assertThat(problems("ValidatingAdmissionPolicyBinding", match))
                .containsExactly("spec.matchResouces.matchPolicy: Unsupported value: \"odd\": supported values: \"Equivalent\", \"Exact\"");
    }
}
