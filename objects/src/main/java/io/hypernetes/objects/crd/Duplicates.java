package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Finds what occurs twice in lists of the types `set` and `map`.
final class Duplicates {
    private final Faults errors = new Faults();

    private Duplicates() {}

    /// Every item of a value, and of what is in it, that an earlier one of its list equals.
    static List<FieldError> find(JsonNode value, CustomSchema schema, String path) {
        Duplicates duplicates = new Duplicates();
        duplicates.value(value, schema, Place.of(path));
        return duplicates.errors.list();
    }

    private void value(JsonNode value, CustomSchema schema, Place path) {
        if (errors.isFull()) {
            return;
        }
        if (value.isArray()) {
            list(value, schema, path);
        } else if (value.isObject()) {
            for (Map.Entry<String, JsonNode> member : value.properties()) {
                CustomSchema declared = schema.member(member.getKey());
                if (declared != null) {
                    value(member.getValue(), declared, path.member(member.getKey()));
                }
            }
        }
    }

    private void list(JsonNode list, CustomSchema schema, Place path) {
        boolean keyed = schema.listType().equals("map");
        boolean unique = keyed || schema.listType().equals("set");
        CustomSchema items = schema.items();
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < list.size() && !errors.isFull(); i++) {
            JsonNode item = list.get(i);
            if (unique && !seen.add(keyed ? Correlation.identity(schema, item) : Correlation.identity(item))) {
                errors.add(FieldError.duplicate(path.item(i).toString(), keyed ? Correlation.key(schema, item) : item));
            }
            if (items != null) {
                value(item, items, path.item(i));
            }
        }
    }
}
