package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What tenants see of an object of the operator's: named parts of it, so that what is added one day is not shown unasked.
final class Projection {
    private static final List<String> METADATA = List.of("resourceVersion", "name", "uid", "creationTimestamp", "labels");

    private Projection() {}

    /// The same object with its name, labels and these fields.
    ///
    /// @param annotations those that are shown
    static ObjectNode of(ObjectNode object, List<String> annotations, List<String> fields) {
        ObjectNode seen = Json.object();
        copy(object, seen, List.of("apiVersion", "kind"));
        ObjectNode metadata = seen.putObject("metadata");
        copy(object.path("metadata"), metadata, METADATA);
        ObjectNode shown = Json.object();
        copy(object.path("metadata").path("annotations"), shown, annotations);
        if (!shown.isEmpty()) {
            metadata.set("annotations", shown);
        }
        copy(object, seen, fields);
        return seen;
    }

    static void copy(JsonNode from, ObjectNode to, List<String> names) {
        for (String name : names) {
            JsonNode value = from.get(name);
            if (value != null) {
                to.set(name, value);
            }
        }
    }
}
