package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Roles and ClusterRoles.
final class RoleRules implements KindRules {
    private final boolean cluster;

    RoleRules(boolean cluster) {
        this.cluster = cluster;
    }

    /// The names of roles are parts of paths, which may be other than DNS names.
    @Override
    public List<String> checkName(String name) {
        return pathSegment(name);
    }

    static List<String> pathSegment(String name) {
        if (name.equals(".") || name.equals("..")) {
            return List.of("may not be '" + name + "'");
        }
        if (name.contains("/") || name.contains("%")) {
            return List.of("may not contain '" + (name.contains("/") ? "/" : "%") + "'");
        }
        return List.of();
    }

    @Override
    public void validate(ObjectNode role, Errors errors) {
        List<ObjectNode> rules = Json.objects(role, "rules");
        for (int i = 0; i < rules.size(); i++) {
            ObjectNode rule = rules.get(i);
            String at = "rules[" + i + "]";
            if (rule.path("verbs").isEmpty()) {
                errors.required(at + ".verbs", "verbs must contain at least one value");
            }
            if (!rule.path("nonResourceURLs").isEmpty()) {
                if (!cluster) {
                    errors.invalid(at + ".nonResourceURLs", rule.path("nonResourceURLs"), "namespaced rules cannot apply to non-resource URLs");
                }
                if (!rule.path("apiGroups").isEmpty() || !rule.path("resources").isEmpty() || !rule.path("resourceNames").isEmpty()) {
                    errors.invalid(
                            at + ".nonResourceURLs",
                            rule.path("nonResourceURLs"),
                            "rules cannot apply to both regular resources and non-resource URLs");
                }
                continue;
            }
            if (rule.path("apiGroups").isEmpty()) {
                errors.required(at + ".apiGroups", "resource rules must supply at least one api group");
            }
            if (rule.path("resources").isEmpty()) {
                errors.required(at + ".resources", "resource rules must supply at least one resource");
            }
        }
        if (cluster && role.path("aggregationRule").isObject()) {
            List<ObjectNode> selectors = Json.objects(role.path("aggregationRule"), "clusterRoleSelectors");
            if (selectors.isEmpty()) {
                errors.required("aggregationRule.clusterRoleSelectors", "at least one clusterRoleSelector required if aggregationRule is non-nil");
            }
            for (int i = 0; i < selectors.size(); i++) {
                WorkloadValidation.selector(selectors.get(i), "aggregationRule.clusterRoleSelectors[" + i + "]", errors);
            }
        }
    }

    @Override
    public Layout layout() {
        return Layout.CREATED;
    }
}
