package io.hypernetes.apiserver.rbac;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
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
    private static final int FEW = 64;
    /// Quotes and a comma.
    private static final int PER_WORD = 3;

    public Rule {
        verbs = copy(verbs);
        groups = copy(groups);
        resources = copy(resources);
        names = copy(names);
        urls = copy(urls);
    }

    /// Of many words the hashes may be all the same, if whoever wrote them likes: only the larger kind of set finds them quickly even so.
    private static Set<String> copy(Set<String> words) {
        return words.size() <= FEW ? Set.copyOf(words) : Collections.unmodifiableSet(new HashSet<>(words));
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
        if (!hasVerb(attempt.verb())) {
            return false;
        }
        return attempt.isResource()
                ? hasGroup(attempt.group())
                        && reaches(attempt.resource(), attempt.subresource())
                        && (names.isEmpty() || names.contains(attempt.name()))
                : hasUrl(attempt.path());
    }

    boolean hasVerb(String verb) {
        return verbs.contains(ALL) || verbs.contains(verb);
    }

    boolean hasGroup(String group) {
        return groups.contains(ALL) || groups.contains(group);
    }

    /// @param resource with its subresource, or `*`
    boolean hasResource(String resource) {
        int slash = resource.indexOf('/');
        return reaches(resource, slash < 0 ? "" : resource.substring(slash + 1));
    }

    boolean hasUrl(String url) {
        return urls.stream().anyMatch(own -> reachesUrl(own, url));
    }

    /// How many characters it takes to say it, about.
    public int length() {
        int length = 0;
        for (var words : List.of(verbs, groups, resources, names, urls)) {
            for (var word : words) {
                length += word.length() + PER_WORD;
            }
        }
        return length;
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
