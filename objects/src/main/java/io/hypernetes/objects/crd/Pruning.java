package io.hypernetes.objects.crd;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Removes what a structural schema does not declare.
final class Pruning {
    private static final int MOST_REPORTED = 100;
    private static final List<String> RESOURCE_MEMBERS = List.of("apiVersion", "kind", "metadata");

    private final Place whole = Place.of("");
    private final List<String> unknown = new ArrayList<>();
    private final BiConsumer<String, ObjectNode> embeddedMetadata;

    private Pruning(BiConsumer<String, ObjectNode> embeddedMetadata) {
        this.embeddedMetadata = embeddedMetadata;
    }

    /// Prunes a whole object in place; its type and metadata stay.
    ///
    /// @param embeddedMetadata told the metadata of objects inside it, with their paths, which no custom schema describes
    /// @return the paths of what was removed
    static List<String> object(ObjectNode object, CustomSchema schema, BiConsumer<String, ObjectNode> embeddedMetadata) {
        Pruning pruning = new Pruning(embeddedMetadata);
        pruning.members(object, schema, pruning.whole, true);
        return pruning.unknown;
    }

    /// Prunes a value in place.
    ///
    /// @return the paths of what was removed
    static List<String> value(JsonNode value, CustomSchema schema) {
        Pruning pruning = new Pruning((at, metadata) -> {});
        pruning.value(value, schema, pruning.whole);
        return pruning.unknown;
    }

    private void value(JsonNode value, CustomSchema schema, Place path) {
        if (value instanceof ObjectNode object) {
            members(object, schema, path, schema.embedded());
        } else if (value instanceof ArrayNode array && schema.items() instanceof CustomSchema items) {
            int i = 0;
            for (JsonNode item : array) {
                value(item, items, path.item(i++));
            }
        }
    }

    private void members(ObjectNode object, CustomSchema schema, Place path, boolean resource) {
        List<String> drop = new ArrayList<>();
        for (Map.Entry<String, JsonNode> member : object.properties()) {
            String name = member.getKey();
            Place at = path.member(name);
            if (resource && RESOURCE_MEMBERS.contains(name)) {
                if (path != whole && name.equals("metadata") && member.getValue() instanceof ObjectNode metadata) {
                    embeddedMetadata.accept(at.toString(), metadata);
                }
                continue;
            }
            CustomSchema declared = schema.member(name);
            if (declared != null) {
                value(member.getValue(), declared, at);
            } else if (!schema.keepsUnknown() && !schema.acceptsAny()) {
                drop.add(name);
                if (unknown.size() < MOST_REPORTED) {
                    unknown.add(at.toString());
                }
            }
        }
        drop.forEach(object::remove);
    }
}
