package io.hypernetes.objects.patch;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A list of objects in order, found by the value of one member in constant time: hostile lists are long.
final class KeyedItems {
    private final List<@Nullable JsonNode> items = new ArrayList<>();
    private final Map<JsonNode, Integer> placeById = new HashMap<>();
    private final String key;

    /// Copies the items; of several with one id the first is the one that is found.
    KeyedItems(ArrayNode before, String key) {
        this.key = key;
        for (JsonNode item : before) {
            JsonNode id = item.get(key);
            if (id != null) {
                placeById.putIfAbsent(id, items.size());
            }
            items.add(item.deepCopy());
        }
    }

    @Nullable ObjectNode find(JsonNode id) {
        Integer place = placeById.get(id);
        return place != null && items.get(place) instanceof ObjectNode object ? object : null;
    }

    /// Replaces the item of that id, or adds it at the end.
    void put(JsonNode id, ObjectNode item) {
        Integer place = placeById.putIfAbsent(id, items.size());
        if (place == null) {
            items.add(item);
        } else {
            items.set(place, item);
        }
    }

    void remove(JsonNode id) {
        Integer place = placeById.remove(id);
        if (place != null) {
            items.set(place, null);
        }
    }

    ArrayNode toArray() {
        ArrayNode array = Json.array();
        for (JsonNode item : items) {
            if (item != null) {
                array.add(item);
            }
        }
        return array;
    }

    @Override
    public String toString() {
        return "KeyedItems[" + key + ", " + placeById.size() + "]";
    }
}
