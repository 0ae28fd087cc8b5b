package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.MutationLanguage;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// ValidatingAdmissionPolicies and MutatingAdmissionPolicies: their form, and whether their expressions compile.
final class AdmissionPolicyRules implements KindRules {
    private static final List<String> PATCH_TYPES = List.of("ApplyConfiguration", "JSONPatch");
    private static final int MOST_CONDITIONS = 64;
    private static final Pattern IDENTIFIER = Pattern.compile("[_a-zA-Z][_a-zA-Z0-9]*");
    private static final Set<String> RESERVED = Set.of(
            "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
            "package", "namespace", "return", "var", "void", "while");

    private final boolean mutating;
    private final Layout layout;

    AdmissionPolicyRules(boolean mutating) {
        this.mutating = mutating;
        String list = mutating ? "mutations" : "validations";
        this.layout = Layout.named()
                .integer(mutating ? "Mutations" : "Validations", "How many it has.", p -> p.path("spec").path(list).size())
                .cell("ParamKind", "The kind of its parameters.", p -> p.path("spec").path("paramKind").isObject()
                        ? Json.string(p, "spec", "paramKind", "apiVersion") + "/" + Json.string(p, "spec", "paramKind", "kind")
                        : "<unset>")
                .age();
    }

    @Override
    public void defaults(ObjectNode policy) {
        ObjectNode spec = Json.child(policy, "spec");
        Json.setDefault(spec, "failurePolicy", "Fail");
        if (spec.get("matchConstraints") instanceof ObjectNode constraints) {
            constraints(constraints);
        }
    }

