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
    private final Map<JsonNode, List<Integer>> placesById = new HashMap<>();
    private final String key;

    /// Takes the items, which may change afterwards; of several with one id the first is the one that is found.
    KeyedItems(ArrayNode before, String key) {
        this.key = key;
        for (JsonNode item : before) {
            JsonNode id = item.get(key);
            if (id != null) {
                placesById.computeIfAbsent(id, _ -> new ArrayList<>(1)).add(items.size());
            }
            items.add(item);
        }
    }

    @Nullable ObjectNode find(JsonNode id) {
        List<Integer> places = placesById.get(id);
        return places != null && items.get(places.getFirst()) instanceof ObjectNode object ? object : null;
    }

    /// Replaces the item of that id, or adds it at the end.
    void put(JsonNode id, ObjectNode item) {
        List<Integer> places = placesById.get(id);
        if (places == null) {
            placesById.put(id, new ArrayList<>(List.of(items.size())));
            items.add(item);
        } else {
            items.set(places.getFirst(), item);
        }
    }

    /// Removes all items of that id.
    void remove(JsonNode id) {
        List<Integer> places = placesById.remove(id);
        if (places != null) {
            places.forEach(place -> items.set(place, null));
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
        return "KeyedItems[" + key + ", " + placesById.size() + "]";
    }
}
