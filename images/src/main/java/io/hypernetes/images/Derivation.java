package io.hypernetes.images;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// An image that is another one with a layer on top of it.
final class Derivation {
    private Derivation() {}

    /// @param base with its layers as they came
    /// @param layer a tar that is not compressed, so that it has the digest of its content
    /// @param configuration gives the new image's configuration when it is told the layer's diff id
    /// @param tag full name to give it; null for none
    static ImageSource of(ArchiveWriter.Piece base, Path layer, Function<String, byte[]> configuration, @Nullable String tag) throws IOException {
        Digest added = digest(layer);
        byte[] config = configuration.apply(added.toString());
        List<ImageSource.Layer> layers = new ArrayList<>();
        List<Documents.Descriptor> descriptors = new ArrayList<>();
        List<ArchiveWriter.Layer> all = new ArrayList<>(base.layers());
        all.add(new ArchiveWriter.Layer(added, added, layer, Files.size(layer)));
        long bytes = config.length;
        for (ArchiveWriter.Layer each : all) {
            layers.add(new ImageSource.Layer(
                    each.blob().shortHex(), each.size(), each.blob(), "", file -> copied(each.file(), file)));
            try (InputStream in = Files.newInputStream(each.file())) {
                String type = Documents.OCI_LAYER + LayerStream.typeSuffix(in.readNBytes(4));
                descriptors.add(new Documents.Descriptor(each.blob(), each.size(), type, Map.of()));
            }
            bytes += each.size();
        }
        byte[] manifest = Documents.imageManifest(config, descriptors);
        return new ImageSource(
                Digest.sha256(config), config, layers, bytes, tag, null, List.of(new ImageSource.Document(Digest.sha256(manifest), manifest)));
    }

    private static Digest digest(Path file) throws IOException {
        MessageDigest hash = Digest.sha256();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                hash.update(buffer, 0, read);
            }
        }
        return Digest.of("sha256", hash.digest());
    }

    private static void copied(Path from, Path to) {
        try {
            Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException failure) {
            throw Folders.failure(failure, "copying " + from);
        }
    }
}
