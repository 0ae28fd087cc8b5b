package io.hypernetes.apiserver.rbac;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.BaseLayer;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The compiled policy against an evaluator that looks at every object for every question.
class PolicyTest {
    private static final String GROUP = "rbac.authorization.k8s.io";
    private static final List<String> VERBS = List.of("get", "list", "create");
    private static final List<String> GROUPS = List.of("", "apps");
    private static final List<String> RESOURCES = List.of("pods", "pods/log", "secrets");
    private static final List<String> NAMESPACES = List.of("", "a", "b");
    private static final List<String> NAMES = List.of("", "x", "y");
    private static final List<String> PATHS = List.of("/api", "/api/v1", "/metrics");
    private static final List<String> USERS = List.of("u1", "u2", "system:serviceaccount:a:sa");

    private final Random random = new Random(7);

    @Test
    void decidesAsTheObviousEvaluatorDoes(@TempDir Path folder) throws Exception {
        int allowed = 0;
        try (var stored = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var store = new LayeredStore(stored, BaseLayer.of(GROUP, Map.of("clusterroles", List.of(object("ClusterRole", "base", "")))));
            var policies = new Policies(store);
            store.onCommit(policies::committed);
            for (int round = 0; round < 40; round++) {
                change(store);
                for (int i = 0; i < 300; i++) {
                    var caller = new Caller("t", one(USERS), random.nextBoolean() ? List.of("g1") : List.of("g2", "g3"));
                    var attempt = random.nextInt(5) == 0
                            ? Attempt.path("get", one(PATHS))
                            : Attempt.at(one(VERBS), one(GROUPS), one(RESOURCES), one(NAMESPACES), one(NAMES));
                    boolean expected = obvious(store, caller, attempt);
                    assertThat(policies.allows("t", caller, attempt).isPresent()).as("%s %s", caller, attempt).isEqualTo(expected);
                    assertThat(policies.allows("other", caller, attempt)).isEmpty();
                    allowed += expected ? 1 : 0;
                }
                for (int i = 0; i < 30; i++) {
                    var caller = new Caller("t", one(USERS), random.nextBoolean() ? List.of("g1") : List.of("g2", "g3"));
                    var attempts = new ArrayList<Attempt>();
                    for (int j = 0; j < 5; j++) {
                        attempts.add(Attempt.at(one(VERBS), one(GROUPS), one(RESOURCES), one(NAMESPACES), one(NAMES)));
                    }
                    assertThat(policies.refused("t", caller, attempts))
                            .containsExactlyElementsOf(attempts.stream().distinct().filter(attempt -> !obvious(store, caller, attempt)).toList());
                    assertThat(policies.refused("other", caller, attempts)).isEqualTo(attempts);
                }
            }
        }
        assertThat(allowed).isBetween(500, 11_500);
    }

    private static void put(Store store, String plural, String name, String json) {
        store.commit(List.of(new Operation.Put(
                new ObjectKey("t", GROUP, plural, "", name).text(), Operation.ABSENT, StoredForm.encoder(Json.readObject(json.replace('\'', '"'))))));
    }

