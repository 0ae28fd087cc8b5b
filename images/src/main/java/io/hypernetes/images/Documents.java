package io.hypernetes.images;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The JSON documents of an image (OCI image specification 1.1 and Docker's manifest version 2 schema 2), read defensively.
final class Documents {
    static final int MOST_BYTES = 4 << 20;
    static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
    static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
    static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MOST_LAYERS = 500;

    private Documents() {}

    /// What a manifest or index says of a blob.
    ///
    /// @param size -1 when unknown
    record Descriptor(Digest digest, long size, String mediaType, Map<String, String> annotations) {}

    record Manifest(Descriptor config, List<Descriptor> layers) {
        /// Bytes of all blobs.
        long size() {
            return config.size + layers.stream().mapToLong(Descriptor::size).sum();
        }
    }

    record Config(List<Digest> diffIds, ImageConfig execution) {}

    static JsonNode tree(byte[] json, String what) {
        try {
            JsonNode tree = JSON.readTree(json);
            if (!tree.isObject() && !tree.isArray()) {
                throw corrupt(what + " is no JSON object");
            }
            return tree;
        } catch (JacksonException e) {
            throw new ImageException(ImageException.Reason.CORRUPT, what + " is no JSON: " + Text.shortened(String.valueOf(e.getOriginalMessage())), e);
        }
    }

    static boolean isIndex(JsonNode document) {
        return document.path("manifests").isArray() && !document.path("layers").isArray();
    }

    static Manifest manifest(JsonNode document, String what) {
        if (document.path("schemaVersion").asInt(2) != 2 || !document.path("config").isObject()) {
            throw corrupt(what + " is in the old schema 1 or no image manifest ("
                    + Text.shortened(document.path("mediaType").asString("no media type"))
                    + "); push the image again with a current tool");
        }
        List<Descriptor> layers = new ArrayList<>();
        for (JsonNode layer : document.path("layers")) {
            Descriptor descriptor = descriptor(layer, what);
            if (descriptor.mediaType().contains("foreign") || descriptor.mediaType().contains("nondistributable")) {
                throw corrupt(what + " has a layer that registries do not hold (" + descriptor.mediaType() + ")");
            }
            layers.add(descriptor);
        }
        if (layers.size() > MOST_LAYERS) {
            throw corrupt(what + " has " + layers.size() + " layers, more than " + MOST_LAYERS);
        }
        return new Manifest(descriptor(document.path("config"), what), layers);
    }

    static Descriptor descriptor(JsonNode node, String what) {
        long size = node.path("size").asLong(-1);
        String digest = node.path("digest").asString("");
        try {
            Map<String, String> annotations = new LinkedHashMap<>();
            node.path("annotations").properties().forEach(a -> annotations.put(a.getKey(), a.getValue().asString("")));
            if (size < 0) {
                throw corrupt(what + " gives no size for " + Text.shortened(digest));
            }
            return new Descriptor(Digest.parse(digest), size, node.path("mediaType").asString(""), Map.copyOf(annotations));
        } catch (ImageException e) {
            throw new ImageException(ImageException.Reason.CORRUPT, what + ": " + e.getMessage(), e);
        }
    }

    /// The entry of an index for this machine; null when it has none.
    static @Nullable JsonNode forThisMachine(JsonNode index) {
        JsonNode unnamed = null;
        for (JsonNode manifest : index.path("manifests")) {
            JsonNode platform = manifest.path("platform");
            if (!platform.isObject()) {
                unnamed = unnamed == null ? manifest : unnamed;
            } else if (platform.path("os").asString("").equals("linux")
                    && platform.path("architecture").asString("").equals(architecture())) {
                return manifest;
            }
        }
        return unnamed;
    }

    static String platforms(JsonNode index) {
        List<String> names = new ArrayList<>();
        for (JsonNode manifest : index.path("manifests")) {
            names.add(manifest.path("platform").path("os").asString("?") + "/"
                    + manifest.path("platform").path("architecture").asString("?"));
        }
        return Text.shortened(String.join(", ", names));
    }

    static String architecture() {
        return System.getProperty("os.arch", "").equals("aarch64") ? "arm64" : "amd64";
    }

    static Config config(byte[] json, int layers, String what) {
        JsonNode document = tree(json, what);
        List<Digest> diffIds = new ArrayList<>();
        for (JsonNode diffId : document.path("rootfs").path("diff_ids")) {
            Digest digest = Digest.parse(diffId.asString(""));
            if (!digest.algorithm().equals("sha256")) {
                throw corrupt(what + " names a layer by " + digest.algorithm() + ", sha256 is understood");
            }
            diffIds.add(digest);
        }
        if (diffIds.size() != layers) {
            throw corrupt(what + " speaks of " + diffIds.size() + " layers, the manifest of " + layers);
        }
        String machine = document.path("architecture").asString("");
        if (!machine.isEmpty() && !machine.equals(architecture())) {
            throw new ImageException(ImageException.Reason.NOT_FOUND,
                    what + " is for " + Text.shortened(machine) + ", this machine is " + architecture());
        }
        JsonNode run = document.path("config");
        return new Config(diffIds, new ImageConfig(
                strings(run.path("Entrypoint")),
                strings(run.path("Cmd")),
                strings(run.path("Env")),
                run.path("User").asString(""),
                run.path("WorkingDir").asString(""),
                run.path("StopSignal").asString(""),
                List.copyOf(run.path("ExposedPorts").propertyNames()),
                List.copyOf(run.path("Volumes").propertyNames()),
                labels(run.path("Labels"))));
    }

    private static List<String> strings(JsonNode array) {
        List<String> strings = new ArrayList<>();
        array.forEach(node -> strings.add(node.asString("")));
        return strings;
    }

    private static Map<String, String> labels(JsonNode object) {
        Map<String, String> labels = new LinkedHashMap<>();
        object.properties().forEach(label -> labels.put(label.getKey(), label.getValue().asString("")));
        return labels;
    }

    static ImageException corrupt(String message) {
        return new ImageException(ImageException.Reason.CORRUPT, message);
    }
}
