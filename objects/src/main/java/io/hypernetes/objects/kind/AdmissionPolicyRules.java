package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.ExpressionsSize;
import io.hypernetes.objects.cel.MutationLanguage;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// ValidatingAdmissionPolicies and MutatingAdmissionPolicies: their form, and whether their expressions compile.
final class AdmissionPolicyRules implements KindRules {
    private static final List<String> PATCH_TYPES = List.of("ApplyConfiguration", "JSONPatch");
    private static final int MOST_CONDITIONS = 64;

    /// Of ours: upstream compiles as many as there are.
    static final int MOST_EXPRESSIONS = 1000;

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

    /// In the order of validateValidatingAdmissionPolicySpec of upstream's `pkg/apis/admissionregistration/validation/validation.go`, but for what expressions
    /// say, which comes last.
    @Override
    public void validate(ObjectNode policy, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(policy);
        int told = errors.count();
        errors.oneOf("spec.failurePolicy", Json.string(spec, "failurePolicy"), List.of("Fail", "Ignore"));
        parameters(spec.path("paramKind"), errors);
        JsonNode constraints = spec.path("matchConstraints");
        if (!constraints.isObject()) {
            errors.required("spec.matchConstraints", "");
        } else {
            constraints(constraints, "spec.matchConstraints", errors);
            if (constraints.path("resourceRules").isEmpty()) {
                errors.required("spec.matchConstraints.resourceRules", "");
            }
        }
        if (mutating) {
            operations(constraints, "spec.matchConstraints", errors);
        }
        conditions(spec, "spec.", errors);
        variables(spec, errors);
        if (mutating) {
            mutations(spec, errors);
        } else {
            PolicyValidation.validate(spec, Json.string(policy, "metadata", "name"), errors);
        }
        // To compile takes a millisecond or more, so what is refused anyway is not compiled.
        if (errors.count() == told) {
            expressions(spec, errors);
        }
    }

    private void expressions(JsonNode spec, Errors errors) {
        List<ObjectNode> mutations = mutating ? Json.objects(spec, "mutations") : List.of();
        int count = mutations.size() + AdmissionLanguage.count(spec);
        if (count > MOST_EXPRESSIONS) {
            errors.invalid("spec", count, "must not have more than " + MOST_EXPRESSIONS + " expressions in all");
            return;
        }
        ExpressionsSize size = new ExpressionsSize(ExpressionsSize.OF_POLICY);
        for (int i = 0; i < mutations.size() && !errors.isFull(); i++) {
            MutationLanguage.check(MutationLanguage.Kind.of(mutations.get(i)), mutations.get(i), "spec.mutations[" + i + "]", size).ifPresent(errors::add);
        }
        AdmissionLanguage.checkPolicy(spec, size).forEach(errors::add);
        size.check("spec").ifPresent(errors::add);
    }

    @Override
    public void validateStatus(ObjectNode policy, ObjectNode old, Errors errors) {
        errors.addNew(now -> PolicyValidation.status(policy.path("status"), now), before -> PolicyValidation.status(old.path("status"), before));
    }

    private static void mutations(JsonNode spec, Errors errors) {
        List<ObjectNode> mutations = Json.objects(spec, "mutations");
        if (mutations.isEmpty()) {
            errors.required("spec.mutations", "mutations must contain at least one item");
        }
        for (int i = 0; i < mutations.size() && !errors.isFull(); i++) {
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
        }
    }

    private static void parameters(JsonNode kind, Errors errors) {
        if (!kind.isObject()) {
            return;
        }
        String at = "spec.paramKind.apiVersion";
        String version = Json.string(kind, "apiVersion");
        int slash = version.indexOf('/');
        if (version.isEmpty()) {
            errors.required(at, "");
        } else if (slash != version.lastIndexOf('/')) {
            errors.invalid(at, version, "unexpected GroupVersion string: " + version);
        } else {
            joined(at, version.substring(0, Math.max(0, slash)), Names::subdomain, errors);
            if (slash == version.length() - 1) {
                errors.invalid(at, version, "version must be specified");
            }
            joined(at, version.substring(slash + 1), Names::label1035, errors);
        }
        String name = Json.string(kind, "kind");
        List<String> wrong = Names.label1035(name.toLowerCase(Locale.ROOT));
        if (name.isEmpty()) {
            errors.required("spec.paramKind.kind", "");
        } else if (!wrong.isEmpty()) {
            errors.invalid("spec.paramKind.kind", name, "may have mixed case, but should otherwise match: " + String.join(",", wrong));
        }
    }

    private static void joined(String at, String part, Function<String, List<String>> check, Errors errors) {
        List<String> wrong = part.isEmpty() ? List.of() : check.apply(part);
        if (!wrong.isEmpty()) {
            errors.invalid(at, part, String.join(",", wrong));
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
        for (int i = 0; i < conditions.size() && !errors.isFull(); i++) {
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
        for (int i = 0; i < variables.size() && !errors.isFull(); i++) {
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
        errors.oneOf(at + ".matchPolicy", Json.string(constraints, "matchPolicy"), List.of("Equivalent", "Exact"));
        WorkloadValidation.selector(constraints.path("namespaceSelector"), at + ".namespaceSelector", errors);
        WorkloadValidation.selector(constraints.path("objectSelector"), at + ".objectSelector", errors);
        for (String list : List.of("resourceRules", "excludeResourceRules")) {
            List<ObjectNode> rules = Json.objects(constraints, list);
            for (int i = 0; i < rules.size() && !errors.isFull(); i++) {
                AdmissionRuleValidation.named(rules.get(i), at + "." + list + "[" + i + "]", errors);
            }
        }
    }

    @Override
    public Layout layout() {
        return layout;
    }
}
