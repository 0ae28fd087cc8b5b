package io.hypernetes.objects.patch;

import io.hypernetes.objects.Json;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// JSON merge patch (RFC 7396).
public final class MergePatch {
    private MergePatch() {}

    /// The target after the patch; neither argument is changed.
    public static JsonNode apply(JsonNode target, JsonNode patch) {
        if (!(patch instanceof ObjectNode changes)) {
            return patch.deepCopy();
        }
        ObjectNode result = target instanceof ObjectNode object ? object.deepCopy() : Json.object();
        merge(result, changes);
        return result;
    }

    /// Changes an object that is ours: a copy at each level would hold the depth times the size at once.
    private static void merge(ObjectNode into, ObjectNode changes) {
        for (Map.Entry<String, JsonNode> change : changes.properties()) {
            String name = change.getKey();
            JsonNode value = change.getValue();
            if (value.isNull()) {
                into.remove(name);
            } else if (value instanceof ObjectNode below) {
                ObjectNode within = into.get(name) instanceof ObjectNode present ? present : Json.object();
                merge(within, below);
                into.set(name, within);
            } else {
                into.set(name, value.deepCopy());
            }
        }
    }
}
