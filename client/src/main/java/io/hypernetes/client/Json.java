package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.model.jackson.GoCompatibilityModule;
import java.io.InputStream;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.node.ObjectNode;

/// JSON as the fabric8 model classes need it: unknown fields are kept by the classes or ignored, Go's octal modes are read.
final class Json {
    static final JsonMapper MAPPER = JsonMapper.builder()
            .addModule(new GoCompatibilityModule())
            .addModule(new SimpleModule().addDeserializer(String.class, new SharedStrings()).addSerializer(MicroTime.class, new ExactTimes()))
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /// The model writes an object here, where the API has a text.
    private static final class ExactTimes extends ValueSerializer<MicroTime> {
        @Override
        public void serialize(MicroTime time, JsonGenerator out, SerializationContext context) {
            out.writeString(time.getTime());
        }
    }

    private Json() {}

    static byte[] write(Object value) {
        return MAPPER.writeValueAsBytes(value);
    }

    static JsonNode tree(InputStream in) {
        return MAPPER.readTree(in);
    }

    static <T> T read(JsonNode node, Class<T> type) {
        return MAPPER.treeToValue(node, type);
    }

    /// An object of the API without its managed fields, which nobody here reads and which are often larger than the rest.
    static <T> T object(JsonMapper mapper, JsonNode node, Class<T> type) {
        if (node.path("metadata") instanceof ObjectNode metadata) {
            metadata.remove("managedFields");
        }
        return mapper.treeToValue(node, type);
    }

    static <T> T read(InputStream in, Class<T> type) {
        return MAPPER.readValue(in, type);
    }

    /// The value with which the bytes begin; what follows it is left alone.
    static <T> T read(byte[] bytes, int offset, int length, Class<T> type) {
        return MAPPER.readValue(bytes, offset, length, type);
    }
}
