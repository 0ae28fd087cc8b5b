package io.hypernetes.hyperd.docker;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// What is kept of a Docker container. Command and environment are in it, since the container may be started again.
///
/// @param config as Docker shows it, what the image says filled in
/// @param hostConfig as the client asked
/// @param createdNanos since 1970
/// @param mounts the volumes that it names, for all its life
/// @param networks those that it is in, or will be when it runs
/// @param state how it stands
record DockerRecord(
        String id, String name, long createdNanos, String image, String imageId, JsonNode config, JsonNode hostConfig, List<VolumeMount> mounts,
        List<Endpoint> networks, State state) {

    DockerRecord {
        mounts = List.copyOf(mounts);
        networks = List.copyOf(networks);
    }

    /// A container's place in a network.
    ///
    /// @param network id of the network
    /// @param name of the network, which never changes
    /// @param aliases what others in the network may call the container, besides its name
    record Endpoint(String network, String name, List<String> aliases) {
        Endpoint {
            aliases = List.copyOf(aliases);
        }

        boolean isBridge() {
            return network.equals(NetworkRecord.BRIDGE.id());
        }
    }

    /// Its place in a network; empty when it is not in it.
    Optional<Endpoint> endpoint(String network) {
        return networks.stream().filter(endpoint -> endpoint.network().equals(network)).findFirst();
    }

    /// How far a container has come.
    enum Phase {
        CREATED,
        /// A machine is being made for it. After a crash this is taken back.
        STARTING,
        RUNNING,
        /// It has ended and waits to be started again by its restart policy.
        RESTARTING,
        EXITED,
        REMOVING
    }

    /// @param startedNanos since 1970; 0 when it never ran
    /// @param stopped whether a person ended it, so that its restart policy rests
    /// @param ports ports of the host that lead to it while it runs
    record State(
            Phase phase, long startedNanos, long finishedNanos, int exitCode, boolean oomKilled, String error, int restarts,
            boolean stopped, String address, List<Published> ports) {
        State {
            ports = List.copyOf(ports);
        }

        static final State NEW = new State(Phase.CREATED, 0, 0, 0, false, "", 0, false, "", List.of());

        State with(Phase next) {
            return new State(next, startedNanos, finishedNanos, exitCode, oomKilled, error, restarts, stopped, address, ports);
        }

        /// About to run there.
        State at(String there) {
            return new State(phase, startedNanos, finishedNanos, exitCode, oomKilled, error, restarts, stopped, there, ports);
        }

        State running(long atNanos, String at, List<Published> published) {
            return new State(Phase.RUNNING, atNanos, 0, 0, false, "", restarts, false, at, published);
        }

        State ended(Phase next, long atNanos, int code, boolean oom, String why) {
            return new State(next, startedNanos, atNanos, code, oom, why, restarts, stopped, "", List.of());
        }

        State restarted(int times) {
            return new State(phase, startedNanos, finishedNanos, exitCode, oomKilled, error, times, stopped, address, ports);
        }

        State stoppedByUser(boolean yes) {
            return new State(phase, startedNanos, finishedNanos, exitCode, oomKilled, error, restarts, yes, address, ports);
        }
    }

    /// @param hostAddress empty for all
    record Published(String protocol, String hostAddress, int hostPort, int port) {}

    DockerRecord with(State next) {
        return new DockerRecord(id, name, createdNanos, image, imageId, config, hostConfig, mounts, networks, next);
    }

    DockerRecord withHostConfig(JsonNode next) {
        return new DockerRecord(id, name, createdNanos, image, imageId, config, next, mounts, networks, state);
    }

    DockerRecord named(String next) {
        return new DockerRecord(id, next, createdNanos, image, imageId, config, hostConfig, mounts, networks, state);
    }

    DockerRecord in(List<Endpoint> next) {
        return new DockerRecord(id, name, createdNanos, image, imageId, config, hostConfig, mounts, next, state);
    }

    boolean isRunning() {
        return state.phase() == Phase.RUNNING;
    }

    /// Whether it has a machine, or is about to.
    boolean isUp() {
        return isRunning() || state.phase() == Phase.STARTING;
    }

    boolean autoRemove() {
        return hostConfig.path("AutoRemove").asBoolean(false);
    }
}
