package io.hypernetes.apiserver.rbac;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Nobody gives what they do not have: a role may say, and a binding may grant, only what its writer may do in the same place, unless the writer
/// may `escalate` the role or `bind` it.
public final class Escalation {
    private final Policies policies;

    public Escalation(Policies policies) {
        this.policies = policies;
    }

    /// Checks a new or changed role or binding; anything else passes.
    ///
    /// @param old the state before, or null for a new object
    /// @throws ApiException 403 when its writer would hand out more than they have
    public void check(String tenant, Caller caller, Target target, ObjectNode object, @Nullable ObjectNode old) {
        if (!target.group().equals(Policy.GROUP) || caller.isOperator() || caller.isControllerManager()) {
            return;
        }
        switch (target.plural()) {
            case "roles", "clusterroles" -> role(tenant, caller, target, object, old);
            case "rolebindings", "clusterrolebindings" -> binding(tenant, caller, target, object, old);
            default -> {}
        }
    }

    private void role(String tenant, Caller caller, Target target, ObjectNode role, @Nullable ObjectNode old) {
        boolean same = old != null
                && role.path("rules").equals(old.path("rules"))
                && role.path("aggregationRule").equals(old.path("aggregationRule"));
        var name = Json.string(role, "metadata", "name");
        if (same || allows(tenant, caller, "escalate", target.plural(), target.namespace(), name)) {
            return;
        }
        if (!role.path("aggregationRule").path("clusterRoleSelectors").isEmpty()
                && !missing(tenant, caller, target, name, "", Rule.EVERYTHING).isEmpty()) {
            throw refused(target, name, "must have cluster-admin privileges to use an aggregationRule");
        }
        confirm(tenant, caller, target, name, Rule.of(role));
    }

    private void binding(String tenant, Caller caller, Target target, ObjectNode binding, @Nullable ObjectNode old) {
        boolean same = old != null
                && binding.path("roleRef").equals(old.path("roleRef"))
                && binding.path("subjects").equals(old.path("subjects"));
        if (same) {
            return;
        }
        var kind = Json.string(binding, "roleRef", "kind");
        var role = Json.string(binding, "roleRef", "name");
        boolean cluster = kind.equals("ClusterRole");
        var resource = cluster ? "clusterroles" : "roles";
        if (allows(tenant, caller, "bind", resource, target.namespace(), role)) {
            return;
        }
        var rules = policies.role(tenant, kind, role, target.namespace())
                .orElseThrow(() -> ApiStatus.notFound(Policy.GROUP, resource, role).asException());
        confirm(tenant, caller, target, Json.string(binding, "metadata", "name"), rules);
    }

    private boolean allows(String tenant, Caller caller, String verb, String resource, String namespace, String name) {
        return policies.allows(tenant, caller, Attempt.at(verb, Policy.GROUP, resource, namespace, name)).isPresent();
    }

    private void confirm(String tenant, Caller caller, Target target, String name, List<Rule> wanted) {
        var missing = missing(tenant, caller, target, name, target.namespace(), wanted);
        if (!missing.isEmpty()) {
            throw refused(
                    target,
                    name,
                    "user \"%s\" (groups=[%s]) is attempting to grant RBAC permissions not currently held:%n%s%s"
                            .formatted(
                                    caller.user(),
                                    caller.groups().stream().map(group -> "\"" + group + "\"").collect(Collectors.joining(" ")),
                                    String.join("\n", missing),
                                    missing.size() < Coverage.MOST_TOLD ? "" : "\nand perhaps others"));
        }
    }

    /// What of the wanted rules is not allowed by what somebody has, as text.
    private Set<String> missing(String tenant, Caller caller, Target target, String name, String namespace, List<Rule> wanted) {
        try {
            return Coverage.missing(policies.rules(tenant, caller, namespace), wanted);
        } catch (Coverage.TooMuch e) {
            throw refused(
                    target,
                    name,
                    "whether user \"%s\" has what is granted cannot be told, as comparing it with the user's own rules takes %s; divide its rules among several roles, or have it granted by somebody who may escalate or bind roles"
                            .formatted(caller.user(), e.getMessage()));
        }
    }

    private static ApiException refused(Target target, String name, String why) {
        return ApiStatus.forbidden(Policy.GROUP, target.plural(), name, why).asException();
    }
}
