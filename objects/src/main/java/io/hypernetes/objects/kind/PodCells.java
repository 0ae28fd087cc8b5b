package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The row of a pod in `kubectl get pods`. One use each.
final class PodCells {
    static final List<Column> COLUMNS = List.of(
            Column.name("Name must be unique within a namespace."),
            Column.of("Ready", "How many containers of the pod are ready, of how many."),
            Column.of("Status", "The state of the pod as a whole, and why."),
            Column.of("Restarts", "How often containers of the pod were restarted, and when last."),
            Column.of("Age", "The time since the pod was created."),
            Column.wide("IP", "The address of the pod."),
            Column.wide("Node", "The node that the pod runs on."),
            Column.wide("Nominated Node", "The node that the pod may run on once others are gone."),
            Column.wide("Readiness Gates", "How many conditions that readiness waits for hold, of how many."));

    private final ObjectNode pod;
    private final JsonNode spec;
    private final JsonNode status;
    private final Instant now;
    private final Set<String> sidecars = new HashSet<>();
    private String reason;
    private long ready;
    private long restarts;
    private long sidecarRestarts;
    private @Nullable Instant lastRestart;
    private @Nullable Instant lastSidecarRestart;

    PodCells(ObjectNode pod, Instant now) {
        this.pod = pod;
        this.now = now;
        this.spec = pod.path("spec");
        this.status = pod.path("status");
        this.reason = Json.string(status, "phase");
        for (ObjectNode c : Json.objects(spec, "initContainers")) {
            if (Json.string(c, "restartPolicy").equals("Always")) {
                sidecars.add(Json.string(c, "name"));
            }
        }
    }

    /// Whether a pod is over, for clients that show such rows apart.
    static List<ObjectNode> conditions(String phase) {
        String message = switch (phase) {
            case "Succeeded" -> "The pod has completed successfully.";
            case "Failed" -> "The pod failed.";
            default -> "";
        };
        return message.isEmpty()
                ? List.of()
                : List.of(Json.object().put("type", "Completed").put("status", "True").put("reason", phase).put("message", message));
    }

    List<JsonNode> cells() {
        if (!Json.string(status, "reason").isEmpty()) {
            reason = Json.string(status, "reason");
        }
        if (Json.string(condition("PodScheduled"), "reason").equals("SchedulingGated")) {
            reason = "SchedulingGated";
        }
        boolean initializing = initContainers();
        if (!initializing || isTrue("Initialized")) {
            containers();
        }
        String phase = Json.string(status, "phase");
        if (Json.present(pod.path("metadata").get("deletionTimestamp"))) {
            if (Json.string(status, "reason").equals("NodeLost")) {
                reason = "Unknown";
            } else if (!phase.equals("Succeeded") && !phase.equals("Failed")) {
                reason = "Terminating";
            }
        }
        int total = Json.objects(spec, "containers").size() + sidecars.size();
        String restarted = Long.toString(restarts);
        if (restarts != 0 && lastRestart != null) {
            restarted += " (" + ApiTime.age(lastRestart, now) + " ago)";
        }
        return List.of(
                KindRules.Cells.name(pod),
                Json.text(ready + "/" + total),
                Json.text(reason),
                Json.text(restarted),
                KindRules.Cells.age(pod, now),
                KindRules.Cells.orNone(address()),
                KindRules.Cells.orNone(Json.string(spec, "nodeName")),
                KindRules.Cells.orNone(Json.string(status, "nominatedNodeName")),
                Json.text(readinessGates()));
    }

    /// Whether the pod is still in its init containers.
    private boolean initContainers() {
        List<ObjectNode> statuses = Json.objects(status, "initContainerStatuses");
        int total = Json.objects(spec, "initContainers").size();
        for (int i = 0; i < statuses.size(); i++) {
            ObjectNode container = statuses.get(i);
            long count = Json.number(container, 0, "restartCount");
            Instant last = ApiTime.at(container, "lastState", "terminated", "finishedAt");
            restarts += count;
            lastRestart = latest(lastRestart, last);
            boolean sidecar = sidecars.contains(Json.string(container, "name"));
            if (sidecar) {
                sidecarRestarts += count;
                lastSidecarRestart = latest(lastSidecarRestart, last);
            }
            JsonNode terminated = container.path("state").path("terminated");
            JsonNode waiting = container.path("state").path("waiting");
            if (terminated.isObject() && Json.number(terminated, 0, "exitCode") == 0) {
                continue;
            }
            if (sidecar && Json.flag(container, "started")) {
                ready += Json.flag(container, "ready") ? 1 : 0;
                continue;
            }
            String waitingFor = Json.string(waiting, "reason");
            if (terminated.isObject()) {
                reason = "Init:" + terminationReason(terminated);
            } else if (!waitingFor.isEmpty() && !waitingFor.equals("PodInitializing")) {
                reason = "Init:" + waitingFor;
            } else {
                reason = "Init:" + i + "/" + total;
            }
            return true;
        }
        return false;
    }

    private void containers() {
        restarts = sidecarRestarts;
        lastRestart = lastSidecarRestart;
        boolean running = false;
        // Backwards, so that the first container with something to say has the last word.
        for (ObjectNode container : Json.objects(status, "containerStatuses").reversed()) {
            restarts += Json.number(container, 0, "restartCount");
            lastRestart = latest(lastRestart, ApiTime.at(container, "lastState", "terminated", "finishedAt"));
            JsonNode state = container.path("state");
            String waitingFor = Json.string(state, "waiting", "reason");
            if (!waitingFor.isEmpty()) {
                reason = waitingFor;
            } else if (state.path("terminated").isObject()) {
                reason = terminationReason(state.path("terminated"));
            } else if (Json.flag(container, "ready") && state.path("running").isObject()) {
                running = true;
                ready++;
            }
        }
        if (reason.equals("Completed") && running) {
            reason = isTrue("Ready") ? "Running" : "NotReady";
        }
    }

    private static String terminationReason(JsonNode terminated) {
        String given = Json.string(terminated, "reason");
        if (!given.isEmpty()) {
            return given;
        }
        long signal = Json.number(terminated, 0, "signal");
        return signal != 0 ? "Signal:" + signal : "ExitCode:" + Json.number(terminated, 0, "exitCode");
    }

    private String address() {
        String first = Json.string(status.path("podIPs").path(0), "ip");
        return first.isEmpty() ? Json.string(status, "podIP") : first;
    }

    private String readinessGates() {
        List<ObjectNode> gates = Json.objects(spec, "readinessGates");
        if (gates.isEmpty()) {
            return "<none>";
        }
        long open = gates.stream().filter(g -> isTrue(Json.string(g, "conditionType"))).count();
        return open + "/" + gates.size();
    }

    private JsonNode condition(String type) {
        for (ObjectNode condition : Json.objects(status, "conditions")) {
            if (Json.string(condition, "type").equals(type)) {
                return condition;
            }
        }
        return Json.object();
    }

    private boolean isTrue(String conditionType) {
        return Json.string(condition(conditionType), "status").equals("True");
    }

    private static @Nullable Instant latest(@Nullable Instant a, @Nullable Instant b) {
        return a == null ? b : b == null || a.isAfter(b) ? a : b;
    }
}
