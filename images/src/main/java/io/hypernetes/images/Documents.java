package io.hypernetes.images;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The JSON documents of an image (OCI image specification 1.1 and Docker's manifest version 2 schema 2), read defensively.
final class Documents {
    static final int MOST_BYTES = 4 << 20;
    static final String OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    static final String OCI_INDEX = "application/vnd.oci.image.index.v1+json";
    static final String OCI_CONFIG = "application/vnd.oci.image.config.v1+json";
    static final String DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
    static final String DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
    static final String OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
    private static final Set<String> IMAGE_CONFIGS = Set.of(OCI_CONFIG, "application/vnd.docker.container.image.v1+json");
    private static final Set<String> LAYERS = Set.of(OCI_LAYER, OCI_LAYER + "+gzip", OCI_LAYER + "+zstd",
            "application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.diff.tar.zstd", "application/vnd.docker.container.image.rootfs.diff+x-gtar");
    /// Of one document: a tree of it takes many times its bytes, where it has little else than brackets.
    static final int MOST_TOKENS = 200_000;
    static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxTokenCount(MOST_TOKENS).build()).build()).build();
    private static final int MOST_LAYERS = 500;
    /// What images run stays in memory, of all that are here. Builders put whole bills of materials into labels.
    static final int MOST_EXECUTION_BYTES = 1 << 20;

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
        return tree(JSON, json, what);
    }

    /// @param mapper bounds what is read, or does not
    static JsonNode tree(JsonMapper mapper, byte[] json, String what) {
        try {
            JsonNode tree = mapper.readTree(json);
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

    /// @throws ImageException CORRUPT for what is no container image: the old schema 1, charts, signatures and other artifacts
    static Manifest manifest(JsonNode document, String what) {
        String type = Text.shortened(document.path("mediaType").asString(""));
        if (document.path("schemaVersion").asInt(2) == 1 || type.startsWith("application/vnd.docker.distribution.manifest.v1")) {
            throw corrupt(what + " is in Docker's schema 1, which names layers in a way that cannot be checked;"
                    + " push the image again with a tool of 2017 or later");
        }
        if (!document.path("config").isObject()) {
            throw corrupt(what + " is no image manifest" + (type.isEmpty() ? "" : " but " + type));
        }
        Descriptor config = descriptor(document.path("config"), what);
        String artifact = document.path("artifactType").asString("");
        if (!IMAGE_CONFIGS.contains(config.mediaType()) && !config.mediaType().isEmpty()) {
            throw corrupt(what + " is no container image but an artifact of type "
                    + Text.shortened(artifact.isEmpty() ? config.mediaType() : artifact) + "; only images can run");
        }
        List<Descriptor> layers = new ArrayList<>();
        for (JsonNode layer : document.path("layers")) {
            Descriptor descriptor = descriptor(layer, what);
            requireLayer(descriptor, what);
            layers.add(descriptor);
        }
        if (layers.size() > MOST_LAYERS) {
            throw corrupt(what + " has " + layers.size() + " layers, more than " + MOST_LAYERS);
        }
        return new Manifest(config, layers);
    }

    /// The compression is told by the bytes; the type only says whether it is a layer at all.
    private static void requireLayer(Descriptor layer, String what) {
        String type = layer.mediaType();
        if (type.contains("foreign") || type.contains("nondistributable")) {
            throw corrupt(what + " has a layer that registries do not hold (" + Text.shortened(type) + ")");
        }
        if (type.endsWith("+encrypted")) {
            throw corrupt(what + " has an encrypted layer (" + Text.shortened(type) + "); images with such layers cannot be opened here");
        }
        if (!type.isEmpty() && !LAYERS.contains(type)) {
            throw corrupt(what + " has a layer of the type " + Text.shortened(type) + "; tar, gzip and zstd are understood");
        }
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

    /// The entry of an index for this machine; null when it has none. Of several, the one that asks for the least of the processor.
    static @Nullable JsonNode forThisMachine(JsonNode index) {
        JsonNode unnamed = null;
        JsonNode best = null;
        for (JsonNode manifest : index.path("manifests")) {
            JsonNode platform = manifest.path("platform");
            if (!platform.isObject()) {
                unnamed = unnamed == null ? manifest : unnamed;
            } else if (isThisMachine(platform) && (best == null || variant(platform).compareTo(variant(best.path("platform"))) < 0)) {
                best = manifest;
            }
        }
        return best != null ? best : unnamed;
    }

    /// Whether an index entry's platform is one whose images run here.
    static boolean isThisMachine(JsonNode platform) {
        String variant = variant(platform);
        return platform.path("os").asString("linux").equals("linux")
                && platform.path("architecture").asString("").equals(architecture())
                && (variant.isEmpty() || variant.equals(architecture().equals("arm64") ? "v8" : "v1"));
    }

    private static String variant(JsonNode platform) {
        return platform.path("variant").asString("");
    }

    static String platforms(JsonNode index) {
        List<String> names = new ArrayList<>();
        for (JsonNode manifest : index.path("manifests")) {
            names.add(manifest.path("platform").path("os").asString("?") + "/"
                    + manifest.path("platform").path("architecture").asString("?")
                    + (variant(manifest.path("platform")).isEmpty() ? "" : "/" + variant(manifest.path("platform"))));
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
        ImageConfig execution = new ImageConfig(
                strings(run.path("Entrypoint")),
                strings(run.path("Cmd")),
                strings(run.path("Env")),
                run.path("User").asString(""),
                run.path("WorkingDir").asString(""),
                run.path("StopSignal").asString(""),
                List.copyOf(run.path("ExposedPorts").propertyNames()),
                List.copyOf(run.path("Volumes").propertyNames()),
                labels(run.path("Labels")));
        long bytes = ImageWeight.of(execution);
        if (bytes > MOST_EXECUTION_BYTES) {
            throw new ImageException(ImageException.Reason.TOO_LARGE, what + " takes " + bytes + " bytes of memory with its variables, arguments, ports, volumes and labels, "
                    + ImageWeight.STRING_BYTES + " counted for each beside its own; at most " + MOST_EXECUTION_BYTES + " are taken: build the image with fewer or shorter labels");
        }
        return new Config(diffIds, execution);
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

    /// A manifest for these; the same input gives the same bytes.
    static byte[] imageManifest(byte[] config, List<Descriptor> layers) {
        ObjectNode root = JSON.createObjectNode();
        root.put("schemaVersion", 2).put("mediaType", OCI_MANIFEST);
        root.putObject("config").put("mediaType", OCI_CONFIG).put("digest", Digest.sha256(config).toString()).put("size", config.length);
        ArrayNode list = root.putArray("layers");
        for (Descriptor layer : layers) {
            list.addObject().put("mediaType", layer.mediaType()).put("digest", layer.digest().toString()).put("size", layer.size());
        }
        return JSON.writeValueAsBytes(root);
    }

    /// What a manifest or index says it is; one that does not say is judged by its fields.
    static String mediaType(byte[] document) {
        JsonNode tree = tree(document, "document");
        String stated = tree.path("mediaType").asString("");
        return !stated.isEmpty() ? stated : isIndex(tree) ? OCI_INDEX : OCI_MANIFEST;
    }

    static ImageException forged(String what, Digest found) {
        return corrupt(what + " is damaged or forged: its content has the digest " + found
                + "; pull again, and tell the registry's operator when it stays");
    }

    static ImageException corrupt(String message) {
        return new ImageException(ImageException.Reason.CORRUPT, message);
    }
}
