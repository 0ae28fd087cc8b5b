package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Writes images as a tar archive. For one archive, by one thread.
final class ArchiveWriter {
    private static final String REFERENCE = "org.opencontainers.image.ref.name";

    private final TarWriter tar;
    private final Path work;
    private final ImageSettings settings;
    private final NativeZstd zstd;
    private final Set<String> written = new HashSet<>();

    /// @param work folder for a layer that must be unpacked to know its size
    ArchiveWriter(OutputStream out, Path work, ImageSettings settings, NativeZstd zstd) {
        this.tar = new TarWriter(out);
        this.work = work;
        this.settings = settings;
        this.zstd = zstd;
    }

    /// A layer as it came.
    record Layer(Digest diffId, Digest blob, Path file, long size) {}

    /// One image, everything there.
    ///
    /// @param documents its manifest, behind the index that led to it when there is one
    record Piece(Digest id, byte[] config, List<ImageSource.Document> documents, List<Layer> layers, List<String> names) {}

    void layout(List<Piece> pieces) throws IOException {
        put("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(UTF_8));
        put("index.json", index(pieces));
        ArrayNode docker = Documents.JSON.createArrayNode();
        for (Piece piece : pieces) {
            dockerEntry(docker, piece, blobPath(piece.id()), piece.layers().stream().map(layer -> blobPath(layer.blob())).toList());
        }
        put("manifest.json", Documents.JSON.writeValueAsBytes(docker));
        for (Piece piece : pieces) {
            for (ImageSource.Document document : piece.documents()) {
                put(blobPath(document.digest()), document.content());
            }
            put(blobPath(piece.id()), piece.config());
            for (Layer layer : piece.layers()) {
                String path = blobPath(layer.blob());
                if (written.add(path)) {
                    try (InputStream in = Blobs.checked(layer.file(), layer.blob())) {
                        whole(path, layer.size(), in);
                    }
                }
            }
        }
        tar.finish();
    }

    void dockerArchive(List<Piece> pieces) throws IOException {
        ArrayNode docker = Documents.JSON.createArrayNode();
        for (Piece piece : pieces) {
            dockerEntry(docker, piece, piece.id().hex() + ".json",
                    piece.layers().stream().map(layer -> layer.diffId().hex() + "/layer.tar").toList());
        }
        put("manifest.json", Documents.JSON.writeValueAsBytes(docker));
        for (Piece piece : pieces) {
            put(piece.id().hex() + ".json", piece.config());
            for (Layer layer : piece.layers()) {
                String path = layer.diffId().hex() + "/layer.tar";
                if (written.add(path)) {
                    unpacked(path, layer);
                }
            }
        }
        tar.finish();
    }

    private void unpacked(String path, Layer layer) throws IOException {
        Path plain = Files.createTempFile(work, "save-", ".tar");
        try {
            try (LayerStream in = LayerStream.over(Files.newInputStream(layer.file()), settings.limits().unpackedBytes(), zstd)) {
                Files.copy(in, plain, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                if (!in.finish().equals(layer.diffId())) {
                    throw new IOException("blob " + layer.file() + " is damaged; remove its image and pull it again");
                }
            }
            try (InputStream in = Files.newInputStream(plain)) {
                whole(path, Files.size(plain), in);
            }
        } finally {
            Files.deleteIfExists(plain);
        }
    }

    private void whole(String path, long size, InputStream in) throws IOException {
        tar.write(TarEntry.file(path, 0644, size), in);
        if (in.read() >= 0) { // also what lets a checked blob say that it is damaged
            throw new IOException("'" + path + "' grew while it was read");
        }
    }

    private static void dockerEntry(ArrayNode list, Piece piece, String config, List<String> layers) {
        ObjectNode entry = list.addObject().put("Config", config);
        piece.names().stream().map(ImageReference::familiar).forEach(entry.putArray("RepoTags")::add);
        layers.forEach(entry.putArray("Layers")::add);
    }

    private static byte[] index(List<Piece> pieces) {
        ObjectNode root = Documents.JSON.createObjectNode();
        root.put("schemaVersion", 2).put("mediaType", Documents.OCI_INDEX);
        ArrayNode manifests = root.putArray("manifests");
        for (Piece piece : pieces) {
            ImageSource.Document top = piece.documents().getFirst();
            String type = Documents.mediaType(top.content());
            List<String> names = piece.names().isEmpty() ? List.of("") : piece.names();
            for (String name : names) {
                ObjectNode entry = manifests.addObject().put("mediaType", type).put("digest", top.digest().toString())
                        .put("size", top.content().length);
                if (!name.isEmpty()) {
                    entry.putObject("annotations").put(ArchiveReader.FULL_NAME, name)
                            .put(REFERENCE, name.substring(name.lastIndexOf(':') + 1));
                }
            }
        }
        return Documents.JSON.writeValueAsBytes(root);
    }

    private void put(String path, byte[] content) throws IOException {
        if (written.add(path)) {
            tar.write(TarEntry.file(path, 0644, content.length), new ByteArrayInputStream(content));
        }
    }

    private static String blobPath(Digest digest) {
        return "blobs/" + digest.algorithm() + "/" + digest.hex();
    }

    /// The pieces of an archive's images, found before a byte is written.
    static List<Layer> layers(Documents.Manifest manifest, List<Digest> diffIds, Blobs blobs) throws IOException {
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < diffIds.size(); i++) {
            Digest blob = manifest.layers().get(i).digest();
            Path file = blobs.find(blob).orElse(null);
            if (file == null) {
                return List.of();
            }
            layers.add(new Layer(diffIds.get(i), blob, file, Files.size(file)));
        }
        return layers;
    }
}
