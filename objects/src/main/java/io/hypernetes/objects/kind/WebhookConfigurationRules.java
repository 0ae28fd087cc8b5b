package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.ExpressionsSize;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// MutatingWebhookConfigurations and ValidatingWebhookConfigurations.
final class WebhookConfigurationRules implements KindRules {
    private static final Layout LAYOUT =
            Layout.named().integer("Webhooks", "How many webhooks it has.", c -> c.path("webhooks").size()).age();

    private final boolean mutating;

    WebhookConfigurationRules(boolean mutating) {
        this.mutating = mutating;
    }

    @Override
    public void defaults(ObjectNode configuration) {
        for (ObjectNode hook : Json.objects(configuration, "webhooks")) {
            Json.setDefault(hook, "failurePolicy", "Fail");
            Json.setDefault(hook, "matchPolicy", "Equivalent");
            Json.child(hook, "namespaceSelector");
            Json.child(hook, "objectSelector");
            Json.setDefault(hook, "timeoutSeconds", 10);
            if (mutating) {
                Json.setDefault(hook, "reinvocationPolicy", "Never");
            }
            Json.objects(hook, "rules").forEach(rule -> Json.setDefault(rule, "scope", "*"));
            if (hook.path("clientConfig").get("service") instanceof ObjectNode service) {
                Json.setDefault(service, "port", 443);
            }
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    /// In the order of validateMutatingWebhookConfiguration of upstream's `pkg/apis/admissionregistration/validation/validation.go`.
    @Override
    public void validate(ObjectNode configuration, Errors errors) {
        List<ObjectNode> hooks = Json.objects(configuration, "webhooks");
        Set<String> names = new HashSet<>();
        int told = errors.count();
        for (int i = 0; i < hooks.size() && !errors.isFull(); i++) {
            String at = "webhooks[" + i + "]";
            ObjectNode hook = hooks.get(i);
            String name = Json.string(hook, "name");
            name(name, at + ".name", errors);
            hook(hook, at, errors);
            versions(hook.path("admissionReviewVersions"), at + ".admissionReviewVersions", errors);
            if (!name.isEmpty() && !names.add(name)) {
                errors.duplicate(at + ".name", name);
            }
        }
        // To compile takes a millisecond or more, so what is refused anyway is not compiled.
        if (errors.count() == told) {
            expressions(hooks, errors);
        }
    }

    private static void expressions(List<ObjectNode> hooks, Errors errors) {
        int count = hooks.stream().mapToInt(hook -> hook.path("matchConditions").size()).sum();
        if (count > AdmissionPolicyRules.MOST_EXPRESSIONS) {
            errors.invalid("webhooks", count, "must not have more than " + AdmissionPolicyRules.MOST_EXPRESSIONS + " match conditions in all");
            return;
        }
        ExpressionsSize size = new ExpressionsSize(ExpressionsSize.OF_POLICY);
        for (int i = 0; i < hooks.size() && !errors.isFull(); i++) {
            AdmissionLanguage.checkConditions(hooks.get(i), "webhooks[" + i + "].", size).forEach(errors::add);
        }
        size.check("webhooks").ifPresent(errors::add);
    }

    private static void name(String name, String at, Errors errors) {
        List<String> wrong = Names.subdomain(name);
        if (name.isEmpty()) {
            errors.required(at, "");
        } else if (!wrong.isEmpty()) {
            errors.invalid(at, name, String.join(",", wrong));
        } else if (name.split("\\.", -1).length < 3) {
            errors.invalid(at, name, "should be a domain with at least three segments separated by dots");
        }
    }

    private void hook(ObjectNode hook, String at, Errors errors) {
        List<ObjectNode> rules = Json.objects(hook, "rules");
        for (int i = 0; i < rules.size() && !errors.isFull(); i++) {
            AdmissionRuleValidation.rule(rules.get(i), at + ".rules[" + i + "]", errors);
        }
        errors.oneOf(at + ".failurePolicy", Json.string(hook, "failurePolicy"), List.of("Fail", "Ignore"));
        errors.oneOf(at + ".matchPolicy", Json.string(hook, "matchPolicy"), List.of("Equivalent", "Exact"));
        if (Json.present(hook.get("sideEffects"))) {
            errors.oneOf(at + ".sideEffects", Json.string(hook, "sideEffects"), List.of("None", "NoneOnDryRun"));
        } else {
            errors.required(at + ".sideEffects", "must specify one of None, NoneOnDryRun");
        }
        long seconds = Json.number(hook, 10, "timeoutSeconds");
        if (seconds < 1 || seconds > 30) {
            errors.invalid(at + ".timeoutSeconds", seconds, "the timeout value must be between 1 and 30 seconds");
        }
        WorkloadValidation.selector(hook.path("namespaceSelector"), at + ".namespaceSelector", errors);
        WorkloadValidation.selector(hook.path("objectSelector"), at + ".objectSelector", errors);
        if (mutating) {
            errors.oneOf(at + ".reinvocationPolicy", Json.string(hook, "reinvocationPolicy"), List.of("IfNeeded", "Never"));
        }
        WebhookClientValidation.validate(hook.path("clientConfig"), at + ".clientConfig", errors);
        AdmissionPolicyRules.conditions(hook, at + ".", errors);
    }

    private static void versions(JsonNode versions, String at, Errors errors) {
        if (versions.isEmpty()) {
            errors.required(at, "must specify one of v1, v1beta1");
            return;
        }
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < versions.size() && !errors.isFull(); i++) {
            String version = versions.path(i).asString("");
            if (seen.add(version)) {
                errors.invalid(at + "[" + i + "]", version, Names.label1035(version));
            } else {
                errors.invalid(at + "[" + i + "]", version, "duplicate version");
            }
        }
        if (!seen.contains("v1") && !seen.contains("v1beta1")) {
            errors.invalid(at, versions, "must include at least one of v1, v1beta1");
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
