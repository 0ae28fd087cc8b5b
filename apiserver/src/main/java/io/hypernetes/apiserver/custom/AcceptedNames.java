package io.hypernetes.apiserver.custom;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The names that a definition gets of those that it asks for: each that no other kind of its group has, but the short ones all or none. It keeps what it
/// had instead of the others.
final class AcceptedNames {
    private final JsonNode wanted;
    private final JsonNode had;
    private final ObjectNode names = Json.object();
    private String conflict = "";
    private String message = "";

    /// Names that others have.
    ///
    /// @param resources plural, singular and short ones
    /// @param kinds of objects and of lists
    record Taken(Set<String> resources, Set<String> kinds) {}

    /// @param wanted `spec.names`
    /// @param had `status.acceptedNames`, which may be missing
    AcceptedNames(JsonNode wanted, JsonNode had) {
        this.wanted = wanted;
        this.had = had;
    }

    /// Gives the names out.
    void settle(Taken taken) {
        name("plural", "PluralConflict", taken.resources);
        name("singular", "SingularConflict", taken.resources);
        shortNames(taken.resources);
        name("kind", "KindConflict", taken.kinds);
        name("listKind", "ListKindConflict", taken.kinds);
        if (wanted.has("categories")) {
            names.set("categories", wanted.path("categories").deepCopy());
        }
        // These two are always there.
        for (String field : List.of("plural", "kind")) {
            if (!names.has(field)) {
                names.put(field, "");
            }
        }
    }

    /// The names that it has now.
    ObjectNode names() {
        return names;
    }

    /// The reason why it did not get all that it asked for, which is that of the last name refused; empty when it did.
    String conflict() {
        return conflict;
    }

    /// The sentence about it.
    String message() {
        return message;
    }

    private void name(String field, String reason, Set<String> taken) {
        String name = Json.string(wanted, field);
        String before = Json.string(had, field);
        boolean free = name.equals(before) || !taken.contains(name);
        if (!free) {
            conflict = reason;
            message = used(name);
        }
        String given = free ? name : before;
        if (!given.isEmpty()) {
            names.put(field, given);
        }
    }

    private void shortNames(Set<String> taken) {
        Set<String> own = new HashSet<>();
        had.path("shortNames").forEach(name -> own.add(name.asString("")));
        List<String> refused = new ArrayList<>();
        for (JsonNode each : wanted.path("shortNames")) {
            String name = each.asString("");
            if (!own.contains(name) && taken.contains(name)) {
                refused.add(used(name));
            }
        }
        if (!refused.isEmpty()) {
            conflict = "ShortNamesConflict";
            message = refused.size() == 1 ? refused.getFirst() : refused.toString();
        }
        JsonNode given = (refused.isEmpty() ? wanted : had).path("shortNames");
        if (!given.isEmpty()) {
            names.set("shortNames", given.deepCopy());
        }
    }

    private static String used(String name) {
        return "\"" + name + "\" is already in use";
    }
}
