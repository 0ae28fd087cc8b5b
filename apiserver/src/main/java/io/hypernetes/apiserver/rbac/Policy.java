package io.hypernetes.apiserver.rbac;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// The roles and bindings of one tenant at one moment, by subject. Immutable, so any number of requests ask it without a lock.
final class Policy {
    static final String GROUP = "rbac.authorization.k8s.io";

    /// A role that a subject has.
    ///
    /// @param kind of the binding
    /// @param binding its name, with the namespace behind it
    private record Grant(String kind, String binding, String roleKind, String role, String subjectKind, String subject, List<Rule> rules) {
        /// What is said to have allowed something: `ClusterRoleBinding "b" of ClusterRole "r" to Group "g"`.
        String source() {
            return "%s \"%s\" of %s \"%s\" to %s \"%s\"".formatted(kind, binding, roleKind, role, subjectKind, subject);
        }
    }

    private final Map<String, List<Rule>> clusterRoles = new HashMap<>();
    private final Map<String, Map<String, List<Rule>>> roles = new HashMap<>();
    /// Grants by subject and role, for every namespace and what is in none: whoever has a role twice has it no more than once.
    private final Map<String, Map<String, Grant>> everywhere = new HashMap<>();
    /// Grants by namespace, subject and role.
    private final Map<String, Map<String, Map<String, Grant>>> within = new HashMap<>();

    private Policy() {}

    /// Reads the objects of a tenant.
    static Policy read(Store store, String tenant) {
        var policy = new Policy();
        for (var entry : store.list(ObjectKey.prefix(tenant, GROUP, "clusterroles"), "", 0).entries()) {
            policy.clusterRoles.put(ObjectKey.parse(entry.key()).name(), Rule.of(Json.readObject(entry.value())));
        }
        for (var entry : store.list(ObjectKey.prefix(tenant, GROUP, "roles"), "", 0).entries()) {
            var key = ObjectKey.parse(entry.key());
            policy.roles
                    .computeIfAbsent(key.namespace(), _ -> new HashMap<>())
                    .put(key.name(), Rule.of(Json.readObject(entry.value())));
        }
        for (var entry : store.list(ObjectKey.prefix(tenant, GROUP, "clusterrolebindings"), "", 0).entries()) {
            policy.bind("ClusterRoleBinding", Json.readObject(entry.value()), "", policy.everywhere);
        }
        for (var entry : store.list(ObjectKey.prefix(tenant, GROUP, "rolebindings"), "", 0).entries()) {
            var namespace = ObjectKey.parse(entry.key()).namespace();
            policy.bind(
                    "RoleBinding",
                    Json.readObject(entry.value()),
                    namespace,
                    policy.within.computeIfAbsent(namespace, _ -> new HashMap<>()));
        }
        return policy;
    }

    private void bind(String kind, ObjectNode binding, String namespace, Map<String, Map<String, Grant>> grants) {
        var roleKind = Json.string(binding, "roleRef", "kind");
        var role = Json.string(binding, "roleRef", "name");
        var rules = rulesOf(roleKind, role, namespace).orElse(List.of());
        if (rules.isEmpty()) {
            return;
        }
        var name = Json.string(binding, "metadata", "name");
        var shown = namespace.isEmpty() ? name : name + "/" + namespace;
        var id = roleKind + "/" + role;
        for (var subject : Json.objects(binding, "subjects")) {
            var own = Json.string(subject, "name");
            var ownKind = Json.string(subject, "kind");
            var key =
                    switch (ownKind) {
                        case "User" -> "u:" + own;
                        case "Group" -> "g:" + own;
                        case "ServiceAccount" -> {
                            var home = Json.string(subject, "namespace");
                            yield "u:system:serviceaccount:" + (home.isEmpty() ? namespace : home) + ":" + own;
                        }
                        default -> "";
                    };
            if (!key.isEmpty()) {
                grants.computeIfAbsent(key, _ -> new LinkedHashMap<>()).putIfAbsent(id, new Grant(kind, shown, roleKind, role, ownKind, own, rules));
            }
        }
    }

    /// The rules of a role; empty when there is none of that name.
    Optional<List<Rule>> rulesOf(String kind, String name, String namespace) {
        return Optional.ofNullable(
                kind.equals("ClusterRole") ? clusterRoles.get(name) : roles.getOrDefault(namespace, Map.of()).get(name));
    }

    /// What allows an attempt; empty when nothing does.
    Optional<String> allows(Caller caller, Attempt attempt) {
        for (var grant : grants(caller, attempt.namespace())) {
            for (var rule : grant.rules()) {
                if (rule.allows(attempt)) {
                    return Optional.of("RBAC: allowed by " + grant.source());
                }
            }
        }
        return Optional.empty();
    }

    /// Those of some attempts that nothing allows, in their order. However many they are, each rule is gone through once for each namespace that they name.
    List<Attempt> refused(Caller caller, Collection<Attempt> attempts) {
        var left = new LinkedHashSet<>(attempts);
        for (var namespace : attempts.stream().map(Attempt::namespace).distinct().toList()) {
            var here = new ArrayList<>(left.stream().filter(attempt -> attempt.namespace().equals(namespace)).toList());
            for (var grant : grants(caller, namespace)) {
                for (var rule : grant.rules()) {
                    if (here.isEmpty()) {
                        break;
                    }
                    here.removeIf(attempt -> rule.allows(attempt) && left.remove(attempt));
                }
            }
        }
        return List.copyOf(left);
    }

    /// All rules that hold for somebody in a namespace (empty: at the cluster scope).
    List<Rule> rules(Caller caller, String namespace) {
        var rules = new ArrayList<Rule>();
        grants(caller, namespace).forEach(grant -> rules.addAll(grant.rules()));
        return rules;
    }

    /// What somebody has, each role once, by however many groups and bindings.
    private Collection<Grant> grants(Caller caller, String namespace) {
        var here = namespace.isEmpty() ? Map.<String, Map<String, Grant>>of() : within.getOrDefault(namespace, Map.of());
        var grants = new LinkedHashMap<String, Grant>();
        for (var subject : subjects(caller)) {
            everywhere.getOrDefault(subject, Map.of()).forEach(grants::putIfAbsent);
            here.getOrDefault(subject, Map.of()).forEach(grants::putIfAbsent);
        }
        return grants.values();
    }

    private static Set<String> subjects(Caller caller) {
        var subjects = new LinkedHashSet<String>();
        subjects.add("u:" + caller.user());
        caller.groups().forEach(group -> subjects.add("g:" + group));
        return subjects;
    }
}
