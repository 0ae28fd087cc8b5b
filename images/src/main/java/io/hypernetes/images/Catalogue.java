package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Which images there are, their names and leases, and who has read which layers: one small file, written anew and synced at each change. The owner holds a lock.
final class Catalogue {
    /// One image.
    ///
    /// @param layers diff ids, the lowest first
    /// @param documents digests of its manifests and the indexes that led to them, the newest first
    /// @param blobs digests of everything kept of it in [Blobs]
    /// @param forAll whether it came at least once by anybody's right; of what an earlier version brought it is not known
    /// @param owner [Requester#key] of who pulled it last, whom it is counted for when images have to go; nothing for the operator
    /// @param usedSeconds since the epoch: when it was last pulled, or a lease of it began or ended
    record Item(
            String id,
            TreeSet<String> tags,
            TreeSet<String> digests,
            long sizeBytes,
            List<String> layers,
            List<String> documents,
            TreeSet<String> blobs,
            boolean forAll,
            String owner,
            long usedSeconds) {

        Item used(long seconds) {
            return new Item(id, tags, digests, sizeBytes, layers, documents, blobs, forAll, owner, seconds);
        }

        Item named(TreeSet<String> otherTags, TreeSet<String> otherDigests) {
            return new Item(id, otherTags, otherDigests, sizeBytes, layers, documents, blobs, forAll, owner, usedSeconds);
        }

        /// The digest by which the repository of this name knows the image; empty when it is not known.
        String digestFor(String name) {
            int at = name.indexOf('@');
            String repository = at >= 0 ? name.substring(0, at) : name.substring(0, Math.max(0, name.lastIndexOf(':')));
            return digests.stream().filter(digest -> digest.equals(name) || digest.startsWith(repository + "@"))
                    .map(digest -> digest.substring(digest.indexOf('@') + 1)).findFirst().orElse("");
        }
    }

    /// Of one image, by pulls for tenants: all may be names of the same at registries of their own, and an image that is used stays with all of them. Who pulls by another name has the image
    /// nevertheless, and the next time asks the registry for it again.
    static final int MOST_NAMES = 100;
    /// Of one image: each of which some bytes more make another one.
    private static final int MOST_DOCUMENTS = 16;
    private static final String READERS = "readers";
    /// For what this store has written itself, of whatever length it is.
    private static final JsonMapper OWN = JsonMapper.builder().build();

    private final Path file;
    private final Map<String, Item> images = new LinkedHashMap<>();
    private final Map<String, TreeSet<String>> leases = new TreeMap<>();
    private final LayerRights rights = new LayerRights();
    private boolean knowsReaders;

    private Catalogue(Path file) {
        this.file = file;
    }

    static Catalogue read(Path file) throws IOException {
        Catalogue catalogue = new Catalogue(file);
        if (Files.exists(file)) {
            JsonNode root = Documents.tree(OWN, Files.readAllBytes(file),
                    "the image catalogue " + file + " (remove the file to start with no images)");
            for (JsonNode image : root.path("images")) {
                Item item = new Item(image.path("id").asString(), new TreeSet<>(strings(image.path("tags"))),
                        new TreeSet<>(strings(image.path("digests"))), image.path("size").asLong(), strings(image.path("layers")),
                        strings(image.path("documents")), new TreeSet<>(strings(image.path("blobs"))),
                        image.path("forAll").asBoolean(false), image.path("owner").asString(""), image.path("used").asLong(0));
                catalogue.images.put(item.id(), item);
            }
            root.path("leases").properties()
                    .forEach(lease -> catalogue.leases.put(lease.getKey(), new TreeSet<>(strings(lease.getValue()))));
            catalogue.knowsReaders = root.has(READERS);
            root.path(READERS).properties().forEach(layer -> strings(layer.getValue()).forEach(key -> catalogue.rights.grant(layer.getKey(), new Claimant(key))));
        }
        return catalogue;
    }

    Map<String, Item> images() {
        return images;
    }

    /// Image ids by holder.
    Map<String, TreeSet<String>> leases() {
        return leases;
    }

    /// Whether it says who has read what: one of an earlier version, or none, does not.
    boolean knowsReaders() {
        return knowsReaders;
    }

    /// Those of layers that images have are written with the next change.
    LayerRights rights() {
        return rights;
    }

