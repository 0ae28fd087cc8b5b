package io.hypernetes.hyperd.docker;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// What the body of a container's creation may say (Docker Engine API 1.48, `POST /containers/create`) and this engine does not do.
/// An option without effect would be a lie, above all one that was to confine, so each is refused by name.
final class Unanswered {
    private static final String SHARED = "namespaces of the host or of another container cannot be shared by a virtual machine";
    private static final String DEVICES = "devices of the host cannot be given to a virtual machine yet";
    private static final String BLOCK_IO = "weights and rates of block devices are not answered yet";
    private static final String WINDOWS = "it is for Windows containers; the machines here run Linux";
    private static final String PROCESSORS = "the container has a machine's processors to itself; say how many with --cpus";
    private static final String REAL_TIME = "real-time scheduling of processors is not answered yet; limit them with --cpus";
    private static final String CGROUPS = "the container's cgroup is in its own machine, not on the host";
    private static final String SWAP = "machines have no swap; give the memory that is needed with --memory";
    private static final String ADDRESSES = "addresses and names in a network are given by the engine so far";

    private static final List<Option> HOST = List.of(
            new Option("Devices", "--device", DEVICES),
            new Option("DeviceRequests", "--gpus", DEVICES),
            new Option("DeviceCgroupRules", "--device-cgroup-rule", DEVICES),
            new Option("Links", "--link", "containers of a network find each other by name: docker network create"),
            new Option("PidMode", "--pid", SHARED),
            new Option("IpcMode", "--ipc", SHARED, "private"),
            new Option("UTSMode", "--uts", SHARED),
            new Option("UsernsMode", "--userns", SHARED),
            new Option("CgroupnsMode", "--cgroupns", SHARED, "private"),
            new Option("Cgroup", "Cgroup", SHARED),
            new Option("CgroupParent", "--cgroup-parent", CGROUPS),
            new Option("StorageOpt", "--storage-opt", "the size of a container's disk is the engine's so far"),
            new Option("Runtime", "--runtime", "there is one runtime, a virtual machine"),
            new Option("Annotations", "--annotation", "annotations are not kept; use --label"),
            new Option("OomKillDisable", "--oom-kill-disable", "a machine without memory left would stand still"),
            new Option("CpusetCpus", "--cpuset-cpus", PROCESSORS),
            new Option("CpusetMems", "--cpuset-mems", PROCESSORS),
            new Option("CpuRealtimePeriod", "--cpu-rt-period", REAL_TIME),
            new Option("CpuRealtimeRuntime", "--cpu-rt-runtime", REAL_TIME),
            new Option("MemoryReservation", "--memory-reservation", "a machine's memory is its --memory"),
            new Option("MemorySwappiness", "--memory-swappiness", SWAP, "-1"),
            new Option("KernelMemory", "--kernel-memory", "the machine's kernel lives in the container's own --memory"),
            new Option("KernelMemoryTCP", "KernelMemoryTCP", "the machine's kernel lives in the container's own --memory"),
            new Option("BlkioWeight", "--blkio-weight", BLOCK_IO),
            new Option("BlkioWeightDevice", "--blkio-weight-device", BLOCK_IO),
            new Option("BlkioDeviceReadBps", "--device-read-bps", BLOCK_IO),
            new Option("BlkioDeviceWriteBps", "--device-write-bps", BLOCK_IO),
            new Option("BlkioDeviceReadIOps", "--device-read-iops", BLOCK_IO),
            new Option("BlkioDeviceWriteIOps", "--device-write-iops", BLOCK_IO),
            new Option("Isolation", "--isolation", WINDOWS, "default"),
            new Option("CpuCount", "--cpu-count", WINDOWS),
            new Option("CpuPercent", "--cpu-percent", WINDOWS),
            new Option("IOMaximumIOps", "--io-maxiops", WINDOWS),
            new Option("IOMaximumBandwidth", "--io-maxbandwidth", WINDOWS));

    private static final List<Option> CONFIG = List.of(
            new Option("Domainname", "--domainname", "it is not answered yet; give the whole name with --hostname"),
            new Option("MacAddress", "--mac-address", ADDRESSES),
            new Option("NetworkDisabled", "NetworkDisabled", "every machine is in a network"));

