package io.hypernetes.hyperd.docker;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// How it is found out whether a container does its work.
///
/// @param command run in the container; exit code 0 says that it does
/// @param interval from the end of a check to the next
/// @param timeout after which a check is killed and has failed
/// @param startPeriod for which failures do not count, unless a check has succeeded
/// @param startInterval as `interval`, for that time
/// @param retries failures in a row that make it unhealthy
record HealthCheck(List<String> command, Duration interval, Duration timeout, Duration startPeriod, Duration startInterval, int retries) {
    private static final String NONE = "NONE";
    private static final List<String> TIMES = List.of("Interval", "Timeout", "StartPeriod", "StartInterval");
    private static final long LEAST_NANOS = 1_000_000;

    /// What the container's configuration says of it, taken together: the client's words first, the image's where it says nothing.
    ///
    /// @throws DockerFailure 400 for times and numbers that make no sense
    static JsonNode merged(JsonNode asked, JsonNode image) {
        ObjectNode merged = image.isObject() ? (ObjectNode) image.deepCopy() : JsonNodeFactory.instance.objectNode();
        if (!asked.path("Test").isEmpty()) {
            merged.set("Test", asked.path("Test"));
        }
        for (String time : TIMES) {
            long nanos = asked.path(time).asLong(0);
            if (nanos != 0 && nanos < LEAST_NANOS) {
                throw new DockerFailure(400, time + " in Healthcheck cannot be less than one millisecond");
            }
            if (nanos != 0) {
                merged.put(time, nanos);
            }
        }
        int retries = asked.path("Retries").asInt(0);
        if (retries < 0) {
            throw new DockerFailure(400, "Retries in Healthcheck cannot be negative");
        }
        if (retries != 0) {
            merged.put("Retries", retries);
        }
        if (merged.path("Test").isEmpty()) {
            merged.removeAll();
        } else {
            of(merged, List.of());
        }
        return merged;
    }

    /// The check of a container, if it has one.
    static Optional<HealthCheck> of(JsonNode config) {
        return of(config.path("Healthcheck"), Wish.texts(config.path("Shell")));
    }

    private static Optional<HealthCheck> of(JsonNode check, List<String> shell) {
        List<String> test = Wish.texts(check.path("Test"));
        if (test.isEmpty() || test.getFirst().equals(NONE)) {
            return Optional.empty();
        }
        List<String> command = switch (test.getFirst()) {
            case "CMD" -> test.subList(1, test.size());
            case "CMD-SHELL" -> {
                List<String> line = new ArrayList<>(shell.isEmpty() ? List.of("/bin/sh", "-c") : shell);
                line.addAll(test.subList(1, test.size()));
                yield line;
            }
            default -> throw new DockerFailure(400, "Unknown type '" + test.getFirst() + "' in HEALTHCHECK (try CMD or CMD-SHELL)");
        };
        if (test.size() < 2) {
            throw new DockerFailure(400, "Missing command in HEALTHCHECK " + test.getFirst());
        }
        int retries = check.path("Retries").asInt(0);
        return Optional.of(new HealthCheck(
                List.copyOf(command), time(check, "Interval", Duration.ofSeconds(30)), time(check, "Timeout", Duration.ofSeconds(30)),
                time(check, "StartPeriod", Duration.ZERO), time(check, "StartInterval", Duration.ofSeconds(5)), retries == 0 ? 3 : retries));
    }

    private static Duration time(JsonNode check, String name, Duration otherwise) {
        long nanos = check.path(name).asLong(0);
        return nanos == 0 ? otherwise : Duration.ofNanos(nanos);
    }
}
