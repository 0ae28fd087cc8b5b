package io.hypernetes.objects.crd;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Fills in what a structural schema says of absent members. Applying it twice changes nothing more.
///
/// A few bytes are filled in with as many as their default has, each item of a list anew, so how much that may be together is bounded: what
/// has no room is left out.
final class Defaulting {
    private long room;

    private Defaulting(long room) {
        this.room = room;
    }

    /// Fills in the defaults in place. A null that may not be one counts as absent where there is a default.
    ///
    /// @param room how much may be filled in, measured as by [#size]
    /// @return what is left of it; negative when not all was filled in
    static long apply(JsonNode value, CustomSchema schema, long room) {
        Defaulting defaulting = new Defaulting(room);
        defaulting.fill(value, schema);
        return defaulting.room;
    }

    /// About how many characters a value has.
    static long size(JsonNode value) {
        long size = 2;
        if (value instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> member : object.properties()) {
                size += member.getKey().length() + 4 + size(member.getValue());
            }
        } else if (value instanceof ArrayNode array) {
            for (JsonNode item : array) {
                size += 1 + size(item);
            }
        } else {
            size += value.asString("").length();
        }
        return size;
    }

    private void fill(JsonNode value, CustomSchema schema) {
        if (room < 0 || !schema.hasDefaults()) {
            return;
        }
        if (value instanceof ObjectNode object) {
            for (Map.Entry<String, CustomSchema> property : schema.properties().entrySet()) {
                JsonNode fallback = property.getValue().defaultValue();
                if (fallback != null && isAbsent(object.get(property.getKey()), property.getValue()) && takes(property.getKey().length() + 4 + size(fallback))) {
                    object.set(property.getKey(), fallback.deepCopy());
                }
            }
            for (Map.Entry<String, JsonNode> member : List.copyOf(object.properties())) {
                CustomSchema declared = schema.member(member.getKey());
                if (declared != null) {
                    JsonNode fallback = declared.defaultValue();
                    if (fallback != null && isAbsent(member.getValue(), declared) && takes(size(fallback))) {
                        object.set(member.getKey(), fallback.deepCopy());
                    }
                    fill(object.path(member.getKey()), declared);
                }
            }
        } else if (value instanceof ArrayNode array && schema.items() instanceof CustomSchema items) {
            for (int i = 0; i < array.size(); i++) {
                JsonNode fallback = items.defaultValue();
                if (fallback != null && isAbsent(array.get(i), items) && takes(size(fallback))) {
                    array.set(i, fallback.deepCopy());
                }
                fill(array.get(i), items);
            }
        }
    }

    private boolean takes(long size) {
        room = Math.max(-1, room - size);
        return room >= 0;
    }

    private static boolean isAbsent(@Nullable JsonNode value, CustomSchema schema) {
        return value == null || (value.isNull() && !schema.nullable());
    }
}
