package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// Finds what an archive of an image takes: its manifests and its layers as they came.
final class SavedImages {
    private final Blobs blobs;
    private final Path configs;
    private final Collection<Catalogue.Item> all;

    /// @param all every image of the store, as other images may have kept a layer in another compression
    SavedImages(Blobs blobs, Path configs, Collection<Catalogue.Item> all) {
        this.blobs = blobs;
        this.configs = configs;
        this.all = all;
    }

    /// @param names the tags it has in the archive
    /// @param digestWanted digest of the document to save it under when it is kept; empty for the newest
    ArchiveWriter.Piece piece(Catalogue.Item item, List<String> names, String digestWanted) throws IOException {
        Digest id = Digest.parse(item.id());
        byte[] config = Files.readAllBytes(configs.resolve(id.hex()));
        List<Digest> diffIds = item.layers().stream().map(Digest::parse).toList();
        List<String> order = new ArrayList<>(item.documents());
        if (order.remove(digestWanted)) {
            order.addFirst(digestWanted);
        }
        for (String each : order) {
            List<ImageSource.Document> documents = documents(Digest.parse(each), item);
            if (!documents.isEmpty()) {
                Documents.Manifest manifest = manifest(documents.getLast());
                List<ArchiveWriter.Layer> layers = ArchiveWriter.layers(manifest, diffIds, blobs);
                if (layers.size() == diffIds.size()) {
                    return new ArchiveWriter.Piece(id, config, documents, layers, names);
                }
            }
        }
        return assembled(item, id, config, diffIds, names);
    }

    /// The document, and behind an index the manifest of this image in it; empty when something is missing.
    private List<ImageSource.Document> documents(Digest digest, Catalogue.Item item) throws IOException {
        Optional<byte[]> top = blobs.document(digest);
        if (top.isEmpty()) {
            return List.of();
        }
        ImageSource.Document first = new ImageSource.Document(digest, top.get());
        JsonNode tree = Documents.tree(top.get(), "manifest " + digest);
        if (!Documents.isIndex(tree)) {
            return List.of(first);
        }
        for (JsonNode entry : tree.path("manifests")) {
            String inner = entry.path("digest").asString("");
            if (item.documents().contains(inner)) {
                Optional<byte[]> content = blobs.document(Digest.parse(inner));
                if (content.isPresent()) {
                    return List.of(first, new ImageSource.Document(Digest.parse(inner), content.get()));
                }
            }
        }
        return List.of();
    }

    private static Documents.Manifest manifest(ImageSource.Document document) {
        String what = "manifest " + document.digest();
        return Documents.manifest(Documents.tree(document.content(), what), what);
    }

    /// The image id stays, the manifest is a new one: layers come from wherever the store has them.
    private ArchiveWriter.Piece assembled(Catalogue.Item item, Digest id, byte[] config, List<Digest> diffIds, List<String> names)
            throws IOException {
        List<ArchiveWriter.Layer> layers = new ArrayList<>();
        List<Documents.Descriptor> descriptors = new ArrayList<>();
        for (Digest diffId : diffIds) {
            ArchiveWriter.Layer layer = anywhere(diffId).orElseThrow(() -> new ImageException(ImageException.Reason.NOT_FOUND,
                    "image " + item.id() + " " + item.tags() + " cannot be saved: its layer " + diffId
                            + " is here as a disk only, not as it came; remove the image and pull it again with keep-blobs on"));
            layers.add(layer);
            try (var in = Files.newInputStream(layer.file())) {
                String type = Documents.OCI_LAYER + LayerStream.typeSuffix(in.readNBytes(4));
                descriptors.add(new Documents.Descriptor(layer.blob(), layer.size(), type, Map.of()));
            }
        }
        byte[] manifest = Documents.imageManifest(config, descriptors);
        return new ArchiveWriter.Piece(id, config, List.of(new ImageSource.Document(Digest.sha256(manifest), manifest)), layers, names);
    }

    private Optional<ArchiveWriter.Layer> anywhere(Digest diffId) throws IOException {
        for (Catalogue.Item item : all) {
            int index = item.layers().indexOf(diffId.toString());
            for (String document : index < 0 ? List.<String>of() : item.documents()) {
                Optional<byte[]> content = blobs.document(Digest.parse(document));
                if (content.isPresent() && !Documents.isIndex(Documents.tree(content.get(), document))) {
                    Digest blob = manifest(new ImageSource.Document(Digest.parse(document), content.get())).layers().get(index).digest();
                    Optional<Path> file = blobs.find(blob);
                    if (file.isPresent()) {
                        return Optional.of(new ArchiveWriter.Layer(diffId, blob, file.get(), Files.size(file.get())));
                    }
                }
            }
        }
        return Optional.empty();
    }
}