    /// The image of a name, a digest, an id or a unique beginning of an id.
    Optional<Item> find(String nameOrId) {
        Item byId = images.get(nameOrId);
        if (byId != null) {
            return Optional.of(byId);
        }
        Optional<ImageReference> reference = ImageReference.tryParse(nameOrId);
        if (reference.isPresent()) {
            String name = reference.get().toString();
            for (Item item : images.values()) {
                if (item.tags().contains(name) || item.digests().contains(name)) {
                    return Optional.of(item);
                }
            }
        }
        String prefix = nameOrId.startsWith("sha256:") ? nameOrId.substring(7) : nameOrId;
        if (!prefix.matches("[0-9a-f]{4,64}")) {
            return Optional.empty();
        }
        List<Item> found = images.values().stream()
                .filter(item -> item.id().startsWith("sha256:" + prefix)).toList();
        return found.size() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
    }

    /// The image with what came now; it is in the catalogue already.
    ///
    /// @param forAll whether it came by anybody's right
    /// @param owner whom it is counted for from now on
    Item with(ImageSource source, List<String> diffIds, Set<String> blobs, boolean forAll, String owner, long nowSeconds) {
        Item known = images.get(source.id().toString());
        LinkedHashSet<String> documents = new LinkedHashSet<>();
        TreeSet<String> kept = new TreeSet<>(blobs);
        if (!blobs.isEmpty()) {
            source.documents().forEach(document -> documents.add(document.digest().toString()));
        }
        if (known != null) {
            documents.addAll(known.documents());
            kept.addAll(known.blobs());
        }
        List<String> newest = documents.stream().limit(MOST_DOCUMENTS).toList();
        documents.stream().skip(MOST_DOCUMENTS).forEach(kept::remove);
        Item item = new Item(source.id().toString(), known == null ? new TreeSet<>() : known.tags(),
                known == null ? new TreeSet<>() : known.digests(), source.sizeBytes(), diffIds, newest, kept,
                forAll || known != null && known.forAll(), owner, nowSeconds);
        if (source.repoDigest() != null && (owner.isEmpty() || item.digests().size() < MOST_NAMES)) {
            item.digests().add(source.repoDigest());
        }
        images.put(item.id(), item);
        return item;
    }

    /// Gives an image a tag, which leaves the image that had it.
    ///
    /// @param most how many tags it may have; with more it has all but this one
    /// @return the images that lost it
    List<Item> name(Item item, String tag, int most) {
        List<Item> losers = new ArrayList<>();
        for (Item other : images.values()) {
            if (!other.id().equals(item.id()) && other.tags().remove(tag)) {
                losers.add(other);
            }
        }
        if (item.tags().size() < most) {
            item.tags().add(tag);
        }
        return losers;
    }

    void touch(String id, long nowSeconds) {
        images.computeIfPresent(id, (known, item) -> item.used(nowSeconds));
    }

    /// The images that no lease holds.
    List<Item> unleased() {
        Set<String> leased = new HashSet<>();
        leases.values().forEach(leased::addAll);
        return images.values().stream().filter(item -> !leased.contains(item.id())).toList();
    }

    void write() throws IOException {
        ObjectNode root = Documents.JSON.createObjectNode();
        root.put("format", 1);
        ArrayNode list = root.putArray("images");
        for (Item item : images.values()) {
            ObjectNode image = list.addObject().put("id", item.id()).put("size", item.sizeBytes());
            item.tags().forEach(image.putArray("tags")::add);
            item.digests().forEach(image.putArray("digests")::add);
            item.layers().forEach(image.putArray("layers")::add);
            item.documents().forEach(image.putArray("documents")::add);
            item.blobs().forEach(image.putArray("blobs")::add);
            if (item.forAll()) {
                image.put("forAll", true);
            }
            if (!item.owner().isEmpty()) {
                image.put("owner", item.owner());
            }
            image.put("used", item.usedSeconds());
        }
        ObjectNode held = root.putObject("leases");
        leases.forEach((holder, ids) -> ids.forEach(held.withArrayProperty(holder)::add));
        Set<String> used = new HashSet<>();
        images.values().forEach(item -> used.addAll(item.layers()));
        ObjectNode readers = root.putObject(READERS);
        rights.of(used).forEach((diffId, claimants) -> claimants.forEach(claimant -> readers.withArrayProperty(diffId).add(claimant.key())));
        Folders.writeDurably(file, Documents.JSON.writeValueAsBytes(root));
    }

    private static List<String> strings(JsonNode array) {
        List<String> strings = new ArrayList<>();
        array.forEach(node -> strings.add(node.asString()));
        return strings;
    }
}
