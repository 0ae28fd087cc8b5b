package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// RoleBindings and ClusterRoleBindings.
final class RoleBindingRules implements KindRules {
    private static final String GROUP = "rbac.authorization.k8s.io";
    private static final Layout LAYOUT = Layout.named()
            .cell("Role", "The role that is given.", b -> Json.string(b, "roleRef", "kind") + "/" + Json.string(b, "roleRef", "name"))
            .age()
            .wide("Users", "The users who have it.", b -> subjects(b, "User"))
            .wide("Groups", "The groups that have it.", b -> subjects(b, "Group"))
            .wide("ServiceAccounts", "The service accounts that have it.", b -> subjects(b, "ServiceAccount"));

    private final boolean cluster;

    RoleBindingRules(boolean cluster) {
        this.cluster = cluster;
    }

    @Override
    public List<String> checkName(String name) {
        return RoleRules.pathSegment(name);
    }

    @Override
    public void defaults(ObjectNode binding) {
        if (binding.get("roleRef") instanceof ObjectNode role) {
            Json.setDefault(role, "apiGroup", GROUP);
        }
        for (ObjectNode subject : Json.objects(binding, "subjects")) {
            if (List.of("User", "Group").contains(Json.string(subject, "kind"))) {
                Json.setDefault(subject, "apiGroup", GROUP);
            }
        }
    }

    @Override
    public void validate(ObjectNode binding, Errors errors) {
        JsonNode role = binding.path("roleRef");
        String group = Json.string(role, "apiGroup");
        errors.oneOf("roleRef.apiGroup", group, List.of(GROUP));
        errors.oneOf("roleRef.kind", Json.string(role, "kind"), cluster ? List.of("ClusterRole") : List.of("ClusterRole", "Role"));
        String name = Json.string(role, "name");
        if (name.isEmpty()) {
            errors.required("roleRef.name", "");
        } else {
            errors.invalid("roleRef.name", name, RoleRules.pathSegment(name));
        }
        List<ObjectNode> subjects = Json.objects(binding, "subjects");
        for (int i = 0; i < subjects.size(); i++) {
            subject(subjects.get(i), "subjects[" + i + "]", errors);
        }
    }

    private void subject(ObjectNode subject, String at, Errors errors) {
        String name = Json.string(subject, "name");
        if (name.isEmpty()) {
            errors.required(at + ".name", "");
        }
        String group = Json.string(subject, "apiGroup");
        String kind = Json.string(subject, "kind");
        switch (kind) {
            case "ServiceAccount" -> {
                if (!name.isEmpty()) {
                    errors.invalid(at + ".name", name, Names.subdomain(name));
                }
                if (!group.isEmpty()) {
                    errors.oneOf(at + ".apiGroup", group, List.of(""));
                }
                if (cluster && Json.string(subject, "namespace").isEmpty()) {
                    errors.required(at + ".namespace", "");
                }
            }
            case "User", "Group" -> errors.oneOf(at + ".apiGroup", group, List.of(GROUP));
            default -> errors.oneOf(at + ".kind", kind, List.of("Group", "ServiceAccount", "User"));
        }
    }

    @Override
    public void validateUpdate(ObjectNode binding, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (!binding.path("roleRef").equals(old.path("roleRef"))) {
            errors.invalid("roleRef", binding.path("roleRef"), "cannot change roleRef");
        }
    }

    private static String subjects(ObjectNode binding, String kind) {
        return Json.objects(binding, "subjects").stream()
                .filter(s -> Json.string(s, "kind").equals(kind))
                .map(s -> kind.equals("ServiceAccount") ? Json.string(s, "namespace") + "/" + Json.string(s, "name") : Json.string(s, "name"))
                .collect(Collectors.joining(", "));
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
