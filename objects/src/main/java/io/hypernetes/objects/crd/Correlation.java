package io.hypernetes.objects.crd;

import io.hypernetes.objects.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Which value before a change is the same thing as one after it.
final class Correlation {
    private Correlation() {}

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

    /// The item of the earlier list that is the same thing; null when there is none or none can be told.
    static @Nullable JsonNode item(CustomSchema list, @Nullable JsonNode before, JsonNode item) {
        if (before == null || !list.listType().equals("map")) {
            return null;
        }
        JsonNode wanted = key(list, item);
        for (JsonNode candidate : before) {
            if (key(list, candidate).equals(wanted)) {
                return candidate;
            }
        }
        return null;
    }
}
