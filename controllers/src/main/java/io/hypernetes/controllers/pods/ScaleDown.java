package io.hypernetes.controllers.pods;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Which pods to lose first: those that do the least, cost the least to delete, share their node with the most of their kind, and are the
/// youngest. Ages are compared by powers of two, so that among pods of about the same age the choice is as good as random.
public final class ScaleDown {
    private static final String COST = "controller.kubernetes.io/pod-deletion-cost";

    private ScaleDown() {}

    /// The `count` pods to delete.
    ///
    /// @param related what counts as of their kind, themselves included
    public static List<Pod> first(int count, List<Pod> pods, List<Pod> related, Instant now) {
        if (count >= pods.size()) {
            return pods;
        }
        Map<String, Integer> perNode = new HashMap<>();
        for (Pod pod : related) {
            if (PodState.isActive(pod)) {
                perNode.merge(PodState.node(pod), 1, Integer::sum);
            }
        }
        return pods.stream().sorted(order(perNode, now)).limit(count).toList();
    }

    static Comparator<Pod> order(Map<String, Integer> perNode, Instant now) {
        return Comparator.<Pod, Boolean>comparing(pod -> !PodState.node(pod).isEmpty())
                .thenComparing(pod -> List.of("Pending", "Unknown", "Running").indexOf(PodState.phase(pod)))
                .thenComparing(PodState::isReady)
                .thenComparing(ScaleDown::cost)
                .thenComparing(pod -> -perNode.getOrDefault(PodState.node(pod), 0))
                .thenComparing(pod -> magnitude(PodState.readySince(pod).orElse(now), now))
                .thenComparing(pod -> -PodState.restarts(pod))
                .thenComparing(pod -> magnitude(PodState.time(pod.getMetadata().getCreationTimestamp()).orElse(now), now))
                .thenComparing(pod -> String.valueOf(pod.getMetadata().getUid()));
    }

    private static int cost(Pod pod) {
        Map<String, String> annotations = pod.getMetadata().getAnnotations();
        String cost = annotations == null ? null : annotations.get(COST);
        try {
            return cost == null ? 0 : Integer.parseInt(cost);
        } catch (NumberFormatException malformed) {
            return 0;
        }
    }

    private static int magnitude(Instant since, Instant now) {
        long seconds = Math.max(0, Duration.between(since, now).toSeconds());
        return 64 - Long.numberOfLeadingZeros(seconds);
    }
}
