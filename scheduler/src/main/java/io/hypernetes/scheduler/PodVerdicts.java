package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Writes into the status of pods what the scheduler decided about them.
final class PodVerdicts {
    private static final String PREEMPTION = "PreemptionByScheduler";

    private final Client client;
    private final InstantSource clock;

    PodVerdicts(Client client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    /// The pod has no node yet; nothing is written when its status says the same already.
    ///
    /// @param reason `Unschedulable` when it fits nowhere, `SchedulerError` when something failed on the way
    /// @param nominated where it will fit once others made way; empty for nowhere, null to leave what was said before
    void unscheduled(ObjectKey key, Pod seen, String reason, String message, @Nullable String nominated) {
        if (says(seen, condition(seen, "PodScheduled", "False", reason, message)) && (nominated == null || nominated.equals(nominatedOf(seen)))) {
            return;
        }
        client.of(Kind.POD).change(key, "status", pod -> {
            if (!Objects.equals(pod.getMetadata().getUid(), seen.getMetadata().getUid()) || !Scheduler.waits(pod)) {
                return null;
            }
            put(pod, condition(pod, "PodScheduled", "False", reason, message));
            if (nominated != null) {
                pod.getStatus().setNominatedNodeName(nominated.isEmpty() ? null : nominated);
            }
            if (pod.getStatus().getPhase() == null) {
                pod.getStatus().setPhase("Pending");
            }
            return pod;
        });
    }

    /// The pod makes way for another.
    void preempted(ObjectKey key, Pod seen) {
        client.of(Kind.POD).change(key, "status", pod -> {
            if (!Objects.equals(pod.getMetadata().getUid(), seen.getMetadata().getUid())) {
                return null;
            }
            put(pod, condition(pod, "DisruptionTarget", "True", PREEMPTION, Scheduler.NAME + ": preempting to accommodate a higher priority pod"));
            return pod;
        });
    }

    /// Whether the pod's status says that it makes way for another.
    static boolean isPreempted(Pod pod) {
        return conditions(pod).stream().anyMatch(condition ->
                condition.getType().equals("DisruptionTarget") && "True".equals(condition.getStatus()) && PREEMPTION.equals(condition.getReason()));
    }

    private PodCondition condition(Pod pod, String type, String status, String reason, String message) {
        return new PodConditionBuilder()
                .withType(type).withStatus(status).withReason(reason).withMessage(message)
                .withObservedGeneration(pod.getMetadata().getGeneration())
                .withLastTransitionTime(clock.instant().truncatedTo(ChronoUnit.SECONDS).toString())
                .build();
    }

    /// A condition that only changed its words has been what it is since it became so.
    private static void put(Pod pod, PodCondition wanted) {
        List<PodCondition> conditions = new ArrayList<>(conditions(pod));
        conditions.stream()
                .filter(condition -> condition.getType().equals(wanted.getType()) && wanted.getStatus().equals(condition.getStatus()) && condition.getLastTransitionTime() != null)
                .findFirst()
                .ifPresent(before -> wanted.setLastTransitionTime(before.getLastTransitionTime()));
        conditions.removeIf(condition -> condition.getType().equals(wanted.getType()));
        conditions.add(wanted);
        PodStatus status = pod.getStatus() == null ? new PodStatus() : pod.getStatus();
        status.setConditions(conditions);
        pod.setStatus(status);
    }

    private static List<PodCondition> conditions(Pod pod) {
        return pod.getStatus() == null || pod.getStatus().getConditions() == null ? List.of() : pod.getStatus().getConditions();
    }

    private static String nominatedOf(Pod pod) {
        return pod.getStatus() == null || pod.getStatus().getNominatedNodeName() == null ? "" : pod.getStatus().getNominatedNodeName();
    }

    private static boolean says(Pod pod, PodCondition wanted) {
        return conditions(pod).stream().anyMatch(condition ->
                condition.getType().equals(wanted.getType())
                        && wanted.getStatus().equals(condition.getStatus())
                        && Objects.equals(condition.getReason(), wanted.getReason())
                        && Objects.equals(condition.getMessage(), wanted.getMessage()));
    }
}
