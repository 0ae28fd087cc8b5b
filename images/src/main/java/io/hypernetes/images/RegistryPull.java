package io.hypernetes.images;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// What an image in a registry consists of; its layers are fetched later, where they are missing.
final class RegistryPull {
    private RegistryPull() {}

    static ImageSource source(RegistryRoute registry, ImageReference reference, PullProgress progress) {
        String digest = reference.digest();
        RegistryClient.Fetched top = registry.manifest(digest != null ? digest : String.valueOf(reference.tag()));
        String what = "manifest of " + reference;
        JsonNode document = Documents.tree(top.content(), what);
        List<ImageSource.Document> documents = new ArrayList<>();
        documents.add(new ImageSource.Document(top.digest(), top.content()));
        if (Documents.isIndex(document)) {
            JsonNode chosen = Documents.forThisMachine(document);
            if (chosen == null) {
                throw new ImageException(ImageException.Reason.NOT_FOUND, reference + " has nothing for linux/"
                        + Documents.architecture() + ", but for " + Documents.platforms(document));
            }
            RegistryClient.Fetched inner = registry.manifest(Documents.descriptor(chosen, what).digest().toString());
            document = Documents.tree(inner.content(), what);
            documents.add(new ImageSource.Document(inner.digest(), inner.content()));
        }
        Documents.Manifest manifest = Documents.manifest(document, what);
        byte[] config = registry.smallBlob(manifest.config());
        List<ImageSource.Layer> layers = new ArrayList<>();
        for (Documents.Descriptor layer : manifest.layers()) {
            String name = layer.digest().shortHex();
            layers.add(new ImageSource.Layer(name, layer.size(), layer.digest(), reference.host(), file -> {
                progress.update(name, PullProgress.Step.DOWNLOADING, 0, layer.size());
                registry.blob(layer, file, done -> progress.update(name, PullProgress.Step.DOWNLOADING, done, layer.size()));
            }));
        }
        return new ImageSource(manifest.config().digest(), config, layers, manifest.size(),
                reference.tag() == null ? null : reference.toString(), reference.at(top.digest()), documents);
    }
}
