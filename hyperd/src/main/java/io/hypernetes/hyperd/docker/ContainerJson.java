package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.docker.DockerRecord.Phase;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Containers as the API shows them.
final class ContainerJson {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private ContainerJson() {}

    static String status(DockerRecord of, long now) {
        DockerRecord.State state = of.state();
        return switch (state.phase()) {
            case CREATED, STARTING -> "Created";
            case RUNNING -> "Up " + since(state.startedNanos(), now);
            case RESTARTING -> "Restarting (" + state.exitCode() + ") " + since(state.finishedNanos(), now) + " ago";
            case EXITED -> "Exited (" + state.exitCode() + ") " + since(state.finishedNanos(), now) + " ago";
            case REMOVING -> "Removal In Progress";
        };
    }

    static String phase(DockerRecord of) {
        return of.state().phase() == Phase.STARTING ? "created" : of.state().phase().name().toLowerCase(Locale.ROOT);
    }

    private static String since(long from, long now) {
        return Durations.human(Duration.ofNanos(now - from));
    }

    private static String time(long nanos) {
        return nanos == 0 ? "0001-01-01T00:00:00Z" : Instant.ofEpochSecond(nanos / 1_000_000_000L, nanos % 1_000_000_000L).toString();
    }

    /// A line of `docker ps`.
    static ObjectNode row(DockerRecord of, long now, DockerVolumes volumes, @Nullable Health health) {
        ObjectNode row = NODES.objectNode().put("Id", of.id());
        row.putArray("Names").add("/" + of.name());
        row.put("Image", of.image()).put("ImageID", of.imageId()).put("Command", String.join(" ", Wish.argv(of.config())));
        row.put("Created", of.createdNanos() / 1_000_000_000L);
        ArrayNode ports = row.putArray("Ports");
        for (DockerRecord.Published port : of.state().ports()) {
            ports.addObject().put("IP", port.hostAddress().isEmpty() ? "0.0.0.0" : port.hostAddress())
                    .put("PrivatePort", port.port()).put("PublicPort", port.hostPort()).put("Type", port.protocol());
        }
        row.set("Labels", of.config().path("Labels"));
        row.put("State", phase(of)).put("Status", status(of, now) + (health == null ? "" : " (" + health.shown() + ")"));
        row.putObject("HostConfig").put("NetworkMode", of.hostConfig().path("NetworkMode").asString("default"));
        row.set("NetworkSettings", networks(of));
        row.set("Mounts", VolumeCalls.mounts(of.mounts(), volumes));
        return row;
    }

    static ObjectNode pausedRow(ObjectNode row) {
        return row.put("State", "paused").put("Status", row.path("Status").asString("") + " (Paused)");
    }

    static ObjectNode pausedWhole(ObjectNode json) {
        json.withObject("State").put("Status", "paused").put("Paused", true);
        return json;
    }

    private static ObjectNode networks(DockerRecord of) {
        ObjectNode settings = NODES.objectNode();
        ObjectNode networks = settings.putObject("Networks");
        for (DockerRecord.Endpoint endpoint : of.networks()) {
            ObjectNode one = networks.putObject(endpoint.name()).put("NetworkID", endpoint.network()).put("EndpointID", of.isRunning() ? of.id() : "")
                    .put("IPAddress", of.state().address());
            endpoint.aliases().forEach(one.putArray("Aliases")::add);
            if (!endpoint.isBridge()) {
                DockerNames.names(of, endpoint).forEach(one.putArray("DNSNames")::add);
            }
        }
        return settings;
    }

    /// What `docker inspect` prints.
    static ObjectNode whole(DockerRecord of, String log, DockerVolumes volumes, @Nullable Health health) {
        DockerRecord.State state = of.state();
        List<String> argv = Wish.argv(of.config());
        ObjectNode json = NODES.objectNode().put("Id", of.id()).put("Created", time(of.createdNanos())).put("Path", argv.getFirst());
        argv.stream().skip(1).forEach(json.putArray("Args")::add);
        boolean running = state.phase() == Phase.RUNNING;
        ObjectNode shown = json.putObject("State").put("Status", phase(of)).put("Running", running).put("Paused", false)
                .put("Restarting", state.phase() == Phase.RESTARTING).put("OOMKilled", state.oomKilled()).put("Dead", false)
                .put("Pid", running ? 1 : 0).put("ExitCode", state.exitCode()).put("Error", state.error())
                .put("StartedAt", time(state.startedNanos())).put("FinishedAt", time(state.finishedNanos()));
        if (health != null) {
            shown.set("Health", health.json());
        }
        json.put("Image", of.imageId()).put("LogPath", log).put("Name", "/" + of.name()).put("RestartCount", state.restarts());
        json.put("Driver", "squashfs").put("Platform", "linux");
        json.set("HostConfig", of.hostConfig());
        json.set("Mounts", VolumeCalls.mounts(of.mounts(), volumes));
        json.set("Config", of.config());
        ObjectNode network = networks(of).put("IPAddress", state.address());
        ObjectNode ports = network.putObject("Ports");
        for (DockerRecord.Published port : state.ports()) {
            ports.withArray(port.port() + "/" + port.protocol()).addObject()
                    .put("HostIp", port.hostAddress().isEmpty() ? "0.0.0.0" : port.hostAddress()).put("HostPort", Integer.toString(port.hostPort()));
        }
        json.set("NetworkSettings", network);
        return json;
    }
}
