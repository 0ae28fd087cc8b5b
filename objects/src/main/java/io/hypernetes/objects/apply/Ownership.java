package io.hypernetes.objects.apply;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What writes do to the ownership of fields, and what applying does to an object. The laws:
///
/// * A write (create, update, patch) makes its writer the one owner of every value that it changed; what it removed nobody owns.
/// * Applying makes the applier an owner of exactly what its configuration says, beside others who say the same.
/// * A configuration that says something else than another owner is refused, or takes the field when forced.
/// * What an applier said before and says no longer is removed unless somebody else owns it.
/// * Applying twice is applying once; a write that changes nothing changes no times either.
///
/// An object whose fields nobody owns stays so until something is applied to it: writes to it cost nothing here.
public final class Ownership {
    private static final String LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
    private static final String BEFORE_FIRST_APPLY = "before-first-apply";

    /// The parts that every object of a built-in type has, said or not, so that nobody owns them as such.
    private static final FieldSet ALWAYS_THERE = FieldSet.of(Stream.of(
                    "metadata",
                    "status",
                    "spec",
                    "spec.containers",
                    "spec.strategy",
                    "spec.updateStrategy",
                    "spec.template",
                    "spec.template.metadata",
                    "spec.template.spec",
                    "spec.template.spec.containers",
                    "spec.jobTemplate",
                    "spec.jobTemplate.metadata",
                    "spec.jobTemplate.spec",
                    "spec.jobTemplate.spec.template",
                    "spec.jobTemplate.spec.template.metadata",
                    "spec.jobTemplate.spec.template.spec",
                    "spec.jobTemplate.spec.template.spec.containers")
            .map(path -> Stream.of(path.split("\\.")).map(PathElement::field).toList())
            .toList());

    private final Shape shape;
    private final FieldSet alwaysThere;

    private Ownership(Shape shape, FieldSet alwaysThere) {
        this.shape = shape;
        this.alwaysThere = alwaysThere;
    }

    /// For objects of a built-in type.
    public static Ownership builtIn(Shape shape) {
        return new Ownership(shape, ALWAYS_THERE);
    }

    /// For custom resources, which consist of nothing but what was said.
    public static Ownership custom(Shape shape) {
        return new Ownership(shape, FieldSet.EMPTY);
    }

    /// Who writes.
    ///
    /// @param manager the name it goes by
    /// @param apiVersion the version of the object that it speaks of
    /// @param subresource empty for the object itself
    /// @param now the time as objects tell it
    public record Writer(String manager, String apiVersion, String subresource, String now) {
        ManagedFields.Manager as(boolean applies) {
            return ManagedFields.Manager.of(manager, applies, apiVersion, subresource);
        }
    }

    /// Notes the creator of a new object, changing it.
    public void created(ObjectNode object, Writer writer) {
        JsonNode given = takeList(object);
        ManagedFields managed = isReset(given) ? new ManagedFields() : ManagedFields.readIfPossible(given);
        try {
            managed.wrote(writer.as(false), written(Json.object(), object), writer.now());
        } catch (ShapeException e) {
            // Validation will say what is wrong with it; a list that is merely odd has no owners.
            return;
        }
        putList(object, managed);
    }

    /// Notes the writer of a change, changing `updated`.
    public void updated(ObjectNode updated, ObjectNode old, Writer writer) {
        JsonNode present = Json.child(old, "metadata").get("managedFields");
        JsonNode given = takeList(updated);
        boolean told = writer.subresource().isEmpty() && given != null && !given.equals(present);
        ManagedFields managed = ManagedFields.readIfPossible(present);
        if (told) {
            if (isReset(given)) {
                return;
            }
            ManagedFields wished = ManagedFields.readIfPossible(given);
            managed = wished.isEmpty() ? managed : wished;
        }
        if (managed.isEmpty()) {
            return;
        }
        Comparison change;
        try {
            change = written(unlisted(old), updated);
        } catch (ShapeException e) {
            change = new Comparison(FieldSet.EMPTY, FieldSet.EMPTY, FieldSet.EMPTY);
        }
        if (change.isEmpty() && !told) {
            if (present != null) {
                Json.child(updated, "metadata").set("managedFields", present);
            }
            return;
        }
        managed.wrote(writer.as(false), change, writer.now());
        putList(updated, managed);
    }