    /// A binding of a megabyte to a role of a megabyte is a megabyte of rules.
    @Test
    void whoeverHasARoleOftenHasItOnce(@TempDir Path folder) throws Exception {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var rule = "{'verbs':['get'],'apiGroups':[''],'resources':['pods'],'resourceNames':['%d']}";
            put(store, "clusterroles", "r", "{'apiVersion':'v1','kind':'ClusterRole','metadata':{'name':'r'},'rules':[" + String.join(",", rule.formatted(1), rule.formatted(2)) + "]}");
            var subjects = new ArrayList<String>();
            for (int i = 0; i < 1000; i++) {
                subjects.add("{'kind':'User','name':'alice'}");
                subjects.add("{'kind':'Group','name':'g" + i % 10 + "'}");
            }
            for (int i = 0; i < 3; i++) {
                put(store, "clusterrolebindings", "b" + i, "{'apiVersion':'v1','kind':'ClusterRoleBinding','metadata':{'name':'b" + i
                        + "'},'roleRef':{'kind':'ClusterRole','name':'r'},'subjects':[" + String.join(",", subjects) + "]}");
            }
            var policies = new Policies(store);
            var groups = new ArrayList<String>();
            for (int i = 0; i < 1000; i++) {
                groups.add("g" + i % 20);
            }
            assertThat(policies.rules("t", new Caller("t", "alice", groups), "")).hasSize(2);
            assertThat(policies.rules("t", new Caller("t", "bob", groups), "default")).hasSize(2);
            assertThat(policies.allows("t", new Caller("t", "alice", List.of()), Attempt.at("get", "", "pods", "", "2")))
                    .hasValue("RBAC: allowed by ClusterRoleBinding \"b0\" of ClusterRole \"r\" to User \"alice\"");
        }
    }

    /// Writes or removes some objects.
    private void change(Store store) {
        for (int i = 0; i < 4; i++) {
            var kind = one(List.of("ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"));
            var namespace = kind.startsWith("Cluster") ? "" : one(List.of("a", "b"));
            var name = kind.equals("ClusterRole") && random.nextInt(4) == 0 ? "base" : "o" + random.nextInt(4);
            var key = new ObjectKey("t", GROUP, kind.toLowerCase(java.util.Locale.ROOT) + "s", namespace, name).text();
            var present = store.get(key);
            if (present.isPresent() && random.nextInt(3) == 0) {
                store.commit(List.of(new Operation.Delete(
                        key, present.get().revision(), revision -> StoredForm.withRevision(present.get().value(), revision))));
            } else {
                store.commit(List.of(new Operation.Put(
                        key, present.map(entry -> entry.revision()).orElse(Operation.ABSENT), StoredForm.encoder(object(kind, name, namespace)))));
            }
        }
    }

    private ObjectNode object(String kind, String name, String namespace) {
        var object = Json.object();
        object.put("apiVersion", GROUP + "/v1");
        object.put("kind", kind);
        object.putObject("metadata").put("name", name);
        if (kind.endsWith("Role")) {
            var rules = object.putArray("rules");
            for (int i = random.nextInt(3); i > 0; i--) {
                var rule = rules.addObject();
                rule.putArray("verbs").add(orAll(VERBS));
                if (kind.equals("ClusterRole") && random.nextInt(3) == 0) {
                    rule.putArray("nonResourceURLs").add(one(List.of("/api", "/api/*", "*")));
                    continue;
                }
                rule.putArray("apiGroups").add(orAll(GROUPS));
                rule.putArray("resources").add(random.nextInt(4) == 0 ? "*/log" : orAll(RESOURCES));
                if (random.nextInt(3) == 0) {
                    rule.putArray("resourceNames").add(one(NAMES.subList(1, 3)));
                }
            }
        } else {
            boolean cluster = kind.equals("ClusterRoleBinding") || random.nextBoolean();
            object.putObject("roleRef").put("kind", cluster ? "ClusterRole" : "Role").put("name", random.nextInt(4) == 0 ? "base" : "o" + random.nextInt(4));
            var subject = object.putArray("subjects").addObject();
            switch (random.nextInt(3)) {
                case 0 -> subject.put("kind", "User").put("name", one(USERS));
                case 1 -> subject.put("kind", "Group").put("name", one(List.of("g1", "g2", "g3")));
                default -> subject.put("kind", "ServiceAccount").put("name", "sa").put("namespace", one(List.of("a", "b")));
            }
        }
        return object;
    }

    private static boolean obvious(Store store, Caller caller, Attempt attempt) {
        var places = new ArrayList<String>();
        places.add(ObjectKey.prefix("t", GROUP, "clusterrolebindings"));
        if (!attempt.namespace().isEmpty()) {
            places.add(ObjectKey.prefix("t", GROUP, "rolebindings", attempt.namespace()));
        }
        for (var place : places) {
            for (var entry : store.list(place, "", 0).entries()) {
                var binding = Json.readObject(entry.value());
                if (!isSubject(binding.path("subjects").path(0), caller)) {
                    continue;
                }
                boolean cluster = Json.string(binding, "roleRef", "kind").equals("ClusterRole");
                var key = new ObjectKey(
                        "t", GROUP, cluster ? "clusterroles" : "roles", cluster ? "" : attempt.namespace(), Json.string(binding, "roleRef", "name"));
                for (var rule : store.get(key.text()).map(role -> Json.readObject(role.value()).path("rules")).orElse(Json.array())) {
                    if (says(rule, attempt)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static boolean isSubject(JsonNode subject, Caller caller) {
        var name = Json.string(subject, "name");
        return switch (Json.string(subject, "kind")) {
            case "User" -> caller.user().equals(name);
            case "Group" -> caller.groups().contains(name);
            default -> caller.user().equals("system:serviceaccount:" + Json.string(subject, "namespace") + ":" + name);
        };
    }

    private static boolean says(JsonNode rule, Attempt attempt) {
        if (!has(rule, "verbs", attempt.verb())) {
            return false;
        }
        if (!attempt.path().isEmpty()) {
            for (var url : rule.path("nonResourceURLs")) {
                var text = url.asString("");
                if (text.equals(attempt.path()) || (text.endsWith("*") && attempt.path().startsWith(text.substring(0, text.length() - 1)))) {
                    return true;
                }
            }
            return false;
        }
        boolean named = rule.path("resourceNames").isEmpty() || has(rule, "resourceNames", attempt.name());
        boolean log = attempt.resource().endsWith("/log") && has(rule, "resources", "*/log");
        return has(rule, "apiGroups", attempt.group()) && (log || has(rule, "resources", attempt.resource())) && named;
    }

    private static boolean has(JsonNode rule, String field, String word) {
        for (var value : rule.path(field)) {
            if (value.asString("").equals(word) || value.asString("").equals("*")) {
                return true;
            }
        }
        return false;
    }

    private String orAll(List<String> words) {
        return random.nextInt(5) == 0 ? "*" : one(words);
    }

    private <T> T one(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
