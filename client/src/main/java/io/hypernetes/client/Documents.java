package io.hypernetes.client;

import java.util.TreeMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Objects of the typed model as JSON, for what is kept inside another object (a revision's data) or compared by its text.
public final class Documents {
    private Documents() {}

    /// The JSON tree of a model object.
    public static JsonNode tree(Object object) {
        return Json.MAPPER.valueToTree(object);
    }

    /// A model object from a tree, a map or another model object.
    ///
    /// @throws tools.jackson.core.JacksonException when it does not fit the type
    public static <T> T read(Object document, Class<T> type) {
        return Json.MAPPER.convertValue(document, type);
    }

    /// The same text for equal objects: members are sorted by name.
    public static String canonical(Object object) {
        return Json.MAPPER.writeValueAsString(sorted(tree(object)));
    }

    private static JsonNode sorted(JsonNode node) {
        if (node instanceof ObjectNode object) {
            Map<String, JsonNode> members = new TreeMap<>();
            object.properties().forEach(member -> members.put(member.getKey(), sorted(member.getValue())));
            ObjectNode result = Json.MAPPER.createObjectNode();
            members.forEach(result::set);
            return result;
        }
        if (node instanceof ArrayNode array) {
            ArrayNode result = Json.MAPPER.createArrayNode();
            array.forEach(element -> result.add(sorted(element)));
            return result;
        }
        return node;
    }
}
