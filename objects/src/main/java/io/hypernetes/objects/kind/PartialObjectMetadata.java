package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Objects reduced to their metadata.
public final class PartialObjectMetadata {
    private PartialObjectMetadata() {}

    /// The metadata of one object.
    ///
    /// @param version `v1` or `v1beta1` of `meta.k8s.io`
    public static ObjectNode of(ObjectNode object, String version) {
        ObjectNode partial = Json.object();
        partial.put("kind", "PartialObjectMetadata");
        partial.put("apiVersion", "meta.k8s.io/" + version);
        JsonNode meta = object.get("metadata");
        partial.set("metadata", meta == null ? Json.object() : meta);
        return partial;
    }
}
