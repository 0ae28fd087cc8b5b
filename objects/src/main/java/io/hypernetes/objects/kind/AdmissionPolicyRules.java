package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.AdmissionLanguage;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// ValidatingAdmissionPolicies and MutatingAdmissionPolicies: their form, and whether their expressions compile.
final class AdmissionPolicyRules implements KindRules {
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
        if (mutating) {
            Json.setDefault(spec, "reinvocationPolicy", "Never");
        }
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

    /// Whoever uses the kind that has no effect is told each time.
    @Override
    public String deprecation() {
        return mutating ? "MutatingAdmissionPolicies are stored, but nothing enforces them: use a mutating webhook" : "";
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
        if (mutating) {
            if (spec.path("mutations").isEmpty()) {
                errors.required("spec.mutations", "mutations must contain at least one item");
            }
        } else {
            if (spec.path("validations").isEmpty() && spec.path("auditAnnotations").isEmpty()) {
                errors.required("spec.validations", "validations or auditAnnotations must contain at least one item");
            }
            List<ObjectNode> validations = Json.objects(spec, "validations");
            for (int i = 0; i < validations.size(); i++) {
                if (Json.string(validations.get(i), "expression").isBlank()) {
                    errors.required("spec.validations[" + i + "].expression", "expression is not specified");
                }
            }
            AdmissionLanguage.checkPolicy(spec).forEach(errors::add);
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
