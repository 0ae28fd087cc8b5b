package io.hypernetes.controllers.deployment;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import io.fabric8.kubernetes.api.model.apps.DeploymentConditionBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetCondition;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/// The status of a Deployment: counts, and how its rollout goes.
final class Progress {
    static final String PROGRESSING = "Progressing";
    static final String AVAILABLE = "Available";
    static final String FAILURE = "ReplicaFailure";
    static final String DONE = "NewReplicaSetAvailable";
    static final String TIMED_OUT = "ProgressDeadlineExceeded";
    static final String PAUSED = "DeploymentPaused";
    static final String RESUMED = "DeploymentResumed";

    private Progress() {}

    /// Counts and the condition Available; other conditions are as before.
    static DeploymentStatus counted(Deployment deployment, List<ReplicaSet> all, Optional<ReplicaSet> present, Sizes sizes, Instant now) {
        int available = sum(all, set -> Sizes.available(set));
        int replicas = sum(all, set -> set.getStatus() == null ? 0 : orZero(set.getStatus().getReplicas()));
        int updated = present.map(set -> set.getStatus() == null ? 0 : orZero(set.getStatus().getReplicas())).orElse(0);
        int ready = sum(all, set -> set.getStatus() == null ? 0 : orZero(set.getStatus().getReadyReplicas()));
        int terminating = sum(all, set -> set.getStatus() == null ? 0 : orZero(set.getStatus().getTerminatingReplicas()));
        int unavailable = Math.max(0, Sizes.specified(all) - available);
        DeploymentStatus before = deployment.getStatus() == null ? new DeploymentStatus() : deployment.getStatus();
        DeploymentStatus status = new DeploymentStatusBuilder(before)
                .withObservedGeneration(deployment.getMetadata().getGeneration())
                .withReplicas(orNull(replicas))
                .withUpdatedReplicas(orNull(updated))
                .withReadyReplicas(orNull(ready))
                .withAvailableReplicas(orNull(available))
                .withUnavailableReplicas(orNull(unavailable))
                .withTerminatingReplicas(terminating)
                .build();
        boolean enough = available >= sizes.minAvailable();
        set(status, AVAILABLE, enough ? "True" : "False",
                enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", now);
        return status;
    }

    /// Adds what the rollout came to: whether it goes on, is whole, or takes too long.
    static void judge(
            Deployment deployment, DeploymentStatus status, List<ReplicaSet> all, Optional<ReplicaSet> present, Sizes sizes, Instant now) {
        Integer deadline = deployment.getSpec().getProgressDeadlineSeconds();
        if (!hasDeadline(deadline)) {
            remove(status, PROGRESSING);
        }
        DeploymentCondition current = condition(deployment.getStatus(), PROGRESSING);
        boolean was = orZero(status.getReplicas()) == orZero(status.getUpdatedReplicas()) && current != null && DONE.equals(current.getReason());
        if (hasDeadline(deadline) && !was) {
            String what = present
                    .map(set -> "ReplicaSet \"" + set.getMetadata().getName() + "\"")
                    .orElse("Deployment \"" + deployment.getMetadata().getName() + "\"");
            if (isComplete(deployment, status, sizes)) {
                set(status, PROGRESSING, "True", DONE, what + " has successfully progressed.", now);
            } else if (moved(deployment.getStatus(), status)) {
                // The time of the last update is what the deadline counts from, so it is new each time.
                String transition = current != null && "True".equals(current.getStatus()) ? current.getLastTransitionTime() : text(now);
                remove(status, PROGRESSING);
                add(status, PROGRESSING, "True", "ReplicaSetUpdated", what + " is progressing.", text(now), transition);
            } else if (isTimedOut(deployment, status, sizes, now)) {
                set(status, PROGRESSING, "False", TIMED_OUT, what + " has timed out progressing.", now);
            }
        }
        Optional<ReplicaSetCondition> failure = all.stream()
                .filter(set -> set.getStatus() != null && set.getStatus().getConditions() != null)
                .sorted((one, other) -> Boolean.compare(present.stream().anyMatch(other::equals), present.stream().anyMatch(one::equals)))
                .flatMap(set -> set.getStatus().getConditions().stream())
                .filter(condition -> FAILURE.equals(condition.getType()))
                .findFirst();
        if (failure.isPresent()) {
            set(status, FAILURE, failure.get().getStatus(), failure.get().getReason(), String.valueOf(failure.get().getMessage()), now);
        } else {
            remove(status, FAILURE);
        }
    }

    /// When the deadline of a rollout that stands still will have passed.
    static Optional<Duration> untilDeadline(Deployment deployment, DeploymentStatus status, Sizes sizes, Instant now) {
        Integer deadline = deployment.getSpec().getProgressDeadlineSeconds();
        DeploymentCondition current = condition(status, PROGRESSING);
        if (!hasDeadline(deadline) || current == null || isComplete(deployment, status, sizes) || TIMED_OUT.equals(current.getReason())) {
            return Optional.empty();
        }
        return PodState.time(current.getLastUpdateTime())
                .map(since -> Duration.between(now, since.plusSeconds(deadline + 1)))
                .map(left -> left.isPositive() ? left : Duration.ofSeconds(1));
    }

    static boolean isComplete(Deployment deployment, DeploymentStatus status, Sizes sizes) {
        return orZero(status.getUpdatedReplicas()) == sizes.wanted()
                && orZero(status.getReplicas()) == sizes.wanted()
                && orZero(status.getAvailableReplicas()) == sizes.wanted()
                && status.getObservedGeneration() != null
                && status.getObservedGeneration() >= orZero(deployment.getMetadata().getGeneration());
    }

    static boolean hasDeadline(@Nullable Integer seconds) {
        return seconds != null && seconds != Integer.MAX_VALUE;
    }

    private static boolean moved(@Nullable DeploymentStatus before, DeploymentStatus now) {
        DeploymentStatus old = before == null ? new DeploymentStatus() : before;
        return orZero(now.getUpdatedReplicas()) > orZero(old.getUpdatedReplicas())
                || orZero(now.getReplicas()) - orZero(now.getUpdatedReplicas())
                        < orZero(old.getReplicas()) - orZero(old.getUpdatedReplicas())
                || orZero(now.getReadyReplicas()) > orZero(old.getReadyReplicas())
                || orZero(now.getAvailableReplicas()) > orZero(old.getAvailableReplicas());
    }

    private static boolean isTimedOut(Deployment deployment, DeploymentStatus status, Sizes sizes, Instant now) {
        DeploymentCondition current = condition(status, PROGRESSING);
        Integer deadline = deployment.getSpec().getProgressDeadlineSeconds();
        if (current == null || deadline == null || DONE.equals(current.getReason())) {
            return false;
        }
        if (TIMED_OUT.equals(current.getReason())) {
            return true;
        }
        return PodState.time(current.getLastUpdateTime()).map(since -> since.plusSeconds(deadline).isBefore(now)).orElse(false);
    }

    static @Nullable DeploymentCondition condition(@Nullable DeploymentStatus status, String type) {
        if (status != null && status.getConditions() != null) {
            for (DeploymentCondition condition : status.getConditions()) {
                if (type.equals(condition.getType())) {
                    return condition;
                }
            }
        }
        return null;
    }

    /// Sets a condition unless it says the same already; its transition time changes with its status only.
    static void set(DeploymentStatus status, String type, String value, String reason, String message, Instant now) {
        DeploymentCondition current = condition(status, type);
        if (current != null && value.equals(current.getStatus()) && Objects.equals(reason, current.getReason())) {
            return;
        }
        String transition = current != null && value.equals(current.getStatus()) ? current.getLastTransitionTime() : text(now);
        remove(status, type);
        add(status, type, value, reason, message, text(now), transition);
    }

    private static void add(
            DeploymentStatus status, String type, String value, String reason, String message, String updated, String transition) {
        List<DeploymentCondition> conditions = new ArrayList<>(status.getConditions());
        conditions.add(new DeploymentConditionBuilder()
                .withType(type)
                .withStatus(value)
                .withReason(reason)
                .withMessage(message)
                .withLastUpdateTime(updated)
                .withLastTransitionTime(transition)
                .build());
        status.setConditions(conditions);
    }

    private static void remove(DeploymentStatus status, String type) {
        status.setConditions(status.getConditions() == null
                ? List.of()
                : status.getConditions().stream().filter(condition -> !type.equals(condition.getType())).toList());
    }

    private static String text(Instant now) {
        return now.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private static int sum(List<ReplicaSet> sets, ToIntFunction<ReplicaSet> count) {
        return sets.stream().mapToInt(count).sum();
    }

    private static @Nullable Integer orNull(int count) {
        return count == 0 ? null : count;
    }

    private static int orZero(@Nullable Integer count) {
        return count == null ? 0 : count;
    }

    private static long orZero(@Nullable Long count) {
        return count == null ? 0 : count;
    }
}
