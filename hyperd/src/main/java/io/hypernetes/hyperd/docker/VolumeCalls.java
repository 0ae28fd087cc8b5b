package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.docker.http.HttpExchange;
import io.hypernetes.hyperd.volume.Ext4Disk;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `docker volume`. Safe for use by many threads.
final class VolumeCalls {
    private static final Pattern ONE = Pattern.compile("(GET|DELETE) /volumes/([^/]+)");
    private static final JsonMapper JSON = new JsonMapper();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final DockerVolumes volumes;

    VolumeCalls(DockerVolumes volumes) {
        this.volumes = volumes;
    }

    /// False when it is none of its calls.
    ///
    /// @param body of the request, empty when it has none
    boolean handle(String call, HttpExchange exchange, JsonNode body) throws IOException {
        Matcher one = ONE.matcher(call);
        switch (call) {
            case "GET /volumes" -> {
                Filters filters = Filters.parse(exchange.query("filters"), "name", "driver", "label", "dangling");
                ObjectNode answer = NODES.objectNode();
                ArrayNode all = answer.putArray("Volumes");
                volumes.list().stream().filter(volume -> filters.volume(volume, volumes.users(volume.name()).isEmpty())).forEach(volume -> all.add(show(volume)));
                json(exchange, 200, answer.putNull("Warnings"));
            }
            case "POST /volumes/create" -> {
                VolumeWishes.refuseDriver(body.path("Driver").asString(""));
                if (!body.path("ClusterVolumeSpec").isMissingNode() && !body.path("ClusterVolumeSpec").isNull()) {
                    throw DockerFailure.later("volumes of a swarm cannot be had");
                }
                json(exchange, 201, show(volumes.create(
                        body.path("Name").asString(""), VolumeWishes.texts(body.path("Labels")), VolumeWishes.texts(body.path("DriverOpts")),
                        body.path("Name").asString("").isEmpty())));
            }
            case "POST /volumes/prune" -> json(exchange, 200, prune(Filters.parse(exchange.query("filters"), "all", "label", "label!")));
            default -> {
                if (!one.matches()) {
                    return false;
                }
                if (one.group(1).equals("GET")) {
                    json(exchange, 200, show(volumes.get(one.group(2))));
                } else {
                    remove(one.group(2), exchange.flag("force"));
                    exchange.answer(204, "application/json", new byte[0]);
                }
            }
        }
        return true;
    }

    private void remove(String name, boolean force) {
        try {
            volumes.remove(name);
        } catch (DockerFailure failure) {
            // What is not there is gone already.
            if (!force || failure.status() != 404) {
                throw failure;
            }
        }
    }

    /// Removes what no container names: of the anonymous ones all, of the others those that `all` is said of.
    ObjectNode prune(Filters filters) {
        boolean all = filters.wanted().getOrDefault("all", List.of()).stream().anyMatch(value -> value.equals("true") || value.equals("1"));
        ObjectNode answer = NODES.objectNode();
        ArrayNode deleted = answer.putArray("VolumesDeleted");
        long bytes = 0;
        for (VolumeRecord volume : volumes.list()) {
            if ((all || volume.anonymous()) && filters.labels(volume.labels()) && !filters.spares(volume.labels()) && volumes.users(volume.name()).isEmpty()) {
                long size = Ext4Disk.usedBytes(volumes.file(volume.name()));
                try {
                    volumes.remove(volume.name());
                } catch (DockerFailure taken) {
                    continue;
                }
                deleted.add(volume.name());
                bytes += size;
            }
        }
        return answer.put("SpaceReclaimed", bytes);
    }

    /// A volume as the API shows it.
    ObjectNode show(VolumeRecord volume) {
        ObjectNode json = NODES.objectNode().put("Name", volume.name()).put("Driver", "local").put("Scope", "local")
                .put("Mountpoint", volumes.file(volume.name()).toString())
                .put("CreatedAt", Instant.ofEpochSecond(0, volume.createdNanos()).truncatedTo(java.time.temporal.ChronoUnit.SECONDS).toString());
        ObjectNode labels = json.putObject("Labels");
        volume.labels().forEach(labels::put);
        if (volume.anonymous()) {
            labels.put("com.docker.volume.anonymous", "");
        }
        if (volume.options().isEmpty()) {
            json.putNull("Options");
        } else {
            json.set("Options", JSON.valueToTree(volume.options()));
        }
        return json;
    }

    private static void json(HttpExchange exchange, int status, Object tree) throws IOException {
        exchange.answer(status, "application/json", JSON.writeValueAsBytes(tree));
    }

    /// What containers mount, as the API shows it.
    static ArrayNode mounts(List<VolumeMount> mounts, DockerVolumes volumes) {
        ArrayNode shown = NODES.arrayNode();
        for (VolumeMount mount : mounts) {
            shown.addObject().put("Type", "volume").put("Name", mount.volume()).put("Source", volumes.file(mount.volume()).toString())
                    .put("Destination", mount.destination()).put("Driver", "local").put("Mode", mount.readOnly() ? "ro" : "z")
                    .put("RW", !mount.readOnly()).put("Propagation", "");
        }
        return shown;
    }
}
