package io.hypernetes.hyperd.docker;

import io.hypernetes.guest.MountSpec;
import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hyperd.sandbox.Particulars;
import io.hypernetes.hyperd.sandbox.SandboxRequest;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.images.ImageConfig;
import io.hypernetes.network.PortMapping;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What a client asks of a container: completed from the image, and put into the engine's words.
final class Wish {
    static final long PERIOD_MICROS = 100_000;
    /// As Linux has it.
    private static final int MOST_CELLS = 65_535;

    private Wish() {}

    /// The configuration with what the image says filled in.
    static ObjectNode complete(JsonNode asked, ImageConfig image, String id) {
        ObjectNode config = (ObjectNode) asked.deepCopy();
        config.remove("HostConfig");
        config.remove("NetworkingConfig");
        boolean ownEntrypoint = asked.path("Entrypoint").isArray() && !asked.path("Entrypoint").isEmpty();
        if (!ownEntrypoint) {
            image.entrypoint().forEach(config.putArray("Entrypoint")::add);
            if (asked.path("Cmd").isEmpty()) {
                image.command().forEach(config.putArray("Cmd")::add);
            }
        } else if (asked.path("Entrypoint").path(0).asString("").isEmpty()) {
            config.putArray("Entrypoint");
        }
        Map<String, String> environment = new LinkedHashMap<>();
        image.environment().forEach(entry -> environment.put(entry.split("=", 2)[0], entry));
        texts(asked.path("Env")).stream().filter(entry -> entry.contains("=")).forEach(entry -> environment.put(entry.split("=", 2)[0], entry));
        ArrayNode env = config.putArray("Env");
        environment.values().forEach(env::add);
        ObjectNode labels = config.putObject("Labels");
        image.labels().forEach(labels::put);
        asked.path("Labels").properties().forEach(label -> labels.put(label.getKey(), label.getValue().asString("")));
        orElse(config, "User", image.user());
        String folder = asked.path("WorkingDir").asString("");
        if (!folder.isEmpty() && !folder.startsWith("/")) {
            throw new DockerFailure(400, "the working directory '" + folder + "' is invalid, it needs to be an absolute path");
        }
        orElse(config, "WorkingDir", image.workingDirectory());
        orElse(config, "StopSignal", image.stopSignal());
        orElse(config, "Hostname", id.substring(0, 12));
        if (config.path("Entrypoint").isEmpty() && config.path("Cmd").isEmpty()) {
            throw new DockerFailure(400, "no command specified: the image has none, so say it behind the image's name");
        }
        return config;
    }

    private static void orElse(ObjectNode config, String name, String otherwise) {
        if (config.path(name).asString("").isEmpty()) {
            config.put(name, otherwise);
        }
    }

