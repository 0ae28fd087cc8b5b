package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Finds what occurs twice in lists of the types `set` and `map`.
final class Duplicates {
    private static final int MOST_ERRORS = 100;

    private final List<FieldError> errors = new ArrayList<>();

    private Duplicates() {}

    /// Every item of a value, and of what is in it, that an earlier one of its list equals.
    static List<FieldError> find(JsonNode value, CustomSchema schema, String path) {
        Duplicates duplicates = new Duplicates();
        duplicates.value(value, schema, path);
        return duplicates.errors;
    }

    private void value(JsonNode value, CustomSchema schema, String path) {
        if (errors.size() >= MOST_ERRORS) {
            return;
        }
        if (value.isArray()) {
            list(value, schema, path);
        } else if (value.isObject()) {
            for (Map.Entry<String, JsonNode> member : value.properties()) {
                CustomSchema declared = schema.member(member.getKey());
                if (declared != null) {
                    value(member.getValue(), declared, SchemaValidation.child(path, member.getKey()));
                }
            }
        }
    }

    private void list(JsonNode list, CustomSchema schema, String path) {
        boolean keyed = schema.listType().equals("map");
        boolean unique = keyed || schema.listType().equals("set");
        CustomSchema items = schema.items();
        Set<JsonNode> seen = new HashSet<>();
        for (int i = 0; i < list.size(); i++) {
            JsonNode item = list.get(i);
            String at = path + "[" + i + "]";
            if (unique) {
                JsonNode key = keyed ? Correlation.key(schema, item) : item;
                if (!seen.add(key)) {
                    errors.add(FieldError.duplicate(at, key));
                }
            }
            if (items != null) {
                value(item, items, at);
            }
        }
    }
}
