package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.cel.AdmissionLanguage;
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

    @Override
    public void validate(ObjectNode configuration, Errors errors) {
        List<ObjectNode> hooks = Json.objects(configuration, "webhooks");
        Set<String> names = new HashSet<>();
        for (int i = 0; i < hooks.size(); i++) {
            String at = "webhooks[" + i + "]";
            ObjectNode hook = hooks.get(i);
            String name = Json.string(hook, "name");
            if (Names.subdomain(name).isEmpty() && name.split("\\.", -1).length < 3) {
                errors.invalid(at + ".name", name, "should be a domain with at least three segments separated by dots");
            } else {
                errors.invalid(at + ".name", name, Names.subdomain(name));
            }
            if (!names.add(name)) {
                errors.duplicate(at + ".name", name);
            }
            hook(hook, at, errors);
            AdmissionPolicyRules.conditions(hook, at + ".", errors);
            AdmissionLanguage.checkConditions(hook, at + ".").forEach(errors::add);
        }
    }

    private void hook(ObjectNode hook, String at, Errors errors) {
        JsonNode versions = hook.path("admissionReviewVersions");
        if (versions.isEmpty()) {
            errors.required(at + ".admissionReviewVersions", "must specify one of v1, v1beta1");
        } else {
            boolean known = false;
            for (JsonNode version : versions) {
                known |= version.asString("").equals("v1") || version.asString("").equals("v1beta1");
            }
            if (!known) {
                errors.invalid(at + ".admissionReviewVersions", versions, "must include at least one of v1, v1beta1");
            }
        }
        List<ObjectNode> rules = Json.objects(hook, "rules");
        for (int i = 0; i < rules.size(); i++) {
            rule(rules.get(i), at + ".rules[" + i + "]", errors);
        }
        errors.oneOf(at + ".failurePolicy", Json.string(hook, "failurePolicy"), List.of("Fail", "Ignore"));
        errors.oneOf(at + ".matchPolicy", Json.string(hook, "matchPolicy"), List.of("Equivalent", "Exact"));
        if (Json.string(hook, "sideEffects").isEmpty()) {
            errors.required(at + ".sideEffects", "must specify one of None, NoneOnDryRun");
        } else {
            errors.oneOf(at + ".sideEffects", Json.string(hook, "sideEffects"), List.of("None", "NoneOnDryRun"));
        }
        long seconds = Json.number(hook, 10, "timeoutSeconds");
        if (seconds < 1 || seconds > 30) {
            errors.invalid(at + ".timeoutSeconds", seconds, "the timeout value must be between 1 and 30 seconds");
        }
        WorkloadValidation.selector(hook.path("namespaceSelector"), at + ".namespaceSelector", errors);
        WorkloadValidation.selector(hook.path("objectSelector"), at + ".objectSelector", errors);
        client(hook.path("clientConfig"), at + ".clientConfig", errors);
        if (mutating) {
            errors.oneOf(at + ".reinvocationPolicy", Json.string(hook, "reinvocationPolicy"), List.of("IfNeeded", "Never"));
        }
    }

    /// Where a webhook is.
    static void client(JsonNode client, String at, Errors errors) {
        boolean url = !Json.string(client, "url").isEmpty();
        boolean service = client.path("service").isObject();
        if (url == service) {
            errors.required(at, "exactly one of url or service is required");
        } else if (url && !Json.string(client, "url").startsWith("https://")) {
            errors.invalid(at + ".url", Json.string(client, "url"), "'https' is the only allowed URL scheme; desired format: https://host[/path]");
        } else if (service) {
            for (String field : List.of("name", "namespace")) {
                if (Json.string(client, "service", field).isEmpty()) {
                    errors.required(at + ".service." + field, "service " + field + " is required");
                }
            }
            long port = Json.number(client, 443, "service", "port");
            if (port < 1 || port > 65535) {
                errors.invalid(at + ".service.port", port, "port is not valid: must be between 1 and 65535, inclusive");
            }
        }
    }

    static void rule(ObjectNode rule, String at, Errors errors) {
        if (rule.path("operations").isEmpty()) {
            errors.required(at + ".operations", "");
        }
        for (int i = 0; i < rule.path("operations").size(); i++) {
            errors.oneOf(
                    at + ".operations[" + i + "]",
                    rule.path("operations").path(i).asString(""),
                    List.of("*", "CONNECT", "CREATE", "DELETE", "UPDATE"));
        }
        for (String list : List.of("apiGroups", "apiVersions", "resources")) {
            if (rule.path(list).isEmpty()) {
                errors.required(at + "." + list, "");
            }
            boolean all = false;
            for (JsonNode item : rule.path(list)) {
                all |= item.asString("").equals("*");
            }
            if (all && rule.path(list).size() > 1 && !list.equals("resources")) {
                errors.invalid(at + "." + list, rule.path(list), "if '*' is present, must not specify other " + list);
            }
        }
        String scope = Json.string(rule, "scope");
        if (!scope.isEmpty()) {
            errors.oneOf(at + ".scope", scope, List.of("*", "Cluster", "Namespaced"));
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
