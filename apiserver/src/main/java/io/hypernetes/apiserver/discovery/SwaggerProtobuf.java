package io.hypernetes.apiserver.discovery;

import com.google.protobuf.CodedOutputStream;
import io.hypernetes.objects.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The document of OpenAPI v2 as the protobuf messages of gnostic (package `openapi.v2`), the only form in which kubectl reads it: for
/// lists and for kinds that cannot be patched it checks objects by this document itself.
///
/// What those messages have no field for is left out, as upstream does. Free values, such as extensions, travel as YAML, which JSON is.
final class SwaggerProtobuf {
    static final String TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    /// The older spelling is no media type by the letter of the standard, which is why there is a newer one.
    static final Set<String> TYPES = Set.of(TYPE, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");

    private static final Message SCHEMA = new Message(31);
    private static final Message DEFINITIONS = named(1, SCHEMA);

    static {
        SCHEMA.text(1, "$ref").text(2, "format").text(3, "title").text(4, "description").any(5, "default").number(6, "multipleOf");
        SCHEMA.number(7, "maximum").flag(8, "exclusiveMaximum").number(9, "minimum").flag(10, "exclusiveMinimum");
        SCHEMA.integer(11, "maxLength").integer(12, "minLength").text(13, "pattern").integer(14, "maxItems").integer(15, "minItems");
        SCHEMA.flag(16, "uniqueItems").integer(17, "maxProperties").integer(18, "minProperties").texts(19, "required").anys(20, "enum");
        SCHEMA.put("additionalProperties", (out, value) -> {
            var item = bytes(inner -> {
                if (value.isBoolean()) {
                    inner.writeBool(2, value.booleanValue());
                } else {
                    SCHEMA.write(inner, 1, value);
                }
            });
            out.writeByteArray(21, item);
        });
        SCHEMA.put("type", (out, value) -> out.writeByteArray(22, bytes(inner -> inner.writeString(1, value.asString("")))));
        SCHEMA.put("items", (out, value) -> out.writeByteArray(23, bytes(inner -> SCHEMA.write(inner, 1, value))));
        SCHEMA.messages(24, "allOf", SCHEMA).message(25, "properties", DEFINITIONS).any(30, "example");
    }

    private static final Message BODY = new Message(6)
            .text(1, "description").text(2, "name").text(3, "in").flag(4, "required").message(5, "schema", SCHEMA);
    private static final Message QUERY = new Message(23)
            .flag(1, "required").text(2, "in").text(3, "description").text(4, "name").text(6, "type").text(7, "format").flag(20, "uniqueItems");
    private static final Message PATH = new Message(22)
            .flag(1, "required").text(2, "in").text(3, "description").text(4, "name").text(5, "type").text(6, "format").flag(19, "uniqueItems");
    private static final Message RESPONSE = new Message(5).text(1, "description").message(2, "schema", inside(1, SCHEMA));
    private static final Message OPERATION = new Message(13)
            .texts(1, "tags").text(2, "summary").text(3, "description").text(5, "operationId").texts(6, "produces").texts(7, "consumes")
            .flag(11, "deprecated").message(9, "responses", named(1, inside(1, RESPONSE)));
    private static final Message PATHS_ITEM = new Message(10)
            .message(2, "get", OPERATION).message(3, "put", OPERATION).message(4, "post", OPERATION).message(5, "delete", OPERATION)
            .message(6, "options", OPERATION).message(7, "head", OPERATION).message(8, "patch", OPERATION);
    private static final Message INFO = new Message(7).text(1, "title").text(2, "version").text(3, "description");
    private static final Message DOCUMENT = new Message(16)
            .text(1, "swagger").message(2, "info", INFO).message(8, "paths", named(2, PATHS_ITEM)).message(9, "definitions", DEFINITIONS);

    static {
        OPERATION.put("parameters", (out, value) -> parameters(out, 8, value));
        PATHS_ITEM.put("parameters", (out, value) -> parameters(out, 9, value));
    }

    private SwaggerProtobuf() {}

    /// The document's protobuf form.
    static byte[] of(byte[] json) {
        var document = Json.readObject(json);
        return bytes(out -> DOCUMENT.content(out, document));
    }

    private interface Content {
        void write(CodedOutputStream out) throws IOException;
    }

    private interface Field {
        void write(CodedOutputStream out, JsonNode value) throws IOException;
    }

    /// How the members of a JSON object become the fields of a message.
    private static final class Message {
        private final Map<String, Field> fields = new HashMap<>();
        private final int extensions;
        private @Nullable Field everyMember;

        /// @param extensions the field for members whose names begin with `x-`
        Message(int extensions) {
            this.extensions = extensions;
        }

        Message put(String member, Field field) {
            fields.put(member, field);
            return this;
        }

        Message text(int number, String member) {
            return put(member, (out, value) -> out.writeString(number, value.asString("")));
        }

        Message texts(int number, String member) {
            return put(member, (out, value) -> {
                for (var item : value) {
                    out.writeString(number, item.asString(""));
                }
            });
        }

        Message flag(int number, String member) {
            return put(member, (out, value) -> out.writeBool(number, value.isBoolean() && value.booleanValue()));
        }

        Message integer(int number, String member) {
            return put(member, (out, value) -> out.writeInt64(number, value.asLong(0)));
        }

        Message number(int number, String member) {
            return put(member, (out, value) -> out.writeDouble(number, value.asDouble(0)));
        }

        Message any(int number, String member) {
            return put(member, (out, value) -> out.writeByteArray(number, yaml(value)));
        }

        Message anys(int number, String member) {
            return put(member, (out, value) -> {
                for (var item : value) {
                    out.writeByteArray(number, yaml(item));
                }
            });
        }

        Message message(int number, String member, Message type) {
            return put(member, (out, value) -> type.write(out, number, value));
        }

        Message messages(int number, String member, Message type) {
            return put(member, (out, value) -> {
                for (var item : value) {
                    type.write(out, number, item);
                }
            });
        }

        void write(CodedOutputStream out, int number, JsonNode value) throws IOException {
            out.writeByteArray(number, bytes(inner -> content(inner, value)));
        }

        void content(CodedOutputStream out, JsonNode value) throws IOException {
            var every = everyMember;
            if (every != null) {
                every.write(out, value);
                return;
            }
            for (var member : value.properties()) {
                var field = fields.get(member.getKey());
                if (field != null) {
                    field.write(out, member.getValue());
                } else if (member.getKey().startsWith("x-")) {
                    pair(out, extensions, member.getKey(), yaml(member.getValue()));
                }
            }
        }
    }

    /// A map from names to messages: a list of pairs.
    private static Message named(int number, Message type) {
        var map = new Message(0);
        map.everyMember = (out, value) -> {
            for (var member : value.properties()) {
                pair(out, number, member.getKey(), bytes(inner -> type.content(inner, member.getValue())));
            }
        };
        return map;
    }

    /// A message around one other.
    private static Message inside(int number, Message type) {
        var around = new Message(0);
        around.everyMember = (out, value) -> type.write(out, number, value);
        return around;
    }

    private static void parameters(CodedOutputStream out, int number, JsonNode parameters) throws IOException {
        for (var parameter : parameters) {
            var one = bytes(inner -> {
                switch (Json.string(parameter, "in")) {
                    case "body" -> BODY.write(inner, 1, parameter);
                    case "path" -> inner.writeByteArray(2, bytes(other -> PATH.write(other, 4, parameter)));
                    default -> inner.writeByteArray(2, bytes(other -> QUERY.write(other, 3, parameter)));
                }
            });
            out.writeByteArray(number, bytes(item -> item.writeByteArray(1, one)));
        }
    }

    private static void pair(CodedOutputStream out, int number, String name, byte[] value) throws IOException {
        out.writeByteArray(number, bytes(inner -> {
            inner.writeString(1, name);
            inner.writeByteArray(2, value);
        }));
    }

    private static byte[] yaml(JsonNode value) {
        return bytes(out -> out.writeString(2, Json.print(value)));
    }

    private static byte[] bytes(Content content) {
        try {
            var buffer = new ByteArrayOutputStream();
            var out = CodedOutputStream.newInstance(buffer, 512);
            content.write(out);
            out.flush();
            return buffer.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException("a buffer in memory cannot be written", e);
        }
    }
}
