package io.hypernetes.apiserver.rbac;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One rule of a role. `*` stands for all verbs, groups or resources, and ends a URL that means all below. Immutable.
///
/// @param names of objects; empty for all
public record Rule(Set<String> verbs, Set<String> groups, Set<String> resources, Set<String> names, Set<String> urls) {
    private static final String ALL = "*";

    public Rule {
        verbs = Set.copyOf(verbs);
        groups = Set.copyOf(groups);
        resources = Set.copyOf(resources);
        names = Set.copyOf(names);
        urls = Set.copyOf(urls);
    }

    /// Everything.
    public static final List<Rule> EVERYTHING = List.of(
            new Rule(Set.of(ALL), Set.of(ALL), Set.of(ALL), Set.of(), Set.of()),
            new Rule(Set.of(ALL), Set.of(), Set.of(), Set.of(), Set.of(ALL)));

    /// The rules of a Role or ClusterRole.
    public static List<Rule> of(JsonNode role) {
        var rules = new ArrayList<Rule>();
        for (var rule : Json.objects(role, "rules")) {
            rules.add(new Rule(
                    words(rule, "verbs"),
                    words(rule, "apiGroups"),
                    words(rule, "resources"),
                    words(rule, "resourceNames"),
                    words(rule, "nonResourceURLs")));
        }
        return List.copyOf(rules);
    }

    /// Whether this rule allows an attempt.
    boolean allows(Attempt attempt) {
        if (!verbs.contains(attempt.verb()) && !verbs.contains(ALL)) {
            return false;
        }
        return attempt.isResource()
                ? (groups.contains(attempt.group()) || groups.contains(ALL))
                        && reaches(attempt.resource(), attempt.subresource())
                        && (names.isEmpty() || names.contains(attempt.name()))
                : urls.stream().anyMatch(url -> reachesUrl(url, attempt.path()));
    }

    /// Rules of one verb, group, resource and name (or verb and URL) each, that together say the same.
    List<Rule> parts() {
        var parts = new ArrayList<Rule>();
        for (var verb : verbs) {
            for (var group : groups) {
                for (var resource : resources) {
                    if (names.isEmpty()) {
                        parts.add(new Rule(Set.of(verb), Set.of(group), Set.of(resource), Set.of(), Set.of()));
                    }
                    for (var name : names) {
                        parts.add(new Rule(Set.of(verb), Set.of(group), Set.of(resource), Set.of(name), Set.of()));
                    }
                }
            }
            for (var url : urls) {
                parts.add(new Rule(Set.of(verb), Set.of(), Set.of(), Set.of(), Set.of(url)));
            }
        }
        return parts;
    }

    /// Whether this rule alone allows everything that a rule of one part does.
    boolean covers(Rule part) {
        return (verbs.contains(ALL) || verbs.containsAll(part.verbs))
                && (groups.contains(ALL) || groups.containsAll(part.groups))
                && part.resources.stream().allMatch(this::coversResource)
                && (names.isEmpty() || (!part.names.isEmpty() && names.containsAll(part.names)))
                && part.urls.stream().allMatch(url -> urls.stream().anyMatch(own -> reachesUrl(own, url)));
    }

    /// The rule as it stands in an object.
    public ObjectNode toJson() {
        var json = Json.object();
        put(json, "verbs", verbs);
        put(json, "apiGroups", groups);
        put(json, "resources", resources);
        put(json, "resourceNames", names);
        put(json, "nonResourceURLs", urls);
        return json;
    }

    /// The rule as messages name it.
    String text() {
        var text = new StringBuilder("{");
        append(text, "APIGroups", groups);
        append(text, "Resources", resources);
        append(text, "ResourceNames", names);
        append(text, "NonResourceURLs", urls);
        append(text, "Verbs", verbs);
        return text.append('}').toString();
    }

    private boolean reaches(String resource, String subresource) {
        return resources.contains(ALL)
                || resources.contains(resource)
                || (!subresource.isEmpty() && resources.contains("*/" + subresource));
    }

    private boolean coversResource(String resource) {
        int slash = resource.indexOf('/');
        return reaches(resource, slash < 0 ? "" : resource.substring(slash + 1));
    }

    private static boolean reachesUrl(String url, String path) {
        return url.equals(path) || (url.endsWith(ALL) && path.startsWith(url.substring(0, url.length() - 1)));
    }

    private static Set<String> words(JsonNode rule, String field) {
        var words = new TreeSet<String>();
        rule.path(field).forEach(word -> words.add(word.asString("")));
        return words;
    }

    private static void put(ObjectNode json, String field, Collection<String> words) {
        if (!words.isEmpty()) {
            var array = json.putArray(field);
            new TreeSet<>(words).forEach(array::add);
        }
    }

    private static void append(StringBuilder text, String field, Collection<String> words) {
        if (!words.isEmpty()) {
            text.append(text.length() > 1 ? ", " : "").append(field).append(":[");
            text.append(String.join(" ", new TreeSet<>(words).stream().map(word -> "\"" + word + "\"").toList())).append(']');
        }
    }
}
