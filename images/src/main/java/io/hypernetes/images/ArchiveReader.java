package io.hypernetes.images;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Finds the images in an OCI layout (`index.json`) or a docker-archive (`manifest.json`). What is both is read as a layout, whose
/// manifests keep their digests.
final class ArchiveReader {
    private static final String NAME = "org.opencontainers.image.ref.name";
    static final String FULL_NAME = "io.containerd.image.name";

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
        boolean docker = files.has("manifest.json");
        List<ImageSource> images;
        if (files.has("index.json")) {
            JsonNode index = Documents.tree(files.small("index.json"), "index.json of " + what);
            images = docker && !isNamed(index) ? dockerArchive() : layout(index);
        } else if (docker) {
            images = dockerArchive();
        } else {
            throw Documents.corrupt(what + " is neither a docker-archive (it has no manifest.json) nor an OCI layout (no index.json)");
        }
        if (images.isEmpty()) {
            throw Documents.corrupt(what + " holds no image");
        }
        return images;
    }

    private static boolean isNamed(JsonNode index) {
        for (JsonNode entry : index.path("manifests")) {
            if (!entry.path("annotations").has(FULL_NAME) && !entry.path("annotations").path(NAME).asString("").contains(":")) {
                return false;
            }
        }
        return true;
    }

    private List<ImageSource> dockerArchive() throws IOException {
        List<ImageSource> images = new ArrayList<>();
        for (JsonNode image : Documents.tree(files.small("manifest.json"), "manifest.json of " + what)) {
            byte[] config = files.small(image.path("Config").asString(""));
            List<ImageSource.Layer> layers = new ArrayList<>();
            List<Documents.Descriptor> blobs = new ArrayList<>();
            long size = config.length;
            for (JsonNode layer : image.path("Layers")) {
                String path = layer.asString("");
                Digest digest = digestOf(path);
                layers.add(layer(shortName(path), path, digest));
                blobs.add(new Documents.Descriptor(digest, files.size(path), layerType(path), Map.of()));
                size += files.size(path);
            }
            byte[] manifest = Documents.imageManifest(config, blobs);
            List<String> names = new ArrayList<>();
            image.path("RepoTags").forEach(tag -> names.add(tag.asString("")));
            for (String name : names.isEmpty() ? List.of(givenName()) : names) {
                images.add(new ImageSource(Digest.sha256(config), config, layers, size, tag(name), null,
                        List.of(new ImageSource.Document(Digest.sha256(manifest), manifest))));
            }
        }
        return images;
    }

    private String layerType(String path) throws IOException {
        try (InputStream in = files.open(path)) {
            return Documents.OCI_LAYER + LayerStream.typeSuffix(in.readNBytes(4));
        }
    }

    private Digest digestOf(String path) throws IOException {
        MessageDigest hash = Digest.sha256();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = files.open(path)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                hash.update(buffer, 0, read);
            }
        }
        return Digest.of("sha256", hash.digest());
    }

    private ImageSource.Layer layer(String name, String path, Digest digest) throws IOException {
        return new ImageSource.Layer(name, files.size(path), digest, "", file -> copy(path, digest, file));
    }

    private void copy(String path, Digest digest, Path target) {
        MessageDigest hash = digest.hasher();
        byte[] buffer = new byte[1 << 16];
        try (InputStream in = files.open(path);
                OutputStream out = Files.newOutputStream(target)) {
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                hash.update(buffer, 0, read);
                out.write(buffer, 0, read);
            }
        } catch (IOException e) {
            throw Folders.failure(e, "reading '" + Text.shortened(path) + "' of " + what);
        }
        if (!Digest.of(digest.algorithm(), hash.digest()).equals(digest)) {
            throw damaged(digest);
        }
    }

    /// `ab12…/layer.tar` and `blobs/sha256/ab12…` are both called `ab12…`.
    private static String shortName(String path) {
        String name = path.replace("/layer.tar", "").replace(".tar", "");
        name = name.substring(name.lastIndexOf('/') + 1);
        return name.length() > 12 ? name.substring(0, 12) : name;
    }

    private List<ImageSource> layout(JsonNode index) throws IOException {
        List<ImageSource> images = new ArrayList<>();
        for (JsonNode entry : index.path("manifests")) {
            JsonNode platform = entry.path("platform");
            boolean foreign = platform.isObject() && index.path("manifests").size() > 1 && !Documents.isThisMachine(platform);
            if (!foreign) {
                images.add(image(Documents.descriptor(entry, "index.json of " + what)));
            }
        }
        if (images.isEmpty() && !index.path("manifests").isEmpty()) {
            throw nothingForUs(index);
        }
        return images;
    }

    private ImageSource image(Documents.Descriptor entry) throws IOException {
        byte[] top = blob(entry);
        JsonNode document = Documents.tree(top, "manifest " + entry.digest() + " of " + what);
        List<ImageSource.Document> documents = new ArrayList<>();
        documents.add(new ImageSource.Document(entry.digest(), top));
        if (Documents.isIndex(document)) {
            JsonNode chosen = Documents.forThisMachine(document);
            if (chosen == null) {
                throw nothingForUs(document);
            }
            Documents.Descriptor inner = Documents.descriptor(chosen, "index of " + what);
            byte[] content = blob(inner);
            document = Documents.tree(content, "manifest " + inner.digest() + " of " + what);
            documents.add(new ImageSource.Document(inner.digest(), content));
        }
        Documents.Manifest manifest = Documents.manifest(document, "manifest of " + what);
        List<ImageSource.Layer> layers = new ArrayList<>();
        for (Documents.Descriptor layer : manifest.layers()) {
            layers.add(layer(layer.digest().shortHex(), path(layer.digest()), layer.digest()));
        }
        String tag = tag(name(entry.annotations()));
        return new ImageSource(manifest.config().digest(), blob(manifest.config()), layers, manifest.size(), tag,
                ImageReference.parse(tag).at(entry.digest()), documents);
    }

    private ImageException nothingForUs(JsonNode index) {
        return new ImageException(ImageException.Reason.NOT_FOUND, what + " holds nothing for linux/"
                + Documents.architecture() + ", but for " + Documents.platforms(index));
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
            throw damaged(blob.digest());
        }
        return content;
    }

    private ImageException damaged(Digest digest) {
        return Documents.corrupt("blob " + digest + " of " + what + " is damaged: its content has another digest");
    }

    private static String path(Digest digest) {
        return "blobs/" + digest.algorithm() + "/" + digest.hex();
    }
}