    /// What an object becomes when a configuration is applied to it. The arguments are not changed.
    ///
    /// @param live the present object; empty when there is none yet
    /// @param config what the applier says, without managedFields
    /// @param force whether to take fields from other owners
    /// @return `live` itself when nothing changes
    /// @throws ApplyConflictException when others own what is to change
    /// @throws ShapeException when a list of the configuration cannot be told apart by its keys
    public ObjectNode applied(ObjectNode live, ObjectNode config, Writer writer, boolean force) {
        Typed.refuseDuplicates(shape, config, new ArrayList<>());
        ManagedFields.Manager me = writer.as(true);
        JsonNode present = Json.at(live, "metadata", "managedFields");
        ManagedFields managed = ManagedFields.readIfPossible(present);
        ObjectNode before = unlisted(live);
        if (managed.isEmpty() && !live.isEmpty()) {
            managed.wrote(
                    ManagedFields.Manager.of(BEFORE_FIRST_APPLY, false, writer.apiVersion(), ""),
                    written(Json.object(), before),
                    writer.now());
        }
        FieldSet said = managed.fieldsOf(me);
        FieldSet says = Typed.fields(shape, config);
        String time = managed.timeOf(me);
        managed.put(me, says, writer.apiVersion(), time);
        ObjectNode after = object(prune(Typed.merge(shape, before, config), managed, said));
        Comparison change = Comparison.between(shape, before, after);
        List<ApplyConflictException.Conflict> conflicts = force ? List.of() : conflicts(managed, me, change.written());
        if (!conflicts.isEmpty() && writer.manager().equals("kubectl")) {
            conflicts = notWithOneself(conflicts, before);
        }
        if (!conflicts.isEmpty()) {
            throw new ApplyConflictException(conflicts);
        }
        managed.take(me, change.written(), change.removed());
        boolean same = change.isEmpty();
        managed.put(me, says, writer.apiVersion(), same ? time : writer.now());
        if (same && managed.write().equals(present)) {
            return live;
        }
        managed.put(me, says, writer.apiVersion(), writer.now());
        if (writer.manager().equals("kubectl") && Json.at(before, "metadata", "annotations").has(LAST_APPLIED)) {
            ObjectNode annotations = Json.child(Json.child(after, "metadata"), "annotations");
            annotations.put(LAST_APPLIED, Json.print(unannotated(config)));
        }
        ObjectNode result = after.deepCopy();
        putList(result, managed);
        return result;
    }

    /// What an object becomes when a configuration is merged into it by someone who comes to own nothing. The arguments are not changed.
    ///
    /// @throws ShapeException when the configuration speaks of what can only be replaced as a whole, or a list of it cannot be told apart
    ///     by its keys
    public ObjectNode merged(ObjectNode live, ObjectNode config) {
        List<String> wholes = new ArrayList<>();
        Typed.findWholes(shape, config, "", wholes);
        if (!wholes.isEmpty()) {
            throw new ShapeException("may not mutate atomic arrays, maps or structs: " + String.join(", ", wholes));
        }
        Typed.refuseDuplicates(shape, config, new ArrayList<>());
        return object(Typed.merge(shape, live, config).deepCopy());
    }

    private Comparison written(ObjectNode before, ObjectNode after) {
        Comparison change = Comparison.between(shape, before, after);
        return new Comparison(change.added().difference(alwaysThere), change.modified(), change.removed());
    }

    /// Removes from the merged object what the applier said before, says no longer, and nobody else owns.
    private JsonNode prune(JsonNode merged, ManagedFields managed, FieldSet said) {
        if (said.isEmpty()) {
            return merged;
        }
        JsonNode pruned = orEmpty(Typed.without(shape, merged, said));
        FieldSet everything = Typed.withDeclared(shape, Typed.fields(shape, merged));
        FieldSet owned = FieldSet.EMPTY;
        for (ManagedFields.Manager manager : managed.managers()) {
            owned = owned.union(managed.fieldsOf(manager));
        }
        // What others own comes back, and so does what nobody ever owned.
        FieldSet lost = everything.difference(Typed.withDeclared(shape, Typed.fields(shape, pruned)));
        pruned = orEmpty(Typed.without(shape, merged, lost.difference(Typed.withDeclared(shape, owned))));
        lost = everything.difference(Typed.withDeclared(shape, Typed.fields(shape, pruned)));
        return orEmpty(Typed.without(shape, merged, lost.intersection(Typed.withDeclared(shape, said))));
    }

