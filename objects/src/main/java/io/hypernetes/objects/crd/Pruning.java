package io.hypernetes.objects.crd;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Removes what a structural schema does not declare.
final class Pruning {
    private static final int MOST_REPORTED = 50;
    private static final List<String> RESOURCE_MEMBERS = List.of("apiVersion", "kind", "metadata");

    private Pruning() {}

    /// Prunes a whole object in place; its type and metadata stay.
    ///
    /// @return the paths of what was removed
    static List<String> object(ObjectNode object, CustomSchema schema) {
        List<String> unknown = new ArrayList<>();
        members(object, schema, "", true, unknown);
        return unknown;
    }

    /// Prunes a value in place.
    static void value(JsonNode value, CustomSchema schema, String path, List<String> unknown) {
        if (value instanceof ObjectNode object) {
            members(object, schema, path, schema.embedded(), unknown);
        } else if (value instanceof ArrayNode array && schema.items() instanceof CustomSchema items) {
            int i = 0;
            for (JsonNode item : array) {
                value(item, items, path + "[" + i++ + "]", unknown);
            }
        }
    }

    private static void members(
            ObjectNode object, CustomSchema schema, String path, boolean resource, List<String> unknown) {
        List<String> drop = new ArrayList<>();
        for (Map.Entry<String, JsonNode> member : object.properties()) {
            String name = member.getKey();
            if (resource && RESOURCE_MEMBERS.contains(name)) {
                continue;
            }
            String at = path.isEmpty() ? name : path + "." + name;
            CustomSchema declared = schema.member(name);
            if (declared != null) {
                value(member.getValue(), declared, at, unknown);
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
