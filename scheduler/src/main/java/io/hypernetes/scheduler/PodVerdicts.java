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
    private final Client client;
    private final InstantSource clock;

    PodVerdicts(Client client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    /// The pod fits nowhere now, and on `nominated` once others made way; nothing is written when its status says the same already.
    void unschedulable(ObjectKey key, Pod seen, String message, @Nullable String nominated) {
        PodCondition wanted = condition("PodScheduled", "False", "Unschedulable", message);
        boolean told = says(seen, wanted) && (nominated == null || nominated.equals(nominatedOf(seen)));
        if (told) {
            return;
        }
        client.of(Kind.POD).change(key, "status", pod -> {
            if (!Objects.equals(pod.getMetadata().getUid(), seen.getMetadata().getUid()) || !Scheduler.waits(pod)) {
                return null;
            }
            put(pod, wanted);
            if (nominated != null) {
                pod.getStatus().setNominatedNodeName(nominated);
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
            put(pod, condition("DisruptionTarget", "True", "PreemptionByScheduler", Scheduler.NAME + ": preempting to accommodate a higher priority pod"));
            return pod;
        });
    }

    private PodCondition condition(String type, String status, String reason, String message) {
        return new PodConditionBuilder()
                .withType(type).withStatus(status).withReason(reason).withMessage(message)
                .withLastTransitionTime(clock.instant().truncatedTo(ChronoUnit.SECONDS).toString())
                .build();
    }

    private static void put(Pod pod, PodCondition wanted) {
        PodStatus status = pod.getStatus() == null ? new PodStatus() : pod.getStatus();
        List<PodCondition> conditions = new ArrayList<>(status.getConditions() == null ? List.of() : status.getConditions());
        conditions.removeIf(condition -> condition.getType().equals(wanted.getType()));
        conditions.add(wanted);
        status.setConditions(conditions);
        pod.setStatus(status);
    }

    private static @Nullable String nominatedOf(Pod pod) {
        return pod.getStatus() == null ? null : pod.getStatus().getNominatedNodeName();
    }

    private static boolean says(Pod pod, PodCondition wanted) {
        return pod.getStatus() != null && pod.getStatus().getConditions() != null && pod.getStatus().getConditions().stream().anyMatch(condition ->
                condition.getType().equals(wanted.getType())
                        && wanted.getStatus().equals(condition.getStatus())
                        && Objects.equals(condition.getMessage(), wanted.getMessage()));
    }
}
