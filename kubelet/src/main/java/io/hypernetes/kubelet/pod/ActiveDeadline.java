package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// When a pod has been active for as long as its `activeDeadlineSeconds` allow.
final class ActiveDeadline {
    private ActiveDeadline() {}

    private static Optional<Instant> of(Pod pod) {
        Long seconds = pod.getSpec().getActiveDeadlineSeconds();
        String start = pod.getStatus() == null ? null : pod.getStatus().getStartTime();
        if (seconds == null || start == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(Instant.parse(start).plusSeconds(seconds));
        } catch (DateTimeException | ArithmeticException never) {
            // Whoever may write the status may write a time from which there is none so far away; its pod must be looked after all the same.
            return Optional.empty();
        }
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
