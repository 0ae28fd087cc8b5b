package io.hypernetes.controllers.endpoints;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.Service;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.pods.PodState;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Since when what is written of a Service was due, by which one can measure how long the network takes to follow: when the first of its pods
/// that changed since the last look became ready or ceased to be, as upstream's endpointslice/util/trigger_time_tracker.go has it. Thread-safe
/// for different Services.
final class TriggerTimes {
    private static final String ANNOTATION = "endpoints.kubernetes.io/last-change-trigger-time";

    private final Map<ObjectKey, Seen> seen = new ConcurrentHashMap<>();

    /// Times are of whole seconds, as those of objects are.
    ///
    /// @param pods by name, when each last became ready or ceased to be
    /// @param due since when something is that is not written yet; null for nothing
    private record Seen(Instant service, Map<String, Instant> pods, @Nullable Instant due) {}

    /// What made a change due; null when nothing did that is known, and the Service's creation when it is seen for the first time. It is due
    /// until [#written].
    @Nullable Instant look(ObjectKey key, Service service, List<Pod> pods) {
        Instant created = time(service.getMetadata().getCreationTimestamp()).orElse(Instant.EPOCH);
        Map<String, Instant> times = new HashMap<>();
        for (Pod pod : pods) {
            PodCondition ready = PodState.condition(pod, "Ready");
            time(ready == null ? null : ready.getLastTransitionTime()).ifPresent(at -> times.put(pod.getMetadata().getName(), at));
        }
        Seen before = seen.get(key);
        Instant due = before == null ? created : due(before, created, times);
        seen.put(key, new Seen(created, Map.copyOf(times), due));
        return due;
    }

    /// What was due when it was last looked is written, or was so already.
    void written(ObjectKey key) {
        seen.computeIfPresent(key, (same, now) -> new Seen(now.service, now.pods, null));
    }

    private static @Nullable Instant due(Seen before, Instant created, Map<String, Instant> times) {
        Instant first = created.isAfter(before.service) ? created : before.due;
        for (Map.Entry<String, Instant> pod : times.entrySet()) {
            Instant last = before.pods.get(pod.getKey());
            if ((last == null || pod.getValue().isAfter(last)) && (first == null || pod.getValue().isBefore(first))) {
                first = pod.getValue();
            }
        }
        return first;
    }

    void forget(ObjectKey key) {
        seen.remove(key);
    }

    /// The annotations of what is written now.
    static Map<String, String> noted(@Nullable Map<String, String> annotations, @Nullable Instant trigger) {
        Map<String, String> noted = new HashMap<>(annotations == null ? Map.of() : annotations);
        if (trigger == null) {
            noted.remove(ANNOTATION);
        } else {
            noted.put(ANNOTATION, trigger.toString());
        }
        return noted;
    }

    private static Optional<Instant> time(@Nullable String text) {
        return PodState.time(text).map(at -> at.truncatedTo(ChronoUnit.SECONDS));
    }
}
