package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/// What a node needs of the PersistentVolumes whose disks it has: which disk it is, how large, whose, and whether it may go. All else is passed over before
/// an object is made of it: tenants write volumes, whose node affinity alone may take fifty times the room of its text. What was read so must not be
/// written back.
public final class LeanVolume {
    static final JsonMapper MAPPER = Json.MAPPER.rebuild()
            .addModule(new SimpleModule("lean-volumes").addDeserializer(PersistentVolume.class, new Reader()))
            .build();

    private LeanVolume() {}

    /// A copy of the volumes of all tenants whose disks a node has.
    ///
    /// @param node its name
    public static Informer<PersistentVolume> informer(Client client, String node) {
        return new Informer<>(client, Kind.PERSISTENT_VOLUME, Scope.everywhere(), Selection.fields(LocalVolume.NODE_FIELD + "=" + node))
                .readBy(MAPPER)
                .trimmedBy(volume -> LeanPod.compact(volume.getMetadata()));
    }

    /// Members that are read, by their names; of those that have none below, all is.
    private record Wanted(Map<String, Wanted> members) {
        private static final Wanted ALL = new Wanted(Map.of());
        private static final Wanted METADATA = new Wanted(Map.of(
                "name", ALL, "uid", ALL, "resourceVersion", ALL, "deletionTimestamp", ALL, "finalizers", ALL,
                "annotations", new Wanted(Map.of(ObjectKey.TENANT_ANNOTATION, ALL))));
        private static final Wanted CSI = new Wanted(Map.of(
                "driver", ALL, "volumeHandle", ALL, "readOnly", ALL,
                "volumeAttributes", new Wanted(Map.of(LocalVolume.NODE, ALL, LocalVolume.OWNER, ALL))));
        private static final Wanted SPEC = new Wanted(Map.of(
                "capacity", new Wanted(Map.of("storage", ALL)),
                "claimRef", new Wanted(Map.of("namespace", ALL, "name", ALL, "uid", ALL)),
                "csi", CSI));
        static final Wanted VOLUME = new Wanted(Map.of("metadata", METADATA, "spec", SPEC));
    }

    private static final class Reader extends StdDeserializer<PersistentVolume> {
        Reader() {
            super(PersistentVolume.class);
        }

        @Override
        public PersistentVolume deserialize(JsonParser parser, DeserializationContext context) {
            ByteArrayOutputStream text = new ByteArrayOutputStream(1 << 10);
            try (JsonGenerator lean = Json.MAPPER.createGenerator(text)) {
                copy(parser, lean, Wanted.VOLUME);
            }
            byte[] bytes = text.toByteArray();
            return Json.read(bytes, 0, bytes.length, PersistentVolume.class);
        }

        private static void copy(JsonParser parser, JsonGenerator lean, Wanted wanted) {
            if (wanted == Wanted.ALL || parser.currentToken() != JsonToken.START_OBJECT) {
                // What is no object where one should be fits nowhere, and is told to be so by who reads the copy.
                lean.copyCurrentStructure(parser);
                return;
            }
            lean.writeStartObject();
            for (String member = parser.nextName(); member != null; member = parser.nextName()) {
                parser.nextToken();
                Wanted below = wanted.members.get(member);
                if (below == null) {
                    parser.skipChildren();
                } else {
                    lean.writeName(member);
                    copy(parser, lean, below);
                }
            }
            lean.writeEndObject();
        }
    }
}
