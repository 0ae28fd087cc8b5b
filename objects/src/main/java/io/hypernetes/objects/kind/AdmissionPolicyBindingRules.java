package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// ValidatingAdmissionPolicyBindings and MutatingAdmissionPolicyBindings.
final class AdmissionPolicyBindingRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .text("PolicyName", "The policy that is put into effect.", "spec", "policyName")
            .cell("ParamRef", "Its parameters.", AdmissionPolicyBindingRules::parameters)
            .age();

    private final boolean mutating;

    AdmissionPolicyBindingRules(boolean mutating) {
        this.mutating = mutating;
    }

    @Override
    public void defaults(ObjectNode binding) {
        if (binding.path("spec").get("matchResources") instanceof ObjectNode constraints) {
            AdmissionPolicyRules.constraints(constraints);
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode binding, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(binding);
        String policy = Json.string(spec, "policyName");
        if (policy.isEmpty()) {
            errors.required("spec.policyName", "");
        } else {
            errors.invalid("spec.policyName", policy, Names.subdomain(policy));
        }
        if (spec.path("paramRef").isObject()) {
            reference(spec.path("paramRef"), errors);
        }
        if (spec.path("matchResources").isObject()) {
            // Upstream's path of these lacks a letter: validateValidatingAdmissionPolicyBindingSpec of `pkg/apis/admissionregistration/validation/validation.go`.
            AdmissionPolicyRules.constraints(spec.path("matchResources"), mutating ? "spec.matchResources" : "spec.matchResouces", errors);
            if (mutating) {
                AdmissionPolicyRules.operations(spec.path("matchResources"), "spec.matchResources", errors);
            }
        }
        if (mutating) {
            return;
        }
        JsonNode actions = spec.path("validationActions");
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < actions.size() && !errors.isFull(); i++) {
            String action = actions.path(i).asString("");
            errors.oneOf("spec.validationActions[" + i + "]", action, List.of("Audit", "Deny", "Warn"));
            if (!seen.add(action)) {
                errors.duplicate("spec.validationActions[" + i + "]", action);
            }
        }
        if (seen.containsAll(Set.of("Deny", "Warn"))) {
            errors.invalid("spec.validationActions", actions, "must not contain both Deny and Warn (repeating the same validation failure information"
                    + " in the API response and headers serves no purpose)");
        }
        if (actions.isEmpty()) {
            errors.required("spec.validationActions", "at least one validation action is required");
        }
    }

    private static void reference(JsonNode reference, Errors errors) {
        String name = Json.string(reference, "name");
        boolean selected = reference.path("selector").isObject();
        errors.invalid("spec.paramRef.name", name, RoleRules.pathSegment(name));
        if (!name.isEmpty() && selected) {
            errors.forbidden("spec.paramRef.name", "name and selector are mutually exclusive");
        }
        WorkloadValidation.selector(reference.path("selector"), "spec.paramRef.selector", errors);
        if (!name.isEmpty() && selected) {
            errors.forbidden("spec.paramRef.selector", "name and selector are mutually exclusive");
        }
        if (name.isEmpty() && !selected) {
            errors.required("spec.paramRef", "one of name or selector must be specified");
        }
        String missing = Json.string(reference, "parameterNotFoundAction");
        if (missing.isEmpty()) {
            errors.required("spec.paramRef.parameterNotFoundAction", "");
        } else {
            errors.oneOf("spec.paramRef.parameterNotFoundAction", missing, List.of("Deny", "Allow"));
        }
    }

    private static String parameters(ObjectNode binding) {
        JsonNode reference = binding.path("spec").path("paramRef");
        if (!reference.isObject()) {
            return "<unset>";
        }
        String name = Json.string(reference, "name");
        String namespace = Json.string(reference, "namespace");
        return (namespace.isEmpty() ? "" : namespace + "/") + (name.isEmpty() ? "*" : name);
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
