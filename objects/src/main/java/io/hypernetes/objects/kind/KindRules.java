package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a kind knows beyond its schema. Objects given to these methods are in the shape of their type already.
interface KindRules {
    /// Fills in what the client left out; must be idempotent.
    default void defaults(ObjectNode object) {}

    /// Whether whoever creates the object also says its first status.
    default boolean keepsStatusOnCreate() {
        return false;
    }

    /// Sets what a new object has whatever the client says; its status was removed before.
    default void prepareCreate(ObjectNode object) {}

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

    /// Only what the change itself breaks; the new object is validated by [#validate] too.
    default void validateUpdate(ObjectNode updated, ObjectNode old, @Nullable String subresource, Errors errors) {}

    /// The values of the selectable fields beyond name and namespace, under their canonical names.
    default Map<String, String> selectableFields(ObjectNode object) {
        return Map.of();
    }

    /// Old spellings of selectable fields.
    default Map<String, String> fieldAliases() {
        return Map.of();
    }

    default List<Column> columns() {
        return List.of(
                Column.name("Name must be unique within a namespace."),
                Column.of("Age", "CreationTimestamp is a timestamp representing the server time when this object was created."));
    }

    default List<JsonNode> cells(ObjectNode object, Instant now) {
        return List.of(Cells.name(object), Cells.age(object, now));
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
