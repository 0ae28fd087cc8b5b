package io.hypernetes.images;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Which images there are, their names and leases: one small file, written anew and synced at each change. The owner holds a lock.
final class Catalogue {
    /// One image.
    ///
    /// @param layers diff ids, the lowest first
    record Item(String id, TreeSet<String> tags, TreeSet<String> digests, long sizeBytes, List<String> layers) {}

    private final Path file;
    private final Map<String, Item> images = new LinkedHashMap<>();
    private final Map<String, TreeSet<String>> leases = new TreeMap<>();

    private Catalogue(Path file) {
        this.file = file;
    }

    static Catalogue read(Path file) throws IOException {
        Catalogue catalogue = new Catalogue(file);
        if (Files.exists(file)) {
            JsonNode root = Documents.tree(Files.readAllBytes(file),
                    "the image catalogue " + file + " (remove the file to start with no images)");
            for (JsonNode image : root.path("images")) {
                Item item = new Item(image.path("id").asString(), new TreeSet<>(strings(image.path("tags"))),
                        new TreeSet<>(strings(image.path("digests"))), image.path("size").asLong(), strings(image.path("layers")));
                catalogue.images.put(item.id(), item);
            }
            root.path("leases").properties()
                    .forEach(lease -> catalogue.leases.put(lease.getKey(), new TreeSet<>(strings(lease.getValue()))));
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

    void write() throws IOException {
        ObjectNode root = Documents.JSON.createObjectNode();
        root.put("format", 1);
        ArrayNode list = root.putArray("images");
        for (Item item : images.values()) {
            ObjectNode image = list.addObject().put("id", item.id()).put("size", item.sizeBytes());
            item.tags().forEach(image.putArray("tags")::add);
            item.digests().forEach(image.putArray("digests")::add);
            item.layers().forEach(image.putArray("layers")::add);
        }
        ObjectNode held = root.putObject("leases");
        leases.forEach((holder, ids) -> ids.forEach(held.withArrayProperty(holder)::add));
        Folders.writeDurably(file, Documents.JSON.writeValueAsBytes(root));
    }

    private static List<String> strings(JsonNode array) {
        List<String> strings = new ArrayList<>();
        array.forEach(node -> strings.add(node.asString()));
        return strings;
    }
}
