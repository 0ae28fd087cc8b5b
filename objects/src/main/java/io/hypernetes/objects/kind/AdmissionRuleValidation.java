package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What webhooks and policies are asked about, in the order of validateRuleWithOperations of upstream's `pkg/apis/admissionregistration/validation/validation.go`.
final class AdmissionRuleValidation {
    private static final String ALL = "*";
    private static final List<String> OPERATIONS = List.of(ALL, "CONNECT", "CREATE", "DELETE", "UPDATE");

    private AdmissionRuleValidation() {}

    /// A rule that may name objects.
    static void named(ObjectNode rule, String at, Errors errors) {
        Set<String> seen = new HashSet<>();
        JsonNode names = rule.path("resourceNames");
        for (int i = 0; i < names.size() && !errors.isFull(); i++) {
            String name = names.path(i).asString("");
            String each = at + ".resourceNames[" + i + "]";
            errors.invalid(each, name, RoleRules.pathSegment(name));
            if (!seen.add(name)) {
                errors.duplicate(each, name);
            }
        }
        rule(rule, at, errors);
    }

    static void rule(ObjectNode rule, String at, Errors errors) {
        JsonNode operations = rule.path("operations");
        several(operations, at + ".operations", "operations", errors);
        for (int i = 0; i < operations.size() && !errors.isFull(); i++) {
            errors.oneOf(at + ".operations[" + i + "]", operations.path(i).asString(""), OPERATIONS);
        }
        several(rule.path("apiGroups"), at + ".apiGroups", "API groups", errors);
        several(rule.path("apiVersions"), at + ".apiVersions", "API versions", errors);
        for (int i = 0; i < rule.path("apiVersions").size() && !errors.isFull(); i++) {
            if (rule.path("apiVersions").path(i).asString("").isEmpty()) {
                errors.required(at + ".apiVersions[" + i + "]", "");
            }
        }
        resources(rule.path("resources"), at + ".resources", errors);
        if (Json.present(rule.get("scope"))) {
            errors.oneOf(at + ".scope", Json.string(rule, "scope"), List.of(ALL, "Cluster", "Namespaced"));
        }
    }

    private static void several(JsonNode list, String at, String what, Errors errors) {
        if (list.isEmpty()) {
            errors.required(at, "");
        }
        if (list.size() > 1 && has(list, ALL)) {
            errors.invalid(at, list, "if '*' is present, must not specify other " + what);
        }
    }

    private static boolean has(JsonNode list, String text) {
        for (JsonNode item : list) {
            if (item.asString("").equals(text)) {
                return true;
            }
        }
        return false;
    }

    private static void resources(JsonNode resources, String at, Errors errors) {
        if (resources.isEmpty()) {
            errors.required(at, "");
        }
        Set<String> withAllParts = new HashSet<>();
        Set<String> partsOfAll = new HashSet<>();
        boolean whole = false;
        for (int i = 0; i < resources.size() && !errors.isFull(); i++) {
            String resource = resources.path(i).asString("");
            String each = at + "[" + i + "]";
            int slash = resource.indexOf('/');
            if (resource.isEmpty()) {
                errors.required(each, "");
            } else if (slash < 0) {
                // The last one counts, upstream too.
                whole = !resource.equals(ALL);
            } else {
                String kind = resource.substring(0, slash);
                String part = resource.substring(slash + 1);
                if (withAllParts.contains(kind)) {
                    errors.invalid(each, resource, "if '" + kind + "/*' is present, must not specify " + resource);
                }
                if (partsOfAll.contains(part)) {
                    errors.invalid(each, resource, "if '*/" + part + "' is present, must not specify " + resource);
                }
                if (part.equals(ALL)) {
                    withAllParts.add(kind);
                }
                if (kind.equals(ALL)) {
                    partsOfAll.add(part);
                }
            }
        }
        if (resources.size() > 1 && has(resources, "*/*")) {
            errors.invalid(at, resources, "if '*/*' is present, must not specify other resources");
        }
        if (whole && has(resources, ALL)) {
            errors.invalid(at, resources, "if '*' is present, must not specify other resources without subresources");
        }
    }
}
