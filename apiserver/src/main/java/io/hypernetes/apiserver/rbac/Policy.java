package io.hypernetes.apiserver.rbac;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/// The roles and bindings of one tenant at one moment, by subject. Immutable, so any number of requests ask it without a lock.
final class Policy {
    static final String GROUP = "rbac.authorization.k8s.io";

    /// @param source what is said to have allowed something: `ClusterRoleBinding "b" of ClusterRole "r" to Group "g"`
    private record Grant(String source, List<Rule> rules) {}

    private final Map<String, List<Rule>> clusterRoles = new HashMap<>();
    private final Map<String, Map<String, List<Rule>>> roles = new HashMap<>();
    /// Grants by subject, for every namespace and what is in none.
    private final Map<String, List<Grant>> everywhere = new HashMap<>();
    /// Grants by namespace and subject.
    private final Map<String, Map<String, List<Grant>>> within = new HashMap<>();

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

    private void bind(String kind, ObjectNode binding, String namespace, Map<String, List<Grant>> grants) {
        var role = binding.path("roleRef");
        var rules = rulesOf(Json.string(role, "kind"), Json.string(role, "name"), namespace).orElse(List.of());
        var name = Json.string(binding, "metadata", "name");
        var shown = namespace.isEmpty() ? name : name + "/" + namespace;
        for (var subject : Json.objects(binding, "subjects")) {
            var own = Json.string(subject, "name");
            var key =
                    switch (Json.string(subject, "kind")) {
                        case "User" -> "u:" + own;
                        case "Group" -> "g:" + own;
                        case "ServiceAccount" -> {
                            var home = Json.string(subject, "namespace");
                            yield "u:system:serviceaccount:" + (home.isEmpty() ? namespace : home) + ":" + own;
                        }
                        default -> "";
                    };
            if (!key.isEmpty()) {
                var source = "%s \"%s\" of %s \"%s\" to %s \"%s\""
                        .formatted(kind, shown, Json.string(role, "kind"), Json.string(role, "name"), Json.string(subject, "kind"), own);
                grants.computeIfAbsent(key, _ -> new ArrayList<>()).add(new Grant(source, rules));
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
        for (var subject : subjects(caller)) {
            for (var grant : grants(subject, attempt.namespace())) {
                for (var rule : grant.rules()) {
                    if (rule.allows(attempt)) {
                        return Optional.of("RBAC: allowed by " + grant.source());
                    }
                }
            }
        }
        return Optional.empty();
    }

    /// All rules that hold for somebody in a namespace (empty: at the cluster scope).
    List<Rule> rules(Caller caller, String namespace) {
        var rules = new ArrayList<Rule>();
        for (var subject : subjects(caller)) {
            grants(subject, namespace).forEach(grant -> rules.addAll(grant.rules()));
        }
        return rules;
    }

    private List<Grant> grants(String subject, String namespace) {
        var all = everywhere.getOrDefault(subject, List.of());
        var here = namespace.isEmpty() ? null : within.get(namespace);
        var more = here == null ? null : here.get(subject);
        if (more == null) {
            return all;
        }
        var both = new ArrayList<>(all);
        both.addAll(more);
        return both;
    }

    private static List<String> subjects(Caller caller) {
        var subjects = new ArrayList<String>(caller.groups().size() + 1);
        subjects.add("u:" + caller.user());
        caller.groups().forEach(group -> subjects.add("g:" + group));
        return subjects;
    }
}
