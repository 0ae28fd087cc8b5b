package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.CopySpec;
import io.hypernetes.hyperd.docker.http.HttpExchange;
import io.hypernetes.images.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// `docker commit`: the container's image and, as a layer on top, what the container wrote. Its processes run on meanwhile: time cannot stand
/// still for a machine that is to read its own files.
final class CommitCall {
    private static final List<String> KEPT = List.of(
            "User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "Healthcheck", "Shell");
    private static final JsonMapper JSON = new JsonMapper();

    private CommitCall() {}

    /// The new image's id.
    ///
    /// @param folder for the layer while it is made
    static String handle(HttpExchange exchange, DockerContainer container, DockerHouse house, Path folder) throws IOException {
        List<String> changes = exchange.queries("changes");
        DockerRecord of = container.record();
        // What is wrong with them is said before the container is read; it may depend on the container's variables.
        config(of, changes);
        String repository = exchange.query("repo");
        String tag = exchange.query("tag");
        Path layer = Files.createTempFile(folder, "commit-", ".tar");
        try {
            written(container, layer);
            byte[] base = house.images().configuration(of.imageId());
            Image made = house.images().derive(
                    of.imageId(), layer, diffId -> configuration(base, of, changes, diffId, exchange.query("author"), exchange.query("comment"), Instant.now(house.clock())),
                    repository.isEmpty() ? null : repository + ":" + (tag.isEmpty() ? "latest" : tag));
            container.tell("commit", Map.of("imageID", made.id(), "comment", exchange.query("comment")));
            return made.id();
        } finally {
            Files.deleteIfExists(layer);
        }
    }

    private static void written(DockerContainer container, Path layer) throws IOException {
        container.withGuest(guest -> ExportCalls.whole(
                guest, container.id(), CopySpec.Direction.LAYER, out -> Files.copy(out, layer, StandardCopyOption.REPLACE_EXISTING)));
    }

    static byte[] configuration(byte[] base, DockerRecord of, List<String> changes, String diffId, String author, String comment, Instant now) {
        ObjectNode image = (ObjectNode) JSON.readTree(base);
        image.put("created", now.toString());
        if (!author.isEmpty()) {
            image.put("author", author);
        }
        image.set("config", config(of, changes));
        image.withObject("rootfs").put("type", "layers").withArray("diff_ids").add(diffId);
        image.withArray("history").addObject().put("created", now.toString()).put("created_by", String.join(" ", Wish.argv(of.config())))
                .put("author", author).put("comment", comment);
        return JSON.writeValueAsBytes(image);
    }

    private static ObjectNode config(DockerRecord of, List<String> changes) {
        ObjectNode config = JSON.createObjectNode();
        for (String name : KEPT) {
            JsonNode value = of.config().path(name);
            if (!value.isMissingNode() && !value.isNull() && !(value.isContainer() && value.isEmpty()) && !value.asString("x").isEmpty()) {
                config.set(name, value.deepCopy());
            }
        }
        CommitChanges.apply(config, changes);
        return config;
    }
}
