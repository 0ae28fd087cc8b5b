package io.hypernetes.apiserver.custom;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The life of CustomResourceDefinitions: which names they get, when they are served, what holds them when they are deleted.
///
/// Upstream settles this in controllers, some time after the write; here the write itself does, so that the kind is there for the next
/// request.
public final class Definitions {
    /// Holds a definition until all objects of its kind are gone.
    public static final String FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

    private final TenantKinds kinds;

    public Definitions(TenantKinds kinds) {
        this.kinds = kinds;
    }

    /// Whether a kind is that of definitions.
    public static boolean areDefinitions(Kind kind) {
        return kind.type().group().equals(TenantKinds.GROUP) && kind.type().resource().equals(TenantKinds.RESOURCE);
    }

    /// Whether objects of the definition's kind are served.
    static boolean isEstablished(ObjectNode definition) {
        return Json.objects(definition.path("status"), "conditions").stream()
                .anyMatch(condition -> Json.string(condition, "type").equals("Established")
                        && Json.string(condition, "status").equals("True"));
    }

    /// Settles names and conditions of a definition that is about to be stored, changing it.
    public void settle(String tenant, ObjectNode definition, Instant now) {
        var names = definition.path("spec").path("names");
        // A patched object shares what the patch left alone with the one before, which is still asked what it was.
        var status = Json.child(definition, "status").deepCopy();
        definition.set("status", status);
        var conflict = conflict(tenant, definition);
        if (conflict == null) {
            status.set("acceptedNames", names.deepCopy());
            condition(definition, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now);
            condition(definition, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now);
        } else {
            if (!status.has("acceptedNames")) {
                status.putObject("acceptedNames").put("plural", "").put("kind", "");
            }
            condition(definition, "NamesAccepted", "False", conflict.reason, conflict.message, now);
            if (!isEstablished(definition)) {
                condition(definition, "Established", "False", "NotAccepted", "not all names are accepted", now);
            }
        }
    }

    /// Marks a definition that is being deleted, changing it: its objects go first.
    public static void terminating(ObjectNode definition, Instant now) {
        var finalizers = Json.child(definition, "metadata").withArray("finalizers");
        for (var finalizer : finalizers) {
            if (finalizer.asString("").equals(FINALIZER)) {
                return;
            }
        }
        finalizers.add(FINALIZER);
        condition(
                definition,
                "Terminating",
                "True",
                "InstanceDeletionPending",
                "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
                now);
    }

    private record Conflict(String reason, String message) {}

    /// What another kind of the group already has.
    private @Nullable Conflict conflict(String tenant, ObjectNode definition) {
        var names = definition.path("spec").path("names");
        var group = Json.string(definition, "spec", "group");
        var plural = Json.string(names, "plural");
        for (var kind : kinds.all(tenant)) {
            var type = kind.type();
            boolean itself = kind.isCustom() && type.resource().equals(plural);
            if (!type.group().equals(group) || itself) {
                continue;
            }
            var taken = new ArrayList<>(type.shortNames());
            taken.add(type.resource());
            taken.add(type.singular());
            if (taken.contains(plural)) {
                return used("PluralConflict", plural);
            }
            if (taken.contains(Json.string(names, "singular"))) {
                return used("SingularConflict", Json.string(names, "singular"));
            }
            for (var shortName : names.path("shortNames")) {
                if (taken.contains(shortName.asString(""))) {
                    return used("ShortNamesConflict", shortName.asString(""));
                }
            }
            var taggedKinds = List.of(type.kind(), type.listKind());
            if (taggedKinds.contains(Json.string(names, "kind"))) {
                return used("KindConflict", Json.string(names, "kind"));
            }
            if (taggedKinds.contains(Json.string(names, "listKind"))) {
                return used("ListKindConflict", Json.string(names, "listKind"));
            }
        }
        return null;
    }

    private static Conflict used(String reason, String name) {
        return new Conflict(reason, "\"" + name + "\" is already in use");
    }

    private static void condition(
            ObjectNode definition, String type, String state, String reason, String message, Instant now) {
        var conditions = Json.child(definition, "status").withArray("conditions");
        ObjectNode found = null;
        for (JsonNode each : conditions) {
            if (each instanceof ObjectNode condition && Json.string(condition, "type").equals(type)) {
                found = condition;
            }
        }
        if (found == null) {
            found = conditions.addObject().put("type", type);
        }
        if (!Json.string(found, "status").equals(state)) {
            found.put("lastTransitionTime", ApiTime.format(now));
        }
        found.put("status", state).put("reason", reason).put("message", message);
    }

    /// Where the objects of a definition's kind are stored.
    static String prefix(String tenant, ObjectNode definition) {
        return ObjectKey.prefix(
                tenant, Json.string(definition, "spec", "group"), Json.string(definition, "spec", "names", "plural"));
    }
}
