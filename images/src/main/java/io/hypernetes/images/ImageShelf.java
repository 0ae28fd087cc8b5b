package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What images there are: the catalogue, and what it says ready to give out. Whoever calls holds its monitor.
final class ImageShelf {
    private final Catalogue catalogue;
    private final Path configs;
    private final DiskLayers layers;
    private final Blobs blobs;
    private final Map<String, Image> images = new LinkedHashMap<>();

    /// @param configs folder of their configurations, by digest
    ImageShelf(Catalogue catalogue, Path configs, DiskLayers layers, Blobs blobs) {
        this.catalogue = catalogue;
        this.configs = configs;
        this.layers = layers;
        this.blobs = blobs;
    }

    Catalogue catalogue() {
        return catalogue;
    }

    /// Shows an image as the catalogue has it.
    ///
    /// @throws ImageException when a layer of it is not there
    Image show(Catalogue.Item item) throws IOException {
        byte[] config = Files.readAllBytes(configs.resolve(Digest.parse(item.id()).hex()));
        Image image = new Image(item.id(), List.copyOf(item.tags()), List.copyOf(item.digests()), item.sizeBytes(),
                Documents.config(config, item.layers().size(), "configuration " + item.id()).execution(),
                layers.disks(item.layers()), item.forAll());
        images.put(item.id(), image);
        return image;
    }

    /// Takes an image away; what only it needed goes with the next [#sweep].
    Optional<Image> takeAway(Catalogue.Item item) {
        catalogue.images().remove(item.id());
        return Optional.ofNullable(images.remove(item.id()));
    }

    Optional<Image> find(String nameOrId) {
        return catalogue.find(nameOrId).flatMap(item -> Optional.ofNullable(images.get(item.id())));
    }

    /// @throws ImageException when there is none
    Catalogue.Item required(String nameOrId) {
        return catalogue.find(nameOrId).orElseThrow(() -> new ImageException(ImageException.Reason.NOT_FOUND,
                "no such image: " + Text.shortened(nameOrId)));
    }

    List<Image> list() {
        return List.copyOf(images.values());
    }

    private List<List<String>> layersOfAll() {
        return catalogue.images().values().stream().map(Catalogue.Item::layers).toList();
    }

    /// After a pull that failed.
    void limitRights() {
        layers.limitRights(layersOfAll());
    }

    /// Removes layers and configurations that no image needs and no pull holds.
    void sweep() throws IOException {
        Set<Digest> usedBlobs = new HashSet<>();
        Set<String> usedConfigs = new LinkedHashSet<>();
        for (Catalogue.Item item : catalogue.images().values()) {
            item.blobs().forEach(blob -> usedBlobs.add(Digest.parse(blob)));
            usedConfigs.add(Digest.parse(item.id()).hex());
        }
        layers.sweep(layersOfAll());
        blobs.sweep(usedBlobs);
        try (var files = Files.newDirectoryStream(configs)) {
            for (Path file : files) {
                if (!usedConfigs.contains(file.getFileName().toString())) {
                    Files.delete(file);
                }
            }
        }
    }
}
