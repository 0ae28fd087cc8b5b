package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// When a pod has been active for as long as its `activeDeadlineSeconds` allow.
final class ActiveDeadline {
    private ActiveDeadline() {}

    private static Optional<Instant> of(Pod pod) {
        Long seconds = pod.getSpec().getActiveDeadlineSeconds();
        String start = pod.getStatus() == null ? null : pod.getStatus().getStartTime();
        return seconds == null || start == null ? Optional.empty() : Optional.of(Instant.parse(start).plusSeconds(seconds));
    }

    static boolean isPast(Pod pod, Instant now) {
        return of(pod).map(end -> end.isBefore(now)).orElse(false);
    }

    /// The pause, or less if the time is over before: nothing else wakes a pod's worker then.
    static Duration cut(Duration pause, Pod pod, Instant now) {
        return of(pod).map(end -> Duration.between(now, end).plusMillis(1))
                .map(left -> left.isPositive() ? left : Duration.ofMillis(1))
                .filter(left -> left.compareTo(pause) < 0)
                .orElse(pause);
    }
}
