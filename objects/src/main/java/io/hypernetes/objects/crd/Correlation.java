package io.hypernetes.objects.crd;

import io.hypernetes.objects.Json;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Which value before a change is the same thing as one after it.
final class Correlation {
    private Correlation() {}

    /// Whether items of a list can be told from each other.
    static boolean ofItems(CustomSchema list) {
        return list.listType().equals("map");
    }

    /// What identifies an item of a list of type `map`.
    static JsonNode key(CustomSchema list, JsonNode item) {
        ObjectNode key = Json.object();
        for (String name : list.mapKeys()) {
            JsonNode value = item.get(name);
            if (value != null) {
                key.set(name, value);
            }
        }
        return key;
    }

    /// The same for every item of that key, and for no other: a text, as the texts of an object can be chosen so that all have one hash, among which
    /// nothing but texts is found fast.
    static String identity(CustomSchema list, JsonNode item) {
        return identity(key(list, item));
    }

    /// The same for every value that equals, and for no other.
    static String identity(JsonNode value) {
        StringBuilder text = new StringBuilder();
        identity(value, text);
        return text.toString();
    }

    /// In whatever order the members are.
    private static void identity(JsonNode value, StringBuilder text) {
        if (value.isObject()) {
            text.append('{');
            value.properties().stream().sorted(Map.Entry.comparingByKey()).forEach(member -> {
                text.append(Json.print(Json.text(member.getKey()))).append(':');
                identity(member.getValue(), text);
                text.append(',');
            });
            text.append('}');
        } else if (value.isArray()) {
            text.append('[');
            for (JsonNode item : value) {
                identity(item, text);
                text.append(',');
            }
            text.append(']');
        } else {
            text.append(Json.print(value));
        }
    }

    /// The items of the earlier list by their [#identity], of those with the same the first; none when they cannot be told.
    static Map<String, JsonNode> items(CustomSchema list, @Nullable JsonNode before) {
        Map<String, JsonNode> items = new HashMap<>();
        if (ofItems(list) && before != null && before.isArray()) {
            before.forEach(item -> items.putIfAbsent(identity(list, item), item));
        }
        return items;
    }
}
