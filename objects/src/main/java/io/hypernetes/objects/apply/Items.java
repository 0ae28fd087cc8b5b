package io.hypernetes.objects.apply;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;

/// The items of an associative list by their path elements, in the list's order.
final class Items {
    private Items() {}

    /// The path element of an item of a list of this shape.
    ///
    /// @throws ShapeException when it lacks a key
    static String element(Shape list, JsonNode item) {
        if (!(list instanceof Shape.Keyed keyed)) {
            return PathElement.value(item);
        }
        var keys = new TreeMap<String, JsonNode>();
        for (String key : keyed.keys()) {
            JsonNode value = item.get(key);
            if (value == null || value.isNull()) {
                value = keyed.defaults().get(key);
            }
            if (value == null) {
                throw new ShapeException("associative list with keys has an element that omits key field \"" + key
                        + "\" (and doesn't have default value)");
            }
            keys.put(key, value);
        }
        return PathElement.key(keys);
    }

    /// The items by element; several of one element are kept together.
    static Map<String, List<JsonNode>> byElement(Shape list, JsonNode array) {
        Map<String, List<JsonNode>> items = LinkedHashMap.newLinkedHashMap(array.size());
        for (JsonNode item : array) {
            items.computeIfAbsent(element(list, item), _ -> new ArrayList<>(1)).add(item);
        }
        return items;
    }

    static Shape itemShape(Shape list) {
        return list instanceof Shape.Keyed keyed ? keyed.item() : Shape.Whole.WHOLE;
    }
}
