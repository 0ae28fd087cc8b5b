package io.hypernetes.apiserver.rbac;

import io.hypernetes.apiserver.storage.BaseLayer;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import tools.jackson.databind.node.ObjectNode;

/// The cluster roles and bindings that every tenant has: those of Kubernetes, read from two tables, and of its roles of namespaces the one that add-ons bind.
public final class BaseRoles {
    private static final String API_VERSION = Policy.GROUP + "/v1";
    private static final String AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-";
    private static final Set<String> READ = Set.of("get", "list", "watch");
    private static final Set<String> WRITE = Set.of("create", "delete", "deletecollection", "patch", "update");
    private static final String SYSTEM = "kube-system";
    private static final String AUTHENTICATION_READER = "extension-apiserver-authentication-reader";
    /// When these objects are said to have been made: they are as old as the software.
    private static final String CREATED = "2026-01-01T00:00:00Z";

    private BaseRoles() {}

    /// The layer that holds them.
    public static BaseLayer layer() {
        return BaseLayer.of(Policy.GROUP, Map.of(
                "clusterroles", roles(),
                "clusterrolebindings", bindings(),
                "roles", List.of(authenticationReader()),
                "rolebindings", List.of(authenticationReading())));
    }

    /// Upstream's `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/namespace_policy.go`: whoever serves a part of the API learns by it how to know clients.
    private static ObjectNode authenticationReader() {
        var role = object("Role", AUTHENTICATION_READER);
        Json.child(role, "metadata").put("namespace", SYSTEM);
        role.withArray("rules").add(new Rule(READ, Set.of(""), Set.of("configmaps"), Set.of("extension-apiserver-authentication"), Set.of()).toJson());
        return role;
    }

    private static ObjectNode authenticationReading() {
        var binding = object("RoleBinding", "system::" + AUTHENTICATION_READER);
        Json.child(binding, "metadata").put("namespace", SYSTEM);
        binding.putObject("roleRef").put("apiGroup", Policy.GROUP).put("kind", "Role").put("name", AUTHENTICATION_READER);
        for (var user : List.of("system:kube-controller-manager", "system:kube-scheduler")) {
            binding.withArray("subjects").addObject().put("kind", "User").put("apiGroup", Policy.GROUP).put("name", user);
        }
        return binding;
    }

    static List<ObjectNode> roles() {
        var roles = new LinkedHashMap<String, ObjectNode>();
        for (var row : rows("roles.tsv")) {
            var role = roles.computeIfAbsent(row[0], _ -> role(row[0], row[1], row[2]));
            if (!row[4].isEmpty() || !row[7].isEmpty()) {
                role.withArray("rules").add(new Rule(verbs(row[5]), words(row[3]), words(row[4]), words(row[6]), words(row[7])).toJson());
            }
        }
        var all = new ArrayList<>(roles.values());
        // Roles take in the rules of roles that take in the rules of others.
        for (boolean changed = true; changed; ) {
            changed = false;
            for (var role : all) {
                changed |= RoleAggregation.aggregate(role, all);
            }
        }
        return all;
    }

    private static List<ObjectNode> bindings() {
        var bindings = new LinkedHashMap<String, ObjectNode>();
        for (var row : rows("bindings.tsv")) {
            var binding = bindings.computeIfAbsent(row[0], _ -> {
                var made = object("ClusterRoleBinding", row[0]);
                made.putObject("roleRef").put("apiGroup", Policy.GROUP).put("kind", "ClusterRole").put("name", row[1]);
                return made;
            });
            var subject = binding.withArray("subjects").addObject().put("kind", row[2]);
            if (row[2].equals("ServiceAccount")) {
                subject.put("namespace", row[3].substring(0, row[3].indexOf('/')));
                subject.put("name", row[3].substring(row[3].indexOf('/') + 1));
            } else {
                subject.put("apiGroup", Policy.GROUP).put("name", row[3]);
            }
        }
        return List.copyOf(bindings.values());
    }

    private static ObjectNode role(String name, String into, String from) {
        var role = object("ClusterRole", name);
        if (!into.isEmpty()) {
            Json.child(Json.child(role, "metadata"), "labels").put(AGGREGATE + into, "true");
        }
        if (!from.isEmpty()) {
            role.putObject("aggregationRule").putArray("clusterRoleSelectors").addObject().putObject("matchLabels").put(AGGREGATE + from, "true");
        }
        return role;
    }

    private static ObjectNode object(String kind, String name) {
        var object = Json.object();
        object.put("apiVersion", API_VERSION);
        object.put("kind", kind);
        var metadata = object.putObject("metadata");
        metadata.putObject("annotations").put("rbac.authorization.kubernetes.io/autoupdate", "true");
        metadata.put("name", name);
        metadata.put("uid", UUID.nameUUIDFromBytes((kind + "/" + name).getBytes(StandardCharsets.UTF_8)).toString());
        metadata.put("creationTimestamp", CREATED);
        metadata.putObject("labels").put("kubernetes.io/bootstrapping", "rbac-defaults");
        return object;
    }

    private static Set<String> verbs(String cell) {
        var verbs = new TreeSet<String>();
        for (var verb : words(cell)) {
            switch (verb) {
                case "R" -> verbs.addAll(READ);
                case "W" -> verbs.addAll(WRITE);
                default -> verbs.add(verb);
            }
        }
        return verbs;
    }

    private static Set<String> words(String cell) {
        var words = new TreeSet<String>();
        for (var word : cell.split(",")) {
            if (!word.isEmpty()) {
                words.add(word.equals("core") ? "" : word);
            }
        }
        return words;
    }

    private static List<String[]> rows(String table) {
        try (InputStream in = BaseRoles.class.getResourceAsStream("/io/hypernetes/apiserver/rbac/" + table)) {
            if (in == null) {
                throw new IllegalStateException("the table " + table + " is missing from the class path: rebuild the module apiserver");
            }
            var rows = new ArrayList<String[]>();
            for (var line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (!line.isEmpty() && !line.startsWith("#")) {
                    rows.add(java.util.Arrays.copyOf((line + "\t\t\t\t\t\t\t").split("\t", -1), 8));
                }
            }
            return rows.subList(1, rows.size());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the table " + table, e);
        }
    }
}
