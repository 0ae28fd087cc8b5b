package io.hypernetes.objects.openapi;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.KubernetesVersion;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Turns OpenAPI v3 documents into the one document of OpenAPI v2 that older clients read: the same paths and types in the older words.
/// One use each.
final class Swagger {
    private static final String V3 = "#/components/schemas/";
    private static final String V2 = "#/definitions/";

    private final ObjectNode paths = Json.object();
    private final ObjectNode definitions = Json.object();

    /// Adds what a document of OpenAPI v3 describes; its types may be known already.
    void add(ObjectNode document) {
        document.path("paths").properties().forEach(path -> paths.set(path.getKey(), path(path.getValue())));
        document.path("components").path("schemas").properties().forEach(type -> {
            if (!definitions.has(type.getKey())) {
                definitions.set(type.getKey(), schema(type.getValue()));
            } else {
                join((ObjectNode) definitions.path(type.getKey()), type.getValue());
            }
        });
    }

    /// A type that several groups use is the kind of each of them.
    private static void join(ObjectNode known, JsonNode other) {
        for (JsonNode gvk : other.path("x-kubernetes-group-version-kind")) {
            ArrayNode all = known.withArray("x-kubernetes-group-version-kind");
            boolean there = false;
            for (JsonNode each : all) {
                there |= each.equals(gvk);
            }
            if (!there) {
                all.add(gvk);
            }
        }
    }

    ObjectNode build() {
        ObjectNode document = Json.object();
        document.put("swagger", "2.0");
        document.putObject("info").put("title", "Kubernetes").put("version", KubernetesVersion.GIT_VERSION);
        document.set("paths", paths);
        document.set("definitions", definitions);
        return document;
    }

    private static ObjectNode path(JsonNode path) {
        ObjectNode result = Json.object();
        path.properties().forEach(member -> {
            if (member.getKey().equals("parameters")) {
                result.set("parameters", parameters(member.getValue()));
            } else if (member.getValue().isObject()) {
                result.set(member.getKey(), operation((ObjectNode) member.getValue()));
            }
        });
        return result;
    }

    private static ObjectNode operation(ObjectNode operation) {
        ObjectNode result = Json.object();
        ArrayNode parameters = parameters(operation.path("parameters"));
        JsonNode body = operation.path("requestBody");
        if (body.isObject()) {
            ObjectNode parameter = parameters.addObject().put("in", "body").put("name", "body");
            parameter.put("required", Json.flag(body, "required"));
            parameter.set("schema", schema(firstSchema(body)));
        }
        operation.properties().forEach(member -> {
            switch (member.getKey()) {
                case "parameters" -> {}
                case "requestBody" -> result.set("consumes", mediaTypes(body));
                case "responses" -> {
                    ObjectNode responses = result.putObject("responses");
                    member.getValue().properties().forEach(response -> {
                        ObjectNode answer = responses.putObject(response.getKey());
                        answer.put("description", Json.string(response.getValue(), "description"));
                        if (response.getValue().path("content").isObject()) {
                            answer.set("schema", schema(firstSchema(response.getValue())));
                            result.set("produces", mediaTypes(response.getValue()));
                        }
                    });
                }
                default -> result.set(member.getKey(), member.getValue());
            }
        });
        if (!parameters.isEmpty()) {
            result.set("parameters", parameters);
        }
        return result;
    }

    private static JsonNode firstSchema(JsonNode holder) {
        for (JsonNode content : holder.path("content")) {
            return content.path("schema");
        }
        return Json.object();
    }

    private static ArrayNode mediaTypes(JsonNode holder) {
        ArrayNode types = Json.array();
        holder.path("content").propertyNames().forEach(types::add);
        return types;
    }

    private static ArrayNode parameters(JsonNode parameters) {
        ArrayNode result = Json.array();
        for (JsonNode parameter : parameters) {
            ObjectNode flat = result.addObject();
            parameter.properties().forEach(member -> {
                if (member.getKey().equals("schema")) {
                    member.getValue().properties().forEach(word -> flat.set(word.getKey(), word.getValue()));
                } else {
                    flat.set(member.getKey(), member.getValue());
                }
            });
        }
        return result;
    }

    private static ObjectNode schema(JsonNode schema) {
        ObjectNode result = Json.object();
        for (Map.Entry<String, JsonNode> member : schema.properties()) {
            JsonNode value = member.getValue();
            switch (member.getKey()) {
                case "$ref" -> {
                    // In a schema of schemas this is the name of a field's type, never of the field: those are below `properties`.
                    result.put("$ref", V2 + value.asString("").substring(V3.length()));
                }
                case "allOf" -> result.setAll(schema(value.path(0)));
                case "oneOf" -> result.put("type", "string");
                case "default" -> {}
                case "properties" -> {
                    ObjectNode properties = result.putObject("properties");
                    value.properties().forEach(property -> properties.set(property.getKey(), schema(property.getValue())));
                }
                case "items", "additionalProperties" -> result.set(member.getKey(), value.isObject() ? schema(value) : value);
                default -> result.set(member.getKey(), value);
            }
        }
        return result;
    }
}
