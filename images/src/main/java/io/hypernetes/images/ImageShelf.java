package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What images there are: the catalogue, and what it says ready to give out. Whoever calls holds its monitor.
final class ImageShelf {
    private static final Logger LOG = LoggerFactory.getLogger(ImageShelf.class);
    /// Of the memory for all, what one tenant may have of it when nothing can go.
    private static final int SHARES = 8;

    private final Catalogue catalogue;
    private final Path configs;
    private final DiskLayers layers;
    private final Blobs blobs;
    private final long mostMemory;
    private final Map<String, Image> images = new LinkedHashMap<>();

    /// @param configs folder of their configurations, by digest
    /// @param mostMemory how many bytes of it they should take
    ImageShelf(Catalogue catalogue, Path configs, DiskLayers layers, Blobs blobs, long mostMemory) {
        this.mostMemory = mostMemory;
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

    /// Sees to it that there is memory for one image more: what nobody uses goes, however young it is, the operator's last.
    ///
    /// @param bytes how much it takes
    /// @param requester whom it is for; the operator is refused nothing
    /// @throws ImageException NO_SPACE when all are used and either the tenant has its share, or even twice as much as there should be is taken
    void makeRoom(Digest id, long bytes, Requester requester) throws IOException {
        if (catalogue.images().containsKey(id.toString())) {
            return;
        }
        Map<String, Long> weights = new HashMap<>();
        catalogue.images().values().forEach(item -> weights.put(item.id(), weight(item)));
        long all = weights.values().stream().mapToLong(Long::longValue).sum() + bytes;
        boolean removed = false;
        List<Catalogue.Item> mayGo = all <= mostMemory ? List.of() : new ArrayList<>(catalogue.unleased());
        while (all > mostMemory && !mayGo.isEmpty()) {
            Catalogue.Item gone = FirstToGo.of(mayGo, some -> some.getFirst().owner().isEmpty()
                    ? 0
                    : some.stream().mapToLong(item -> weights.getOrDefault(item.id(), 0L)).sum()).orElseThrow();
            LOG.info("event=image-removed id={} names={} reason=memory-for-images bytes={} most_bytes={}", gone.id(), gone.tags(), all, mostMemory);
            takeAway(gone);
            mayGo.remove(gone);
            all -= weights.getOrDefault(gone.id(), 0L);
            removed = true;
        }
        if (removed) {
            catalogue.write();
            sweep();
        }
        long own = bytes + catalogue.images().values().stream()
                .filter(item -> item.owner().equals(requester.key())).mapToLong(item -> weights.getOrDefault(item.id(), 0L)).sum();
        if (all > mostMemory && !requester.key().isEmpty() && (own > mostMemory / SHARES || all > 2 * mostMemory)) {
            throw new ImageException(ImageException.Reason.NO_SPACE, "image " + id + " takes " + bytes + " bytes of the node's memory to be known, with the other images of the tenant's pods there "
                    + own + ", and there is no room for it beside those that are in use; let pods of this node end, or use fewer images, or ones with fewer layers and shorter labels");
        }
    }

    /// What the layers of some images take on the disk, each once.
    long diskBytes(List<Catalogue.Item> some) {
        Map<String, Long> disks = new HashMap<>();
        some.forEach(item -> Optional.ofNullable(images.get(item.id()))
                .ifPresent(image -> image.layers().forEach(layer -> disks.put(layer.diffId(), layer.sizeBytes()))));
        return disks.values().stream().mapToLong(Long::longValue).sum();
    }

    private long weight(Catalogue.Item item) {
        Image image = images.get(item.id());
        return image == null ? 0 : ImageWeight.of(image, item);
    }

    private List<List<String>> layersOfAll() {
        return catalogue.images().values().stream().map(Catalogue.Item::layers).toList();
    }

    /// After a pull that failed.
    void limitRights() {
        layers.limitRights(layersOfAll());
    }

    /// Now and then: what pulls left that failed.
    void limitUnused() throws IOException {
        layers.limitUnused(layersOfAll());
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
