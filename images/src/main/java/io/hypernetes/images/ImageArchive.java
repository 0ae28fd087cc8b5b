package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Puts an image together from files and writes it as an OCI layout in a tar, without a registry or a container builder.
///
/// The same calls give the same bytes: owners are root, times are 0, layers are not compressed. For use by one thread.
public final class ImageArchive {
    private final String name;
    private final ImageConfig config;
    private final List<List<Item>> layers = new ArrayList<>(List.of(new ArrayList<>()));

    private record Item(TarEntry entry, Content content) {}

    private interface Content {
        InputStream open() throws IOException;
    }

    private record Blob(Path file, Digest digest, long size) {}

    /// @param name what the image is called, with tag, as `hypernetes.io/sample:latest`
    /// @param config what it runs
    public ImageArchive(String name, ImageConfig config) {
        ImageReference.parse(name);
        this.name = name;
        this.config = config;
    }

    /// Adds a folder. Folders of files need not be added; they are root's with mode 0755.
    public ImageArchive folder(String path, int mode) {
        return add(TarEntry.folder(latin(path) + "/", mode), InputStream::nullInputStream);
    }

    /// Adds a file with this content.
    public ImageArchive file(String path, int mode, byte[] content) {
        return add(TarEntry.file(latin(path), mode, content.length), () -> new ByteArrayInputStream(content));
    }

    /// Adds a file with the content of `source`, which is read by [#writeTo].
    public ImageArchive file(String path, int mode, Path source) throws IOException {
        return add(TarEntry.file(latin(path), mode, Files.size(source)), () -> Files.newInputStream(source));
    }

    /// Adds a file that belongs to someone else than root.
    public ImageArchive file(String path, int mode, int uid, int gid, byte[] content) {
        return add(new TarEntry(latin(path), TarEntry.Type.FILE, mode, uid, gid, content.length, 0, "", 0, 0, Map.of()),
                () -> new ByteArrayInputStream(content));
    }

    /// Adds a symbolic link.
    public ImageArchive symbolicLink(String path, String target) {
        return add(TarEntry.symbolicLink(latin(path), latin(target)), InputStream::nullInputStream);
    }

    /// Hides a file or folder of a lower layer.
    public ImageArchive whiteout(String path) {
        return file(LayerPath.child(LayerPath.parent(path), ".wh." + LayerPath.base(path)), 0, new byte[0]);
    }

    /// Hides everything that lower layers have in a folder.
    public ImageArchive opaque(String path) {
        return file(LayerPath.child(path, ".wh..wh..opq"), 0, new byte[0]);
    }

    /// What is added from now on goes into a layer on top of those before.
    public ImageArchive nextLayer() {
        layers.add(new ArrayList<>());
        return this;
    }

    /// Writes the OCI layout as a tar.
    ///
    /// @throws IOException when a source cannot be read or the file not be written
    public void writeTo(Path tarFile) throws IOException {
        List<Blob> blobs = new ArrayList<>();
        try {
            for (List<Item> layer : layers) {
                blobs.add(layerBlob(layer, tarFile));
            }
            byte[] configuration = configuration(blobs);
            byte[] manifest = Documents.imageManifest(configuration, blobs.stream()
                    .map(blob -> new Documents.Descriptor(blob.digest(), blob.size(), Documents.OCI_LAYER, Map.of())).toList());
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(tarFile), 1 << 16)) {
                TarWriter tar = new TarWriter(out);
                put(tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(UTF_8));
                put(tar, "index.json", index(manifest));
                put(tar, blobPath(Digest.sha256(manifest)), manifest);
                put(tar, blobPath(Digest.sha256(configuration)), configuration);
                Set<Digest> written = new HashSet<>();
                for (Blob blob : blobs) {
                    if (!written.add(blob.digest())) {
                        continue; // two equal layers are one blob
                    }
                    try (InputStream in = Files.newInputStream(blob.file())) {
                        tar.write(TarEntry.file(blobPath(blob.digest()), 0644, blob.size()), in);
                    }
                }
                tar.finish();
            }
        } finally {
            for (Blob blob : blobs) {
                Files.deleteIfExists(blob.file());
            }
        }
    }

    private ImageArchive add(TarEntry entry, Content content) {
        layers.getLast().add(new Item(entry, content));
        return this;
    }

    private static Blob layerBlob(List<Item> items, Path beside) throws IOException {
        Path file = Files.createTempFile(beside.toAbsolutePath().getParent(), ".layer-", ".tar");
        MessageDigest hash = Digest.sha256();
        try (OutputStream out = new BufferedOutputStream(
                new DigestOutputStream(Files.newOutputStream(file), hash), 1 << 16)) {
            TarWriter tar = new TarWriter(out);
            for (Item item : items) {
                try (InputStream in = item.content().open()) {
                    tar.write(item.entry(), in);
                }
            }
            tar.finish();
        }
        return new Blob(file, Digest.of("sha256", hash.digest()), Files.size(file));
    }

    private byte[] configuration(List<Blob> blobs) {
        ObjectNode root = Documents.JSON.createObjectNode();
        root.put("architecture", Documents.architecture()).put("os", "linux").put("created", "1970-01-01T00:00:00Z");
        ObjectNode run = root.putObject("config");
        putAll(run, "Entrypoint", config.entrypoint());
        putAll(run, "Cmd", config.command());
        putAll(run, "Env", config.environment());
        put(run, "User", config.user());
        put(run, "WorkingDir", config.workingDirectory());
        put(run, "StopSignal", config.stopSignal());
        putKeys(run, "ExposedPorts", config.exposedPorts());
        putKeys(run, "Volumes", config.volumes());
        if (!config.labels().isEmpty()) {
            ObjectNode labels = run.putObject("Labels");
            new TreeMap<>(config.labels()).forEach(labels::put);
        }
        ArrayNode diffIds = root.putObject("rootfs").put("type", "layers").putArray("diff_ids");
        blobs.forEach(blob -> diffIds.add(blob.digest().toString()));
        return Documents.JSON.writeValueAsBytes(root);
    }

    private static void put(ObjectNode node, String key, String value) {
        if (!value.isEmpty()) {
            node.put(key, value);
        }
    }

    private static void putAll(ObjectNode node, String key, List<String> values) {
        if (!values.isEmpty()) {
            values.forEach(node.putArray(key)::add);
        }
    }

    private static void putKeys(ObjectNode node, String key, List<String> keys) {
        if (!keys.isEmpty()) {
            ObjectNode set = node.putObject(key);
            keys.forEach(set::putObject);
        }
    }

    private byte[] index(byte[] manifest) {
        ObjectNode root = Documents.JSON.createObjectNode();
        root.put("schemaVersion", 2).put("mediaType", Documents.OCI_INDEX);
        ObjectNode entry = root.putArray("manifests").addObject().put("mediaType", Documents.OCI_MANIFEST)
                .put("digest", Digest.sha256(manifest).toString()).put("size", manifest.length);
        entry.putObject("annotations").put("org.opencontainers.image.ref.name", name);
        return Documents.JSON.writeValueAsBytes(root);
    }

    private static void put(TarWriter tar, String path, byte[] content) throws IOException {
        tar.write(TarEntry.file(path, 0644, content.length), new ByteArrayInputStream(content));
    }

    private static String blobPath(Digest digest) {
        return "blobs/" + digest.algorithm() + "/" + digest.hex();
    }

    /// A name as the bytes of its UTF-8 form, one char a byte.
    private static String latin(String text) {
        return new String(text.getBytes(UTF_8), ISO_8859_1);
    }
}
