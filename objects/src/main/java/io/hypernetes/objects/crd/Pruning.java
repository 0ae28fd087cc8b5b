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
    private static final int MOST_REPORTED = 50;
    private static final List<String> RESOURCE_MEMBERS = List.of("apiVersion", "kind", "metadata");

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
        pruning.members(object, schema, "", true);
        return pruning.unknown;
    }

    /// Prunes a value in place.
    static void value(JsonNode value, CustomSchema schema, String path, List<String> unknown) {
        Pruning pruning = new Pruning((at, metadata) -> {});
        pruning.value(value, schema, path);
        unknown.addAll(pruning.unknown);
    }

    private void value(JsonNode value, CustomSchema schema, String path) {
        if (value instanceof ObjectNode object) {
            members(object, schema, path, schema.embedded());
        } else if (value instanceof ArrayNode array && schema.items() instanceof CustomSchema items) {
            int i = 0;
            for (JsonNode item : array) {
                value(item, items, path + "[" + i++ + "]");
            }
        }
    }

    private void members(ObjectNode object, CustomSchema schema, String path, boolean resource) {
        List<String> drop = new ArrayList<>();
        for (Map.Entry<String, JsonNode> member : object.properties()) {
            String name = member.getKey();
            String at = path.isEmpty() ? name : path + "." + name;
            if (resource && RESOURCE_MEMBERS.contains(name)) {
                if (!path.isEmpty() && name.equals("metadata") && member.getValue() instanceof ObjectNode metadata) {
                    embeddedMetadata.accept(at, metadata);
                }
                continue;
            }
            CustomSchema declared = schema.member(name);
            if (declared != null) {
                value(member.getValue(), declared, at);
            } else if (!schema.keepsUnknown() && !schema.acceptsAny()) {
                drop.add(name);
                if (unknown.size() < MOST_REPORTED) {
                    unknown.add(at);
                }
            }
        }
        drop.forEach(object::remove);
    }
}
