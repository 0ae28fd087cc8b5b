package io.hypernetes.images;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Finds the images in a docker-archive (`manifest.json`) or an OCI layout (`index.json`).
final class ArchiveReader {
    private static final String NAME = "org.opencontainers.image.ref.name";
    private static final String FULL_NAME = "io.containerd.image.name";

    private final ArchiveFiles files;
    private final String what;
    private final @Nullable String givenName;

    ArchiveReader(ArchiveFiles files, String what, @Nullable String givenName) {
        this.files = files;
        this.what = what;
        this.givenName = givenName;
    }

    /// One entry an image and name; an image with several names comes several times.
    List<ImageSource> images() throws IOException {
        List<ImageSource> images = files.has("manifest.json") ? dockerArchive() : layout();
        if (images.isEmpty()) {
            throw Documents.corrupt(what + " holds no image");
        }
        return images;
    }

    private List<ImageSource> dockerArchive() throws IOException {
        List<ImageSource> images = new ArrayList<>();
        for (JsonNode image : Documents.tree(files.small("manifest.json"), "manifest.json of " + what)) {
            byte[] config = files.small(image.path("Config").asString(""));
            List<ImageSource.Layer> layers = new ArrayList<>();
            long size = config.length;
            for (JsonNode layer : image.path("Layers")) {
                String path = layer.asString("");
                layers.add(new ImageSource.Layer(shortName(path), files.size(path), temporary -> () -> files.open(path)));
                size += files.size(path);
            }
            List<String> names = new ArrayList<>();
            image.path("RepoTags").forEach(tag -> names.add(tag.asString("")));
            for (String name : names.isEmpty() ? List.of(givenName()) : names) {
                images.add(new ImageSource(Digest.sha256(config), config, layers, size, tag(name), null));
            }
        }
        return images;
    }

    /// `ab12…/layer.tar` and `blobs/sha256/ab12…` are both called `ab12…`.
    private static String shortName(String path) {
        String name = path.replace("/layer.tar", "").replace(".tar", "");
        name = name.substring(name.lastIndexOf('/') + 1);
        return name.length() > 12 ? name.substring(0, 12) : name;
    }

    private List<ImageSource> layout() throws IOException {
        if (!files.has("index.json")) {
            throw Documents.corrupt(what + " is neither a docker-archive (it has no manifest.json) nor an OCI layout (no index.json)");
        }
        JsonNode index = Documents.tree(files.small("index.json"), "index.json of " + what);
        List<ImageSource> images = new ArrayList<>();
        for (JsonNode entry : index.path("manifests")) {
            JsonNode platform = entry.path("platform");
            boolean foreign = platform.isObject() && index.path("manifests").size() > 1
                    && !platform.path("architecture").asString("").equals(Documents.architecture());
            if (!foreign) {
                images.add(image(Documents.descriptor(entry, "index.json of " + what)));
            }
        }
        if (images.isEmpty() && !index.path("manifests").isEmpty()) {
            throw new ImageException(ImageException.Reason.NOT_FOUND, what + " holds nothing for linux/"
                    + Documents.architecture() + ", but for " + Documents.platforms(index));
        }
        return images;
    }

    private ImageSource image(Documents.Descriptor entry) throws IOException {
        JsonNode document = Documents.tree(blob(entry), "manifest " + entry.digest() + " of " + what);
        if (Documents.isIndex(document)) {
            JsonNode chosen = Documents.forThisMachine(document);
            if (chosen == null) {
                throw new ImageException(ImageException.Reason.NOT_FOUND, what + " holds nothing for linux/"
                        + Documents.architecture() + ", but for " + Documents.platforms(document));
            }
            Documents.Descriptor inner = Documents.descriptor(chosen, "index of " + what);
            document = Documents.tree(blob(inner), "manifest " + inner.digest() + " of " + what);
        }
        Documents.Manifest manifest = Documents.manifest(document, "manifest of " + what);
        List<ImageSource.Layer> layers = new ArrayList<>();
        for (Documents.Descriptor layer : manifest.layers()) {
            layers.add(new ImageSource.Layer(layer.digest().shortHex(), layer.size(),
                    temporary -> () -> files.open(path(layer.digest()))));
        }
        return new ImageSource(manifest.config().digest(), blob(manifest.config()), layers, manifest.size(),
                tag(name(entry.annotations())), null);
    }

    private String name(Map<String, String> annotations) {
        String full = annotations.getOrDefault(FULL_NAME, "");
        String name = full.isEmpty() ? annotations.getOrDefault(NAME, "") : full;
        // A bare word is only a tag by the specification.
        return name.contains(":") || name.contains("/") ? name : givenName();
    }

    private String givenName() {
        if (givenName == null) {
            throw new ImageException(ImageException.Reason.INVALID_REFERENCE,
                    what + " holds an image without a name; say how it shall be called");
        }
        return givenName;
    }

    private static String tag(String name) {
        ImageReference reference = ImageReference.parse(name);
        if (reference.tag() == null) {
            throw new ImageException(ImageException.Reason.INVALID_REFERENCE,
                    "'" + Text.shortened(name) + "' goes by digest; an image that is loaded needs a tag");
        }
        return reference.toString();
    }

    private byte[] blob(Documents.Descriptor blob) throws IOException {
        byte[] content = files.small(path(blob.digest()));
        if (!blob.digest().matches(content)) {
            throw Documents.corrupt("blob " + blob.digest() + " of " + what + " is damaged: its content has another digest");
        }
        return content;
    }

    private static String path(Digest digest) {
        return "blobs/" + digest.algorithm() + "/" + digest.hex();
    }
}
