package io.hypernetes.objects.crd;

import io.hypernetes.objects.Json;
import java.util.LinkedHashSet;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The formats in a CustomResourceDefinition that mean nothing, as upstream finds them (`getUnrecognizedFormatsInCRD`).
public final class UnknownFormats {
    private static final int MOST = 100;

    private final Set<String> found = new LinkedHashSet<>();

    private UnknownFormats() {}

    /// Each once; a hundred at most.
    public static Set<String> of(JsonNode definition) {
        UnknownFormats formats = new UnknownFormats();
        for (ObjectNode version : Json.objects(definition.path("spec"), "versions")) {
            formats.visit(version.path("schema").path("openAPIV3Schema"));
        }
        return formats.found;
    }

    private void visit(JsonNode schema) {
        if (!schema.isObject() || found.size() >= MOST) {
            return;
        }
        String format = Json.string(schema, "format");
        if (!format.isEmpty() && !Formats.isKnown(format, Json.string(schema, "type"))) {
            found.add(format);
        }
        for (String one : new String[] {"items", "not", "additionalProperties"}) {
            visit(schema.path(one));
        }
        for (String several : new String[] {"allOf", "anyOf", "oneOf"}) {
            schema.path(several).forEach(this::visit);
        }
        schema.path("properties").forEach(this::visit);
    }
}
