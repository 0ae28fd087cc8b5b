package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.hypernetes.objects.Json;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// What events tell of the resizes of one pod: who watches them reads what was wanted from their JSON, as upstream's kubelet writes it
/// (pkg/kubelet/events). That a resize began and that it was completed is told once of each generation. Used by the pod's own thread.
final class ResizeEvents {
    private final PodEvents events;
    /// The generation of which the API has been told that its resize began, until it is completed.
    private @Nullable Long begun;

    ResizeEvents(PodEvents events) {
        this.events = events;
    }

    /// The API was told that it began by an earlier kubelet.
    void goesOn(Pod pod, @Nullable Long generation) {
        begun = generation == null ? generation(pod) : generation;
    }

    /// The runtime gave something, or what is to be started anew is being ended.
    void began(Pod pod) {
        long generation = generation(pod);
        if (begun == null || begun != generation) {
            begun = generation;
            events.normal(pod, "ResizeStarted", "Pod resize started: " + summary(pod, generation, ""));
        }
    }

    /// All containers have what is asked for them, whether or not that was otherwise before.
    void completed(Pod pod) {
        if (begun != null) {
            events.normal(pod, "ResizeCompleted", "Pod resize completed: " + summary(pod, begun, ""));
            begun = null;
        }
    }

    /// @param reason `Deferred` or `Infeasible`
    void pending(Pod pod, String reason, String why) {
        events.warning(pod, "Resize" + reason, "Pod resize " + reason + ": " + summary(pod, generation(pod), why));
    }

    /// It was granted, and the runtime failed to do it.
    void failed(Pod pod, String why) {
        events.warning(pod, "ResizeError", "Pod resize error: " + summary(pod, generation(pod), why));
    }

    private static long generation(Pod pod) {
        Long generation = pod.getMetadata().getGeneration();
        return generation == null ? 0 : generation;
    }

    private static String summary(Pod pod, long generation, String error) {
        ObjectNode summary = Json.object();
        add(summary, "initContainers", pod.getSpec().getInitContainers());
        add(summary, "containers", pod.getSpec().getContainers());
        summary.put("generation", generation);
        if (!error.isEmpty()) {
            summary.put("error", error);
        }
        return Json.print(summary);
    }

    private static void add(ObjectNode summary, String name, List<Container> containers) {
        if (containers.isEmpty()) {
            return;
        }
        var list = summary.putArray(name);
        for (Container container : containers) {
            ObjectNode one = list.addObject().put("name", container.getName());
            ObjectNode resources = one.putObject("resources");
            ResourceRequirements wanted = container.getResources();
            if (wanted != null) {
                add(resources, "limits", wanted.getLimits());
                add(resources, "requests", wanted.getRequests());
            }
        }
    }

    private static void add(ObjectNode resources, String name, @Nullable Map<String, Quantity> amounts) {
        if (amounts != null && !amounts.isEmpty()) {
            ObjectNode shown = resources.putObject(name);
            new TreeMap<>(amounts).forEach((resource, amount) -> shown.put(resource, amount.toString()));
        }
    }
}