    private static List<ApplyConflictException.Conflict> conflicts(
            ManagedFields managed, ManagedFields.Manager me, FieldSet written) {
        List<ApplyConflictException.Conflict> conflicts = new ArrayList<>();
        for (ManagedFields.Manager manager : managed.managers()) {
            if (!manager.equals(me)) {
                for (List<String> path : managed.fieldsOf(manager).intersection(written).paths()) {
                    conflicts.add(new ApplyConflictException.Conflict(manager, path));
                }
            }
        }
        return conflicts;
    }

    /// The conflicts without those that `kubectl` has with itself: what its client-side apply has set, and nobody changed since,
    /// it may take over.
    private List<ApplyConflictException.Conflict> notWithOneself(
            List<ApplyConflictException.Conflict> conflicts, ObjectNode live) {
        FieldSet allowed;
        try {
            ObjectNode last = Json.readObject(Json.string(live, "metadata", "annotations", LAST_APPLIED));
            Comparison since = Comparison.between(shape, last, live);
            allowed = Typed.fields(shape, last).difference(since.written()).difference(since.removed());
        } catch (MalformedJsonException | ShapeException e) {
            return conflicts;
        }
        return conflicts.stream()
                .filter(conflict -> !FieldSet.of(List.of(conflict.path())).difference(allowed).isEmpty())
                .toList();
    }

    private static boolean isReset(@Nullable JsonNode given) {
        return given != null && given.isArray() && (given.isEmpty() || (given.size() == 1 && given.path(0).isEmpty()));
    }

    private static @Nullable JsonNode takeList(ObjectNode object) {
        return Json.child(object, "metadata").remove("managedFields");
    }

    private static void putList(ObjectNode object, ManagedFields managed) {
        JsonNode list = managed.write();
        if (!list.isEmpty()) {
            Json.child(object, "metadata").set("managedFields", list);
        }
    }

    /// What is to be written of a change: the object as it was when nothing but the times of its managers would be another. Whoever applies the
    /// same again and again, where defaults are filled into lists that are one value, would write each time (upstream's
    /// `IgnoreManagedFieldsTimestampsTransformer`).
    public static ObjectNode unlessOnlyTimesDiffer(ObjectNode updated, ObjectNode old) {
        JsonNode now = Json.at(updated, "metadata", "managedFields");
        JsonNode before = Json.at(old, "metadata", "managedFields");
        boolean mayBeTheSame = !now.equals(before) && now.size() == before.size() && timeless(now).equals(timeless(before));
        return mayBeTheSame && unlisted(updated).equals(unlisted(old)) ? old : updated;
    }

    /// The managers in an order that their times have no part in.
    private static List<String> timeless(JsonNode managers) {
        return managers.valueStream()
                .map(manager -> manager instanceof ObjectNode entry ? Json.print(entry.deepCopy().without("time")) : Json.print(manager))
                .sorted()
                .toList();
    }

    /// The object without the list; only what leads there is copied.
    private static ObjectNode unlisted(ObjectNode object) {
        return withoutMember(object, "managedFields");
    }

    private static ObjectNode unannotated(ObjectNode config) {
        if (!Json.at(config, "metadata", "annotations").has(LAST_APPLIED)) {
            return config;
        }
        ObjectNode copy = config.deepCopy();
        Json.child(Json.child(copy, "metadata"), "annotations").remove(LAST_APPLIED);
        return copy;
    }

    private static ObjectNode withoutMember(ObjectNode object, String name) {
        if (!object.path("metadata").has(name)) {
            return object;
        }
        ObjectNode copy = Json.object();
        object.properties().forEach(member -> copy.set(member.getKey(), member.getValue()));
        ObjectNode metadata = Json.object();
        object.path("metadata").properties().forEach(member -> {
            if (!member.getKey().equals(name)) {
                metadata.set(member.getKey(), member.getValue());
            }
        });
        copy.set("metadata", metadata);
        return copy;
    }

    private static JsonNode orEmpty(@Nullable JsonNode node) {
        return node == null ? Json.object() : node;
    }

    private static ObjectNode object(JsonNode node) {
        return node instanceof ObjectNode object ? object : Json.object();
    }
}
