package io.hypernetes.hyperd.docker;

import io.hypernetes.hyperd.container.ContainerRequest;
import io.hypernetes.hyperd.seccomp.Seccomp;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Limits and rights of a container that a client asks for by name, in the engine's words.
final class Limits {
    // Linux's numbers are the places in this list.
    private static final List<String> RESOURCES = List.of(
            "cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending", "msgqueue",
            "nice", "rtprio", "rttime");
    private static final String SECCOMP = "seccomp";

    private Limits() {}

    /// @throws DockerFailure when any of them cannot be had
    static void check(JsonNode host) {
        rlimits(host);
        groups(host);
        sysctls(host);
        seccomp(host);
    }

    /// Its machine would not start, or not get on.
    ///
    /// @throws DockerFailure 400 when a container is to have more than the host has
    static void checkHost(JsonNode host) {
        checkHost(host, Runtime.getRuntime().availableProcessors(), SystemCalls.memoryBytes());
    }

    static void checkHost(JsonNode host, int processors, long memoryBytes) {
        long period = host.path("CpuPeriod").asLong(0) > 0 ? host.path("CpuPeriod").asLong(0) : Wish.PERIOD_MICROS;
        double cpus = Math.max(host.path("NanoCpus").asLong(0) / 1e9, (double) host.path("CpuQuota").asLong(0) / period);
        if (cpus > processors) {
            throw new DockerFailure(400, "range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available".formatted(processors, processors));
        }
        if (memoryBytes > 0 && host.path("Memory").asLong(0) > memoryBytes) {
            throw new DockerFailure(400, "--memory " + (host.path("Memory").asLong(0) >> 20) + "m cannot be had: the host has " + (memoryBytes >> 20) + "m in all; ask for less");
        }
    }

    static List<ContainerRequest.Rlimit> rlimits(JsonNode host) {
        List<ContainerRequest.Rlimit> limits = new ArrayList<>();
        for (JsonNode asked : host.path("Ulimits")) {
            String name = asked.path("Name").asString("");
            int number = RESOURCES.indexOf(name);
            long soft = asked.path("Soft").asLong(0);
            long hard = asked.path("Hard").asLong(0);
            if (number < 0 || soft < -1 || hard < -1) {
                throw new DockerFailure(400, "invalid ulimit " + name + ": there are " + String.join(", ", RESOURCES) + ", from -1 (none) on");
            }
            if (hard != -1 && (soft == -1 || soft > hard)) {
                throw new DockerFailure(400, "ulimit soft limit must be less than or equal to hard limit: " + name + " " + soft + " > " + hard);
            }
            limits.add(new ContainerRequest.Rlimit(number, soft, hard));
        }
        return limits;
    }

    static List<Long> groups(JsonNode host) {
        return Wish.texts(host.path("GroupAdd")).stream().map(group -> {
            if (!group.matches("[0-9]{1,10}") || Long.parseLong(group) > 0xFFFF_FFFEL) {
                throw DockerFailure.later("--group-add " + group + " cannot be had: groups are given by number so far");
            }
            return Long.parseLong(group);
        }).toList();
    }

    /// Settings of the container's own kernel, so any of them.
    static Map<String, String> sysctls(JsonNode host) {
        Map<String, String> settings = new LinkedHashMap<>();
        host.path("Sysctls").properties().forEach(setting -> {
            if (!setting.getKey().matches("[A-Za-z0-9_/.-]{1,256}") || setting.getKey().contains("..")) {
                throw new DockerFailure(400, "invalid sysctl name: " + setting.getKey());
            }
            settings.put(setting.getKey(), setting.getValue().asString(""));
        });
        return settings;
    }

    /// The file was read by the client; its content is in the request.
    static Seccomp seccomp(JsonNode host) {
        Seccomp filter = Seccomp.RUNTIME_DEFAULT;
        for (String option : Wish.texts(host.path("SecurityOpt"))) {
            if (option.startsWith(SECCOMP + "=") || option.startsWith(SECCOMP + ":")) {
                String value = option.substring(SECCOMP.length() + 1).strip();
                filter = switch (value) {
                    case "unconfined" -> Seccomp.UNCONFINED;
                    case "builtin", "runtime/default", "" -> Seccomp.RUNTIME_DEFAULT;
                    default -> {
                        if (!value.startsWith("{")) {
                            throw new DockerFailure(400, "the seccomp profile is neither `unconfined`, `builtin` nor a JSON object");
                        }
                        yield new Seccomp.Custom("of the client", value.getBytes(StandardCharsets.UTF_8));
                    }
                };
            }
        }
        return filter;
    }

    /// What the client says of paths in `/proc` and `/sys`, or else the ordinary ones; an empty list says none.
    static List<String> paths(JsonNode host, String field, List<String> ordinary) {
        return host.path(field).isArray() ? Wish.texts(host.path(field)) : ordinary;
    }
}
