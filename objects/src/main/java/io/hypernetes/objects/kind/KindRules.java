package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import io.hypernetes.objects.Repeats;
import io.hypernetes.objects.schema.Decoder;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a kind knows beyond its schema. Objects given to these methods are in the shape of their type already.
interface KindRules {
    /// Whether the rules come from a definition. Then [#validate] sees new objects only, and [#validateUpdate] all of a change.
    default boolean isCustom() {
        return false;
    }

    /// Brings what a client sent into shape.
    default Decoder.Decoded decode(Decoder decoder, ResourceType type, ObjectNode object, Repeats repeats) {
        return decoder.decode(object, type.schemaType(), repeats);
    }

    /// What OpenAPI publishes instead of the table's type.
    default @Nullable ObjectNode publishedSchema() {
        return null;
    }

    /// What users of the kind are warned of.
    default String deprecation() {
        return "";
    }

    /// Fills in what the client left out; must be idempotent.
    default void defaults(ObjectNode object) {}

    /// Whether whoever creates the object also says its first status.
    default boolean keepsStatusOnCreate() {
        return false;
    }

    /// Sets what a new object has whatever the client says; its status was removed before, its uid is set.
    default void prepareCreate(ObjectNode object) {}

    /// A new object with what follows from all the rest of it, once nobody changes it any more; the same one when nothing does.
    default ObjectNode completed(ObjectNode object) {
        return object;
    }

    /// Sets what follows from the name of a new object, which is known last of all when the server makes it. May come again with another name.
    default void named(ObjectNode object) {}

    /// Restores what a write to the object or to `subresource` may not touch.
    default void prepareUpdate(ObjectNode updated, ObjectNode old, @Nullable String subresource) {}

    /// Whether `metadata.generation` counts changes of the spec.
    default boolean countsGeneration() {
        return false;
    }

    /// What is wrong with the name, in sentences.
    default List<String> checkName(String name) {
        return Names.subdomain(name);
    }

    default void validate(ObjectNode object, Errors errors) {}

    /// What a new object may not have, though one that exists may.
    default void validateNew(ObjectNode object, Errors errors) {}

    /// What else a change breaks of an object that [#validate] finds wrong and found wrong before: where that looks no further, this does.
    default void validateBehind(ObjectNode updated, ObjectNode old, Errors errors) {}

    /// Only what the change itself breaks; the new object is validated by [#validate] too.
    default void validateUpdate(ObjectNode updated, ObjectNode old, @Nullable String subresource, Errors errors) {}

    /// What is wrong with what a write to the subresource `status` tells; the rest of the object is as it was.
    default void validateStatus(ObjectNode updated, ObjectNode old, Errors errors) {}

    /// The values of the selectable fields beyond name and namespace, under their canonical names.
    default Map<String, String> selectableFields(ObjectNode object) {
        return Map.of();
    }

    /// What of a stored object no selector looks at, by the name of a member the names within it: the bulk of it, which need not be read for them.
    default Map<String, Set<String>> unselectable() {
        return Unselectable.COMMON;
    }

    /// Old spellings of selectable fields.
    default Map<String, String> fieldAliases() {
        return Map.of();
    }

    /// How objects are printed; unless [#columns] and [#cells] say it otherwise.
    default Layout layout() {
        return Layout.PLAIN;
    }

    default List<Column> columns() {
        return layout().columns();
    }

    default List<JsonNode> cells(ObjectNode object, Instant now) {
        return layout().cells(object, now);
    }

    /// The same for the objects of one table, one after the other.
    default Function<ObjectNode, List<JsonNode>> rows(Instant now) {
        return object -> cells(object, now);
    }

    /// What the row of an object says of it beside its cells: `Completed`, for one that is over.
    default List<ObjectNode> rowConditions(ObjectNode object) {
        return List.of();
    }

    /// What tenants see of an object that they share.
    default ObjectNode projected(ObjectNode object) {
        return object;
    }

    /// How objects are scaled; null when they are not.
    default @Nullable Scaling scaling() {
        return null;
    }

    /// Whether objects are stored in which [#defaults] would fill in something that was not filled in when they were written.
    default boolean completesStored() {
        return false;
    }

    /// An object in the form of this kind, made of the stored form of which this kind is a second face. May change its argument.
    default ObjectNode fromStored(ObjectNode stored) {
        return stored;
    }

    /// As the other, for many at once, in their order.
    default List<ObjectNode> fromStored(List<ObjectNode> stored) {
        return stored.stream().map(this::fromStored).toList();
    }

    /// The reverse of [#fromStored].
    default ObjectNode toStored(ObjectNode object) {
        return object;
    }

    /// Building blocks of rows.
    final class Cells {
        private Cells() {}

        static JsonNode name(ObjectNode object) {
            return Json.text(Json.string(object, "metadata", "name"));
        }

        static JsonNode age(ObjectNode object, Instant now) {
            return Json.text(ApiTime.age(ApiTime.at(object, "metadata", "creationTimestamp"), now));
        }

        static JsonNode text(String value) {
            return Json.text(value);
        }

        static JsonNode orNone(String value) {
            return Json.text(value.isEmpty() ? "<none>" : value);
        }
    }
}