    private static final List<Option> ENDPOINT = List.of(
            new Option("Links", "--link", ADDRESSES),
            new Option("MacAddress", "--mac-address", ADDRESSES),
            new Option("DriverOpts", "--network driver-opt", ADDRESSES),
            new Option("IPAddress", "--ip", ADDRESSES));

    private static final Set<String> NO_NEW_PRIVILEGES = Set.of("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true");
    // What is unconfined by a Linux security module is so in every machine: its kernel runs none.
    private static final Set<String> KNOWN_SECURITY = Set.of(
            "no-new-privileges:false", "no-new-privileges=false", "apparmor=unconfined", "apparmor:unconfined", "label=disable", "label:disable");

    private Unanswered() {}

    /// A field, what people type for it, why it is refused, and the values besides the empty one that ask for nothing.
    private record Option(String field, String flag, String sentence, Set<String> harmless) {
        Option(String field, String flag, String sentence, String... harmless) {
            this(field, flag, sentence, Set.of(harmless));
        }

        void check(JsonNode of) {
            JsonNode value = of.path(field);
            if (asks(value) && !harmless.contains(value.asString(""))) {
                throw DockerFailure.later(flag + " cannot be had: " + sentence);
            }
        }
    }

    private static boolean asks(JsonNode value) {
        if (value.isMissingNode() || value.isNull()) {
            return false;
        }
        if (value.isContainer()) {
            return !value.isEmpty();
        }
        // A "0" in quotes is the name of something, such as the first processor.
        return value.isString() ? !value.asString("").isEmpty() : !Set.of("0", "false").contains(value.asString(""));
    }

    /// @param request the body of a creation
    /// @throws DockerFailure 501 with a sentence for what a container that is a machine does not have, or not yet
    static void refuse(JsonNode request) {
        JsonNode host = request.path("HostConfig");
        network(host.path("NetworkMode").asString(""));
        HOST.forEach(option -> option.check(host));
        CONFIG.forEach(option -> option.check(request));
        long swap = host.path("MemorySwap").asLong(0);
        if (swap != 0 && swap != host.path("Memory").asLong(0)) {
            throw DockerFailure.later("--memory-swap cannot be had: " + SWAP);
        }
        logs(host.path("LogConfig"));
        security(host.path("SecurityOpt"));
        request.path("NetworkingConfig").path("EndpointsConfig").properties().forEach(endpoint -> {
            network(endpoint.getKey());
            endpoint(endpoint.getValue());
        });
    }

    /// @param config of a place in a network
    /// @throws DockerFailure 501 likewise
    static void endpoint(JsonNode config) {
        ENDPOINT.forEach(option -> option.check(config));
        if (config.path("IPAMConfig").valueStream().anyMatch(Unanswered::asks)) {
            throw DockerFailure.later("--ip cannot be had: " + ADDRESSES);
        }
    }

    /// Whether the container is never to gain privileges.
    static boolean noNewPrivileges(JsonNode host) {
        return Wish.texts(host.path("SecurityOpt")).stream().anyMatch(NO_NEW_PRIVILEGES::contains);
    }

    private static void network(String name) {
        if (name.equals("none")) {
            throw DockerFailure.later("network none cannot be had: every machine is in a network; docker network create --internal makes one that leads nowhere outside");
        }
        if (name.equals("host") || name.startsWith("container:") || name.startsWith("ns:")) {
            throw DockerFailure.later("network " + name + " cannot be joined: " + SHARED);
        }
    }

    private static void logs(JsonNode config) {
        String driver = config.path("Type").asString("");
        if (!Set.of("", "json-file").contains(driver)) {
            throw DockerFailure.later("--log-driver " + driver + " cannot be had: logs are files of the engine, read with docker logs");
        }
        if (asks(config.path("Config"))) {
            throw DockerFailure.later("--log-opt cannot be had: size and rotation of logs are the engine's so far");
        }
    }

    private static void security(JsonNode options) {
        List<String> refused = new ArrayList<>(Wish.texts(options));
        refused.removeAll(NO_NEW_PRIVILEGES);
        refused.removeAll(KNOWN_SECURITY);
        refused.removeIf(option -> option.matches("(?s)seccomp[=:].*"));
        if (!refused.isEmpty()) {
            throw DockerFailure.later("--security-opt " + refused.getFirst().lines().findFirst().orElse("").split("[=:]", 2)[0]
                    + " cannot be had: a machine's kernel runs no Linux security module");
        }
    }
}
