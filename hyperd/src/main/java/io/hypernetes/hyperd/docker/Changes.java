package io.hypernetes.hyperd.docker;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What `docker update` changes of a container.
final class Changes {
    private static final List<String> RESOURCES = List.of("Memory", "NanoCpus", "CpuQuota", "CpuPeriod", "CpuShares");

    private Changes() {}

    static boolean ofResources(JsonNode asked) {
        return RESOURCES.stream().anyMatch(name -> asked.path(name).asLong(0) > 0);
    }

    private static ObjectNode body(JsonNode host) {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.set("HostConfig", host);
        return body;
    }

    /// @throws DockerFailure 400 or 501 for what cannot be changed
    static JsonNode applied(JsonNode host, JsonNode asked) {
        Unanswered.refuse(body(asked));
        if (asked.path("PidsLimit").asLong(0) != 0) {
            throw DockerFailure.later("--pids-limit of a container that is there cannot be changed yet");
        }
        ObjectNode next = (ObjectNode) host.deepCopy();
        for (String name : RESOURCES) {
            long value = asked.path(name).asLong(0);
            if (value < 0) {
                throw new DockerFailure(400, name + " must not be negative");
            }
            if (value > 0) {
                next.put(name, value);
            }
        }
        // The one rules out the other.
        if (asked.path("NanoCpus").asLong(0) > 0) {
            next.remove(List.of("CpuQuota", "CpuPeriod"));
        } else if (asked.path("CpuQuota").asLong(0) > 0) {
            next.remove("NanoCpus");
        }
        Limits.checkHost(next);
        if (!asked.path("RestartPolicy").path("Name").asString("").isEmpty()) {
            RestartPolicy policy = RestartPolicy.of(asked);
            if (host.path("AutoRemove").asBoolean(false) && !policy.name().equals("no")) {
                throw new DockerFailure(400, "Restart policy cannot be updated because AutoRemove is enabled for the container");
            }
            next.set("RestartPolicy", asked.path("RestartPolicy"));
        }
        return next;
    }
}
