package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Whose requests for what a FlowSchema is about.
final class FlowRuleValidation {
    private static final List<String> VERBS = List.of("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch");
    private static final Map<String, String> SUBJECTS = new TreeMap<>(Map.of("Group", "group", "ServiceAccount", "serviceAccount", "User", "user"));
    /// The order in which upstream tells of members that do not belong to the kind.
    private static final List<String> MEMBERS = List.of("serviceAccount", "user", "group");

    private FlowRuleValidation() {}

    static void rule(ObjectNode rule, String at, Errors errors) {
        List<ObjectNode> subjects = Json.objects(rule, "subjects");
        if (subjects.isEmpty()) {
            errors.required(at + ".subjects", "subjects must contain at least one value");
        }
        for (int i = 0; i < subjects.size(); i++) {
            subject(subjects.get(i), at + ".subjects[" + i + "]", errors);
        }
        List<ObjectNode> resources = Json.objects(rule, "resourceRules");
        List<ObjectNode> others = Json.objects(rule, "nonResourceRules");
        if (resources.isEmpty() && others.isEmpty()) {
            errors.required(at, "at least one of resourceRules and nonResourceRules has to be non-empty");
        }
        for (int i = 0; i < resources.size(); i++) {
            resources(resources.get(i), at + ".resourceRules[" + i + "]", errors);
        }
        for (int i = 0; i < others.size(); i++) {
            paths(others.get(i), at + ".nonResourceRules[" + i + "]", errors);
        }
    }

    private static void subject(ObjectNode subject, String at, Errors errors) {
        String kind = Json.string(subject, "kind");
        String member = SUBJECTS.get(kind);
        if (member == null) {
            errors.oneOf(at + ".kind", kind, List.copyOf(SUBJECTS.keySet()));
            return;
        }
        JsonNode said = subject.path(member);
        if (!said.isObject()) {
            errors.required(at + "." + member, member + " is required when subject kind is '" + kind + "'");
        } else {
            named(said, kind.equals("ServiceAccount"), at + "." + member, errors);
        }
        SUBJECTS.entrySet().stream()
                .filter(other -> !other.getKey().equals(kind) && subject.path(other.getValue()).isObject())
                .sorted((a, b) -> MEMBERS.indexOf(a.getValue()) - MEMBERS.indexOf(b.getValue()))
                .forEach(other -> errors.forbidden(
                        at + "." + other.getValue(), other.getValue() + " is forbidden when subject kind is not '" + other.getKey() + "'"));
    }

    private static void named(JsonNode subject, boolean account, String at, Errors errors) {
        String name = Json.string(subject, "name");
        if (name.isEmpty()) {
            errors.required(at + ".name", "");
        } else if (account && !name.equals("*")) {
            errors.invalid(at + ".name", name, Names.subdomain(name));
        }
        if (account) {
            String namespace = Json.string(subject, "namespace");
            if (namespace.isEmpty()) {
                errors.required(at + ".namespace", "must specify namespace for service account");
            } else {
                errors.invalid(at + ".namespace", namespace, Names.label(namespace));
            }
        }
    }

    private static void resources(ObjectNode rule, String at, Errors errors) {
        verbs(rule, at, errors);
        some(rule, "apiGroups", "resource rules must supply at least one api group", "api groups", at, errors);
        some(rule, "resources", "resource rules must supply at least one resource", "resources", at, errors);
        JsonNode namespaces = rule.path("namespaces");
        if (!namespaces.isEmpty() || !Json.flag(rule, "clusterScope")) {
            some(rule, "namespaces", "resource rules that are not cluster scoped must supply at least one namespace", "namespaces", at, errors);
        }
        boolean all = all(namespaces);
        for (int i = 0; i < namespaces.size() && !all; i++) {
            String name = namespaces.path(i).asString("");
            for (String wrong : Names.label(name)) {
                errors.invalid(at + ".namespaces[" + i + "]", name, "each member of this list must be '*' or a DNS-1123 label; " + wrong);
            }
        }
    }

    private static void paths(ObjectNode rule, String at, Errors errors) {
        verbs(rule, at, errors);
        some(rule, "nonResourceURLs", "nonResourceURLs must contain at least one value", "non-resource URLs", at, errors);
        JsonNode paths = rule.path("nonResourceURLs");
        boolean all = all(paths);
        for (int i = 0; i < paths.size() && !all; i++) {
            String path = paths.path(i).asString("");
            String wrong = path(path);
            if (!wrong.isEmpty()) {
                errors.invalid(at + ".nonResourceURLs[" + i + "]", path, wrong);
            }
        }
    }

    private static String path(String path) {
        if (path.isEmpty()) {
            return "must not be empty";
        }
        if (!path.startsWith("/")) {
            return "must start with slash";
        }
        if (path.contains(" ")) {
            return "must not contain white-space";
        }
        if (path.contains("//")) {
            return "must not contain double slash";
        }
        int star = path.indexOf('*');
        return star >= 0 && !(star == path.length() - 1 && path.endsWith("/*")) ? "wildcard can only do suffix matching" : "";
    }

    private static void verbs(ObjectNode rule, String at, Errors errors) {
        some(rule, "verbs", "verbs must contain at least one value", "verbs", at, errors);
        JsonNode verbs = rule.path("verbs");
        boolean all = all(verbs);
        for (JsonNode verb : verbs) {
            if (!all && !VERBS.contains(verb.asString(""))) {
                errors.add(FieldError.notSupported(at + ".verbs", verbs, VERBS));
                return;
            }
        }
    }

    /// A list that is not empty, and of which `*` is the only member when it is one.
    private static void some(ObjectNode rule, String list, String none, String others, String at, Errors errors) {
        JsonNode values = rule.path(list);
        if (values.isEmpty()) {
            errors.required(at + "." + list, none);
        } else if (values.size() > 1 && all(values)) {
            errors.invalid(at + "." + list, values, "if '*' is present, must not specify other " + others);
        }
    }

    private static boolean all(JsonNode values) {
        for (JsonNode value : values) {
            if (value.asString("").equals("*")) {
                return true;
            }
        }
        return false;
    }
}
