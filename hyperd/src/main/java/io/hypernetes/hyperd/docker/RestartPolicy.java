package io.hypernetes.hyperd.docker;

import java.time.Duration;
import tools.jackson.databind.JsonNode;

/// When an ended container is started again.
///
/// @param name `no`, `always`, `unless-stopped`, `on-failure`
/// @param most restarts after a failure, 0 for any number
record RestartPolicy(String name, int most) {
    private static final long FIRST_MILLIS = 100;
    private static final long LONGEST_MILLIS = 60_000;

    static RestartPolicy of(JsonNode hostConfig) {
        JsonNode policy = hostConfig.path("RestartPolicy");
        String name = policy.path("Name").asString("");
        RestartPolicy read = new RestartPolicy(name.isEmpty() ? "no" : name, policy.path("MaximumRetryCount").asInt(0));
        if (!java.util.Set.of("no", "always", "unless-stopped", "on-failure").contains(read.name)) {
            throw new DockerFailure(400, "invalid restart policy: unknown policy '" + name + "'; use one of no, always, on-failure, unless-stopped");
        }
        return read;
    }

    boolean again(int exitCode, boolean stopped, int restarts) {
        return !stopped && switch (name) {
            case "always", "unless-stopped" -> true;
            case "on-failure" -> exitCode != 0 && (most == 0 || restarts < most);
            default -> false;
        };
    }

    /// How long to wait before restart number `restarts` (from 0): doubling, a minute at most.
    static Duration pause(int restarts) {
        return Duration.ofMillis(Math.min(LONGEST_MILLIS, FIRST_MILLIS << Math.min(restarts, 20)));
    }
}