    static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(item -> texts.add(item.asString("")));
        return texts;
    }

    /// Command and arguments together.
    static List<String> argv(JsonNode config) {
        List<String> argv = texts(config.path("Entrypoint"));
        argv.addAll(texts(config.path("Cmd")));
        return argv;
    }

    static SandboxRequest sandbox(DockerRecord of, List<DockerRecord.Published> ports, List<MachineSpec.Volume> disks, DockerNetworks.Place place) {
        JsonNode host = of.hostConfig();
        long nanoCpus = host.path("NanoCpus").asLong(0);
        long quota = nanoCpus > 0 ? Math.max(1000, nanoCpus / 10_000) : Math.max(0, host.path("CpuQuota").asLong(0));
        long period = nanoCpus > 0 ? PERIOD_MICROS : host.path("CpuPeriod").asLong(0);
        return new SandboxRequest(
                new SandboxRecord.Identity(of.id(), of.id(), "docker", 0, SandboxRecord.Identity.DOCKER, "", Map.of(), Map.of()),
                new SandboxRecord.Files(
                        of.config().path("Hostname").asString(""),
                        // A name server of the engine's asks those that the client names.
                        place.nameservers().isEmpty() ? texts(host.path("Dns")) : place.nameservers(),
                        texts(host.path("DnsSearch")),
                        texts(host.path("DnsOptions")), ""),
                Limits.sysctls(host),
                new SandboxRequest.Demand(host.path("Memory").asLong(0), 0, quota, period, 0),
                ports.stream().map(port -> new PortMapping(
                        PortMapping.Protocol.valueOf(port.protocol().toUpperCase(Locale.ROOT)), port.hostAddress(), port.hostPort(), port.port())).toList(),
                disks,
                place.membership());
    }

    static ContainerRequest container(DockerRecord of, SandboxRequest machine, Path log) {
        JsonNode config = of.config();
        JsonNode host = of.hostConfig();
        long pids = host.path("PidsLimit").asLong(0);
        return new ContainerRequest(
                new ContainerRecord.Identity(of.name(), 0, Map.of(), Map.of()),
                of.imageId(),
                of.image(),
                argv(config),
                List.of(),
                config.path("WorkingDir").asString(""),
                texts(config.path("Env")),
                List.of(),
                log.toString(),
                new ContainerRecord.Terminal(
                        config.path("Tty").asBoolean(false), config.path("OpenStdin").asBoolean(false), config.path("StdinOnce").asBoolean(false), size(host.path("ConsoleSize"))),
                new ContainerRecord.Resources(
                        machine.demand().cpuPeriodMicros(), machine.demand().cpuQuotaMicros(), host.path("CpuShares").asLong(0), machine.demand().memoryBytes(),
                        host.path("OomScoreAdj").asLong(0), pids > 0 ? Map.of("pids.max", Long.toString(pids)) : Map.of()),
                security(host),
                config.path("StopSignal").asString(""),
                List.of(),
                Limits.rlimits(host));
    }

    /// The size that the client's terminal had when it asked for the container: its first program may look at once.
    private static ContainerRecord.@Nullable Size size(JsonNode rowsAndColumns) {
        int rows = rowsAndColumns.path(0).asInt(0);
        int columns = rowsAndColumns.path(1).asInt(0);
        return rows > 0 && columns > 0 && rows <= MOST_CELLS && columns <= MOST_CELLS ? new ContainerRecord.Size(rows, columns) : null;
    }

    /// @param hosts content of `/etc/hosts`; empty for the guest's own
    static Particulars particulars(DockerRecord of, List<MachineSpec.Volume> disks, String hosts) {
        List<MountSpec> mounts = new ArrayList<>(MemoryMounts.of(of.hostConfig()));
        mounts.addAll(DockerVolumes.specs(of.mounts()));
        mounts.sort(Comparator.comparing(MountSpec::destination));
        return new Particulars(of.id(), of.config().path("User").asString(""), DockerVolumes.declared(disks), mounts, hosts);
    }

    private static ContainerRequest.Security security(JsonNode host) {
        return new ContainerRequest.Security(
                host.path("Privileged").asBoolean(false), Set.copyOf(texts(host.path("CapAdd"))), Set.copyOf(texts(host.path("CapDrop"))),
                Set.of(), OptionalLong.empty(), OptionalLong.empty(), "", Limits.groups(host),
                Unanswered.noNewPrivileges(host),
                host.path("ReadonlyRootfs").asBoolean(false),
                Limits.paths(host, "MaskedPaths", ContainerRequest.Security.ORDINARILY_MASKED),
                Limits.paths(host, "ReadonlyPaths", ContainerRequest.Security.ORDINARILY_READ_ONLY),
                "", host.path("Init").asBoolean(false), false, Limits.seccomp(host));
    }

    /// The ports of the host that shall lead to the container; for those that the client leaves open free ones are chosen.
    static List<DockerRecord.Published> ports(JsonNode config, JsonNode host) {
        List<DockerRecord.Published> ports = new ArrayList<>();
        host.path("PortBindings").properties().forEach(binding -> {
            String[] key = binding.getKey().split("/");
            String protocol = key.length > 1 ? key[1] : "tcp";
            for (JsonNode one : binding.getValue()) {
                String wanted = one.path("HostPort").asString("");
                String address = one.path("HostIp").asString("");
                if (address.contains(":")) {
                    throw DockerFailure.later("ports are published on IPv4 addresses of the host so far, not on " + address);
                }
                ports.add(new DockerRecord.Published(
                        protocol, address.equals("0.0.0.0") ? "" : address, wanted.isEmpty() || wanted.equals("0") ? free() : number(wanted), number(key[0])));
            }
        });
        if (host.path("PublishAllPorts").asBoolean(false)) {
            Set<Integer> bound = ports.stream().map(DockerRecord.Published::port).collect(Collectors.toSet());
            config.path("ExposedPorts").propertyNames().forEach(exposed -> {
                String[] key = exposed.split("/");
                if (!bound.contains(number(key[0]))) {
                    ports.add(new DockerRecord.Published(key.length > 1 ? key[1] : "tcp", "", free(), number(key[0])));
                }
            });
        }
        return ports;
    }

    private static int number(String port) {
        if (!port.matches("[0-9]{1,5}")) {
            throw new DockerFailure(400, "invalid port specification: \"" + port + "\"");
        }
        return Integer.parseInt(port);
    }

    private static int free() {
        try (ServerSocket probe = new ServerSocket(0)) {
            return probe.getLocalPort();
        } catch (IOException none) {
            throw new DockerFailure(500, "no free port of the host was found: " + none.getMessage());
        }
    }
}
