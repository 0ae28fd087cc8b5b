package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.model.jackson.GoCompatibilityModule;
import java.io.IOException;
import java.io.InputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteConstraints;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonFactoryBuilder;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/// JSON as the fabric8 model classes need it: unknown fields are kept by the classes or ignored, Go's octal modes are read.
final class Json {
    /// Twice what the API server nests and is ready for, so that nothing that it stores for one tenant is in the way of what it sends of the others.
    static final int MAX_DEPTH = 2000;

    /// The longest name of a member, in bytes, that parsers keep to know it again.
    private static final int LONGEST_KEPT_NAME = 512;

    /// Its parsers keep thousands of names, which are copied for each document that has a further one.
    private static final JsonFactory FACTORY = factory(LONGEST_KEPT_NAME).build();
    /// Keeps no names, so that they may have any length.
    private static final JsonFactory LONG_NAMES =
            factory(Integer.MAX_VALUE).disable(JsonFactory.Feature.CANONICALIZE_PROPERTY_NAMES).build();

    /// For what is written, and for what is read of trees; texts are read by the methods here, which are ready for whatever names are in them.
    static final JsonMapper MAPPER = JsonMapper.builder(FACTORY)
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

    private static JsonFactoryBuilder factory(int longestName) {
        return JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxStringLength(64 << 20)
                        .maxNameLength(longestName)
                        .build())
                .streamWriteConstraints(StreamWriteConstraints.builder().maxNestingDepth(MAX_DEPTH).build());
    }

    static byte[] write(Object value) {
        return MAPPER.writeValueAsBytes(value);
    }

    static JsonNode tree(InputStream in) throws IOException {
        return read(in, JsonNode.class);
    }

    static <T> T read(JsonNode node, Class<T> type) {
        return MAPPER.treeToValue(node, type);
    }

    static <T> T read(InputStream in, Class<T> type) throws IOException {
        byte[] bytes = in.readAllBytes();
        return read(bytes, 0, bytes.length, type);
    }

    /// The value with which the bytes begin; what follows it is left alone.
    static <T> T read(byte[] bytes, int offset, int length, Class<T> type) {
        return read(MAPPER, bytes, offset, length, type);
    }

    /// The same by a mapper that was made of [#MAPPER].
    static <T> T read(JsonMapper mapper, byte[] bytes, int offset, int length, Class<T> type) {
        try {
            return mapper.readValue(bytes, offset, length, type);
        } catch (JacksonException misfit) {
            if (!isOfALimit(misfit)) {
                throw misfit;
            }
            // Perhaps a long name.
            try (JsonParser parser = LONG_NAMES.createParser(ObjectReadContext.empty(), bytes, offset, length)) {
                return mapper.readValue(parser, type);
            }
        }
    }

    private static boolean isOfALimit(Throwable misfit) {
        for (Throwable cause = misfit; cause != null; cause = cause.getCause()) {
            if (cause instanceof StreamConstraintsException) {
                return true;
            }
        }
        return false;
    }
}