    static void constraints(ObjectNode constraints) {
        Json.setDefault(constraints, "matchPolicy", "Equivalent");
        Json.child(constraints, "namespaceSelector");
        Json.child(constraints, "objectSelector");
        for (String list : List.of("resourceRules", "excludeResourceRules")) {
            Json.objects(constraints, list).forEach(rule -> Json.setDefault(rule, "scope", "*"));
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode policy, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(policy);
        errors.oneOf("spec.failurePolicy", Json.string(spec, "failurePolicy"), List.of("Fail", "Ignore"));
        JsonNode constraints = spec.path("matchConstraints");
        if (!constraints.isObject()) {
            errors.required("spec.matchConstraints", "");
        } else {
            if (constraints.path("resourceRules").isEmpty()) {
                errors.required("spec.matchConstraints.resourceRules", "");
            }
            constraints(constraints, "spec.matchConstraints", errors);
        }
        parameters(spec.path("paramKind"), errors);
        conditions(spec, "spec.", errors);
        variables(spec, errors);
        if (mutating) {
            operations(constraints, "spec.matchConstraints", errors);
            mutations(spec, errors);
        } else {
            validations(spec, errors);
        }
        AdmissionLanguage.checkPolicy(spec).forEach(errors::add);
    }

    private static void validations(JsonNode spec, Errors errors) {
        if (spec.path("validations").isEmpty() && spec.path("auditAnnotations").isEmpty()) {
            errors.required("spec.validations", "validations or auditAnnotations must contain at least one item");
        }
        List<ObjectNode> validations = Json.objects(spec, "validations");
        for (int i = 0; i < validations.size(); i++) {
            if (Json.string(validations.get(i), "expression").isBlank()) {
                errors.required("spec.validations[" + i + "].expression", "expression is not specified");
            }
        }
    }

    private static void mutations(JsonNode spec, Errors errors) {
        List<ObjectNode> mutations = Json.objects(spec, "mutations");
        if (mutations.isEmpty()) {
            errors.required("spec.mutations", "mutations must contain at least one item");
        }
        for (int i = 0; i < mutations.size(); i++) {
            mutation(mutations.get(i), "spec.mutations[" + i + "]", errors);
        }
        String again = Json.string(spec, "reinvocationPolicy");
        if (again.isEmpty()) {
            errors.required("spec.reinvocationPolicy", "");
        } else {
            errors.oneOf("spec.reinvocationPolicy", again, List.of("IfNeeded", "Never"));
        }
    }

    private static void mutation(ObjectNode mutation, String at, Errors errors) {
        String type = Json.string(mutation, "patchType");
        if (type.isEmpty()) {
            errors.required(at + ".patchType", "");
            return;
        }
        if (!PATCH_TYPES.contains(type)) {
            errors.oneOf(at + ".patchType", type, PATCH_TYPES);
            return;
        }
        String wanted = type.equals("JSONPatch") ? "jsonPatch" : "applyConfiguration";
        String other = type.equals("JSONPatch") ? "applyConfiguration" : "jsonPatch";
        if (mutation.has(other)) {
            errors.invalid(at + "." + other, "{" + other + "}", "must not be specified when patchType is " + type);
        }
        if (!mutation.has(wanted)) {
            errors.required(at + "." + wanted, "must be specified when patchType is " + type);
        } else if (Json.string(mutation, wanted, "expression").isBlank()) {
            errors.required(at + "." + wanted + ".expression", "");
        } else {
            MutationLanguage.check(MutationLanguage.Kind.of(mutation), mutation, at).ifPresent(errors::add);
        }
    }

    private static void parameters(JsonNode kind, Errors errors) {
        if (!kind.isObject()) {
            return;
        }
        for (String field : List.of("apiVersion", "kind")) {
            if (Json.string(kind, field).isEmpty()) {
                errors.required("spec.paramKind." + field, "");
            }
        }
    }

    /// The names of match conditions, and that they have an expression.
    ///
    /// @param at the path of their owner, ending in a dot; empty for the outermost
    static void conditions(JsonNode owner, String at, Errors errors) {
        List<ObjectNode> conditions = Json.objects(owner, "matchConditions");
        if (conditions.size() > MOST_CONDITIONS) {
            errors.add(FieldError.tooMany(at + "matchConditions", conditions.size(), MOST_CONDITIONS));
        }
        Set<String> names = new HashSet<>();
        for (int i = 0; i < conditions.size(); i++) {
            String each = at + "matchConditions[" + i + "]";
            if (Json.string(conditions.get(i), "expression").isBlank()) {
                errors.required(each + ".expression", "");
            }
            String name = Json.string(conditions.get(i), "name");
            if (name.isEmpty()) {
                errors.required(each + ".name", "");
                continue;
            }
            errors.invalid(each + ".name", name, Names.qualified(name));
            if (!names.add(name)) {
                errors.duplicate(each + ".name", name);
            }
        }
    }

    private static void variables(JsonNode spec, Errors errors) {
        List<ObjectNode> variables = Json.objects(spec, "variables");
        for (int i = 0; i < variables.size(); i++) {
            String at = "spec.variables[" + i + "]";
            String name = Json.string(variables.get(i), "name");
            if (name.isBlank()) {
                errors.required(at + ".name", "name is not specified");
            } else if (!IDENTIFIER.matcher(name).matches() || RESERVED.contains(name)) {
                errors.invalid(at + ".name", name, "name is not a valid CEL identifier");
            }
            if (Json.string(variables.get(i), "expression").isBlank()) {
                errors.required(at + ".expression", "expression is not specified");
            }
        }
    }

    /// Refuses what mutating policies are never asked about.
    static void operations(JsonNode constraints, String at, Errors errors) {
        for (ObjectNode rule : Json.objects(constraints, "resourceRules")) {
            for (JsonNode operation : rule.path("operations")) {
                errors.oneOf(at + ".resourceRules.operations", operation.asString(""), List.of("*", "CONNECT", "CREATE", "UPDATE"));
            }
        }
    }

    static void constraints(JsonNode constraints, String at, Errors errors) {
        for (String list : List.of("resourceRules", "excludeResourceRules")) {
            List<ObjectNode> rules = Json.objects(constraints, list);
            for (int i = 0; i < rules.size(); i++) {
                WebhookConfigurationRules.rule(rules.get(i), at + "." + list + "[" + i + "]", errors);
            }
        }
        WorkloadValidation.selector(constraints.path("namespaceSelector"), at + ".namespaceSelector", errors);
        WorkloadValidation.selector(constraints.path("objectSelector"), at + ".objectSelector", errors);
        String match = Json.string(constraints, "matchPolicy");
        if (!match.isEmpty()) {
            errors.oneOf(at + ".matchPolicy", match, List.of("Equivalent", "Exact"));
        }
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
