package io.hypernetes.objects.crd;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Fills in what a structural schema says of absent members. Applying it twice changes nothing more.
final class Defaulting {
    private Defaulting() {}

    /// Fills in the defaults in place. A null that may not be one counts as absent where there is a default.
    static void apply(JsonNode value, CustomSchema schema) {
        if (!schema.hasDefaults()) {
            return;
        }
        if (value instanceof ObjectNode object) {
            for (Map.Entry<String, CustomSchema> property : schema.properties().entrySet()) {
                JsonNode fallback = property.getValue().defaultValue();
                if (fallback != null && isAbsent(object.get(property.getKey()), property.getValue())) {
                    object.set(property.getKey(), fallback.deepCopy());
                }
            }
            for (Map.Entry<String, JsonNode> member : List.copyOf(object.properties())) {
                CustomSchema declared = schema.member(member.getKey());
                if (declared != null) {
                    JsonNode fallback = declared.defaultValue();
                    if (fallback != null && isAbsent(member.getValue(), declared)) {
                        object.set(member.getKey(), fallback.deepCopy());
                    }
                    apply(object.path(member.getKey()), declared);
                }
            }
        } else if (value instanceof ArrayNode array && schema.items() instanceof CustomSchema items) {
            for (int i = 0; i < array.size(); i++) {
                JsonNode fallback = items.defaultValue();
                if (fallback != null && isAbsent(array.get(i), items)) {
                    array.set(i, fallback.deepCopy());
                }
                apply(array.get(i), items);
            }
        }
    }

    private static boolean isAbsent(@Nullable JsonNode value, CustomSchema schema) {
        return value == null || (value.isNull() && !schema.nullable());
    }
}
