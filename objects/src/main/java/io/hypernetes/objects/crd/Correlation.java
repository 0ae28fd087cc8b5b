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

    /// Whether rules may compare members of an object with those before.
    static boolean ofMembers(CustomSchema object) {
        return !object.mapType().equals("atomic");
    }

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

    /// The items of the earlier list by their keys, of those with the same key the first; none when they cannot be told.
    static Map<JsonNode, JsonNode> items(CustomSchema list, @Nullable JsonNode before) {
        Map<JsonNode, JsonNode> items = new HashMap<>();
        if (ofItems(list) && before != null && before.isArray()) {
            before.forEach(item -> items.putIfAbsent(key(list, item), item));
        }
        return items;
    }
}
