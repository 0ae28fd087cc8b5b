package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.util.TokenBuffer;

/// Reads a part of a pod as [LeanPod] has it: what nobody needs is passed over, and the text of the rest is looked up among the parts that are remembered
/// before an object is made of it.
final class LeanPart<T> extends StdDeserializer<T> {
    static final LeanPart<PodSpec> SPEC = new LeanPart<>(PodSpec.class, Omitted.SPEC, LeanPod::spec, whole -> true);
    /// Those that run are all different.
    static final LeanPart<PodStatus> STATUS = new LeanPart<>(PodStatus.class, Omitted.STATUS, LeanPod::status, status -> status.getPodIP() == null);

    private final Class<T> type;
    private final Omitted omitted;
    private final UnaryOperator<T> trim;
    private final Predicate<T> frequent;

    /// Fields that are left out of an object or of the objects of a list, by their names, and what is left out below the others.
    private record Omitted(Set<String> fields, Map<String, Omitted> below) {
        private static final Omitted CONTAINER = new Omitted(Set.of(
                "command", "args", "env", "envFrom", "volumeMounts", "volumeDevices", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "securityContext",
                "resizePolicy"), Map.of());
        /// A volume that is filled from one of these is left out as a whole: only who mounts it reads it.
        private static final Omitted VOLUME = new Omitted(Set.of("projected", "configMap", "secret", "downwardAPI", "emptyDir"), Map.of());
        private static final Omitted CONTAINER_STATUS = new Omitted(Set.of("volumeMounts"), Map.of());
        static final Omitted SPEC = new Omitted(
                Set.of("imagePullSecrets", "securityContext", "dnsConfig", "hostAliases"),
                Map.of("containers", CONTAINER, "initContainers", CONTAINER, "volumes", VOLUME));
        static final Omitted STATUS = new Omitted(Set.of(), Map.of("containerStatuses", CONTAINER_STATUS, "initContainerStatuses", CONTAINER_STATUS));
    }

    /// @param trim what is done once to what was read, before others share it
    /// @param frequent whether others may say the same
    private LeanPart(Class<T> type, Omitted omitted, UnaryOperator<T> trim, Predicate<T> frequent) {
        super(type);
        this.type = type;
        this.omitted = omitted;
        this.trim = trim;
        this.frequent = frequent;
    }

    @Override
    public T deserialize(JsonParser parser, DeserializationContext context) {
        ByteArrayOutputStream text = new ByteArrayOutputStream(1 << 10);
        try (JsonGenerator lean = Json.MAPPER.createGenerator(text)) {
            copy(parser, lean, omitted);
        }
        return LeanPod.PARTS.one(type, text.toByteArray(), bytes -> trim.apply(Json.read(bytes, 0, bytes.length, type)), frequent);
    }

    private static void copy(JsonParser parser, JsonGenerator lean, Omitted omitted) {
        switch (parser.currentToken()) {
            case START_OBJECT -> {
                lean.writeStartObject();
                for (String field = parser.nextName(); field != null; field = parser.nextName()) {
                    JsonToken value = parser.nextToken();
                    Omitted below = omitted.below.get(field);
                    if (omitted.fields.contains(field) || value == JsonToken.VALUE_NULL) {
                        parser.skipChildren();
                    } else {
                        lean.writeName(field);
                        if (below == null) {
                            lean.copyCurrentStructure(parser);
                        } else {
                            copy(parser, lean, below);
                        }
                    }
                }
                lean.writeEndObject();
            }
            case START_ARRAY -> {
                lean.writeStartArray();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    if (omitted == Omitted.VOLUME) {
                        copyVolume(parser, lean);
                    } else {
                        copy(parser, lean, omitted);
                    }
                }
                lean.writeEndArray();
            }
            default -> lean.copyCurrentStructure(parser);
        }
    }

    private static void copyVolume(JsonParser parser, JsonGenerator lean) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            lean.copyCurrentStructure(parser);
            return;
        }
        boolean filled = false;
        try (TokenBuffer volume = TokenBuffer.forGeneration()) {
            volume.writeStartObject();
            for (String field = parser.nextName(); field != null; field = parser.nextName()) {
                boolean fills = parser.nextToken() != JsonToken.VALUE_NULL && Omitted.VOLUME.fields.contains(field);
                filled |= fills;
                if (filled) {
                    parser.skipChildren();
                } else {
                    volume.writeName(field);
                    volume.copyCurrentStructure(parser);
                }
            }
            volume.writeEndObject();
            if (!filled) {
                volume.serialize(lean);
            }
        }
    }
}
