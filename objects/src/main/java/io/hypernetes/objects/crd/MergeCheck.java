package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a node of a schema says of how its values are merged: the types of lists and maps, and the keys of items. Objects are applied and told apart
/// by it, so an item of a set must be one value, and an item of a map must have its keys.
final class MergeCheck {
    private static final String LIST_TYPE = "x-kubernetes-list-type";
    private static final String LIST_KEYS = "x-kubernetes-list-map-keys";
    private static final String MAP_TYPE = "x-kubernetes-map-type";
    private static final JsonNode NULL = Json.array().addNull().path(0);

    private final ObjectNode schema;
    private final Place path;
    private final String type;
    private final String listType;
    private final JsonNode items;
    private final Consumer<FieldError> errors;

    private MergeCheck(ObjectNode schema, Place path, Consumer<FieldError> errors) {
        this.schema = schema;
        this.path = path;
        this.type = Json.string(schema, "type");
        this.listType = Json.string(schema, LIST_TYPE);
        this.items = schema.path("items");
        this.errors = errors;
    }

    /// Tells what is wrong at one node, without those below it.
    static void check(ObjectNode schema, Place path, Consumer<FieldError> errors) {
        MergeCheck check = new MergeCheck(schema, path, errors);
        check.type(MAP_TYPE, "object", List.of("atomic", "granular"));
        check.type(LIST_TYPE, "array", List.of("atomic", "map", "set"));
        check.keys();
        if (check.listType.equals("set") && check.type.equals("array")) {
            check.items();
        } else if (check.listType.equals("map")) {
            check.keyedItems();
        }
        if ((check.listType.equals("set") || check.listType.equals("map")) && Json.flag(check.items, "nullable")) {
            errors.accept(FieldError.forbidden(path + ".items.nullable", "cannot be nullable when " + LIST_TYPE + " is " + check.listType));
        }
    }

    private void type(String hint, String needed, List<String> known) {
        if (!schema.has(hint)) {
            return;
        }
        if (!type.equals(needed)) {
            String detail = "must be " + needed + " if " + hint + " is specified";
            errors.accept(type.isEmpty() ? FieldError.required(path + ".type", detail) : FieldError.invalid(path + ".type", type, detail));
        }
        String said = Json.string(schema, hint);
        if (!known.contains(said)) {
            errors.accept(FieldError.notSupported(path + "." + hint, said, known));
        }
    }

    private void keys() {
        if (!schema.path(LIST_KEYS).isEmpty() && !listType.equals("map")) {
            String detail = "must be map if " + LIST_KEYS + " is non-empty";
            String at = path + "." + LIST_TYPE;
            errors.accept(schema.has(LIST_TYPE) ? FieldError.invalid(at, listType, detail) : FieldError.required(at, detail));
        }
    }

    /// Items of a set are compared as wholes, so nobody may own a part of one. What upstream shows of an object is its list type, whatever its map type is.
    private void items() {
        String detail = "must be atomic as item of a list with " + LIST_TYPE + "=set";
        JsonNode shown = items.has(LIST_TYPE) ? items.path(LIST_TYPE) : NULL;
        switch (Json.string(items, "type")) {
            case "array" -> {
                if (items.has(LIST_TYPE) && !Json.string(items, LIST_TYPE).equals("atomic")) {
                    errors.accept(FieldError.invalid(path + ".items." + LIST_TYPE, shown, detail));
                }
            }
            case "object" -> {
                if (!Json.string(items, MAP_TYPE).equals("atomic")) {
                    errors.accept(FieldError.invalid(path + ".items." + MAP_TYPE, shown, detail));
                }
            }
            default -> {}
        }
    }

    private void keyedItems() {
        JsonNode keys = schema.path(LIST_KEYS);
        if (keys.isEmpty()) {
            errors.accept(FieldError.required(path + "." + LIST_KEYS, "must not be empty if " + LIST_TYPE + " is map"));
        }
        if (items.isMissingNode()) {
            errors.accept(FieldError.required(path + ".items", "must have a schema if " + LIST_TYPE + " is map"));
            return;
        }
        String itemType = Json.string(items, "type");
        if (!itemType.equals("object")) {
            errors.accept(FieldError.invalid(path + ".items.type", itemType, "must be object if parent array's " + LIST_TYPE + " is map"));
            return;
        }
        Set<String> required = Set.copyOf(CustomSchema.texts(items.path("required")));
        List<String> names = CustomSchema.texts(keys);
        Set<String> distinct = new LinkedHashSet<>(names);
        boolean known = true;
        for (String name : distinct) {
            JsonNode property = items.path("properties").path(name);
            known &= !property.isMissingNode();
            if (!property.isMissingNode()) {
                key(property, name, required.contains(name));
            }
        }
        // Said once each, as each time shows all of the keys.
        if (!known) {
            errors.accept(FieldError.invalid(path + "." + LIST_KEYS, keys, "entries must all be names of item properties"));
        }
        if (distinct.size() < names.size()) {
            errors.accept(FieldError.invalid(path + "." + LIST_KEYS, keys, "must not contain duplicate entries"));
        }
    }

    private void key(JsonNode property, String name, boolean required) {
        Place at = path.member("items").property(name);
        String kind = Json.string(property, "type");
        if (kind.equals("array") || kind.equals("object")) {
            // Upstream shows the type of the item.
            errors.accept(FieldError.invalid(at + ".type", "object", "must be a scalar type if parent array's " + LIST_TYPE + " is map"));
        }
        if (!required && !property.hasNonNull("default")) {
            errors.accept(FieldError.required(
                    at + ".default", "this property is in " + LIST_KEYS + ", so it must have a default or be a required property"));
        }
        if (Json.flag(property, "nullable")) {
            errors.accept(FieldError.forbidden(at + ".nullable", "this property is in " + LIST_KEYS + ", so it cannot be nullable"));
        }
    }
}
