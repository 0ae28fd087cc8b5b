package io.hypernetes.controllers.pods;

import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a controller asks about a pod.
public final class PodState {
    private static final Instant FIRST = Instant.parse("0000-01-01T00:00:00Z"), LAST = Instant.parse("9999-12-31T23:59:59.999999999Z");

    private PodState() {}

    /// The phase; `Pending` when nobody has written one yet.
    public static String phase(Pod pod) {
        String phase = pod.getStatus() == null ? null : pod.getStatus().getPhase();
        return phase == null || phase.isEmpty() ? "Pending" : phase;
    }

    /// Whether it succeeded or failed, for good.
    public static boolean isEnded(Pod pod) {
        String phase = phase(pod);
        return phase.equals("Succeeded") || phase.equals("Failed");
    }

    /// Whether somebody asked for its deletion.
    public static boolean isTerminating(Pod pod) {
        return pod.getMetadata().getDeletionTimestamp() != null;
    }

    /// Neither ended nor being deleted.
    public static boolean isActive(Pod pod) {
        return !isEnded(pod) && !isTerminating(pod);
    }

    /// Whether its Ready condition holds.
    public static boolean isReady(Pod pod) {
        PodCondition ready = condition(pod, "Ready");
        return ready != null && "True".equals(ready.getStatus());
    }

    /// Since when it is ready; empty when it is not.
    public static Optional<Instant> readySince(Pod pod) {
        PodCondition ready = condition(pod, "Ready");
        return ready == null || !"True".equals(ready.getStatus()) ? Optional.empty() : time(ready.getLastTransitionTime());
    }

    /// Whether it has been ready for long enough.
    public static boolean isAvailable(Pod pod, int minReadySeconds, Instant now) {
        return isReady(pod) && (minReadySeconds == 0 || untilAvailable(pod, minReadySeconds, now).map(Duration::isZero).orElse(false));
    }

    /// How long a ready pod still takes to count as available: zero when it is; empty when it is not ready.
    public static Optional<Duration> untilAvailable(Pod pod, int minReadySeconds, Instant now) {
        return readySince(pod).map(since -> {
            Duration left = Duration.between(now, since.plusSeconds(minReadySeconds));
            return left.isNegative() ? Duration.ZERO : left;
        });
    }

    /// One of its conditions; null when it has none of this type.
    public static @Nullable PodCondition condition(Pod pod, String type) {
        if (pod.getStatus() != null && pod.getStatus().getConditions() != null) {
            for (PodCondition condition : pod.getStatus().getConditions()) {
                if (type.equals(condition.getType())) {
                    return condition;
                }
            }
        }
        return null;
    }

    /// The most restarts of one of its containers.
    public static int restarts(Pod pod) {
        return pod.getStatus() == null || pod.getStatus().getContainerStatuses() == null
                ? 0
                : pod.getStatus().getContainerStatuses().stream()
                        .map(ContainerStatus::getRestartCount)
                        .mapToInt(count -> count == null ? 0 : count)
                        .max()
                        .orElse(0);
    }

    /// The name of its node; empty while it has none.
    public static String node(Pod pod) {
        String node = pod.getSpec() == null ? null : pod.getSpec().getNodeName();
        return node == null ? "" : node;
    }

    /// A time of the API; empty when it is absent, malformed, or of a year that has not four digits: whoever may write it could choose one past which there is none.
    public static Optional<Instant> time(@Nullable String text) {
        try {
            return Optional.ofNullable(text).filter(any -> !any.isEmpty()).map(Instant::parse).filter(time -> !time.isBefore(FIRST) && !time.isAfter(LAST));
        } catch (DateTimeParseException malformed) {
            return Optional.empty();
        }
    }
}
