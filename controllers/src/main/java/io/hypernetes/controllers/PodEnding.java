package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.pods.PodState;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Ends pods that did not choose to: their status says so first, for whoever counts how they end.
final class PodEnding {
    private final Client client;
    private final InstantSource clock;

    /// Why a pod goes that did nothing for it, in the words of its condition DisruptionTarget.
    record Disruption(String reason, String message) {}

    PodEnding(Client client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    /// Asks a pod to go; its kubelet lets it end in good order.
    void ask(ObjectKey key, Pod pod, Disruption why) {
        tell(key, pod, false, why);
        client.of(Kind.POD).delete(key, new Deletion(null, pod.getMetadata().getUid()));
    }

    /// Removes a pod of which no kubelet will ever say how it ended: one that has not ended counts as failed. It stays while finalizers hold it,
    /// as that of a Job does until the Job has counted it.
    ///
    /// @param why null when it was to go anyway
    void force(ObjectKey key, Pod pod, @Nullable Disruption why) {
        if (!PodState.isEnded(pod)) {
            tell(key, pod, true, why);
        }
        client.of(Kind.POD).delete(key, Deletion.now(pod.getMetadata().getUid()));
    }

    private void tell(ObjectKey key, Pod seen, boolean failed, @Nullable Disruption why) {
        client.of(Kind.POD).change(key, "status", pod -> {
            if (!Objects.equals(pod.getMetadata().getUid(), seen.getMetadata().getUid()) || failed && PodState.isEnded(pod)) {
                return null;
            }
            PodStatus status = pod.getStatus() == null ? new PodStatus() : pod.getStatus();
            if (failed) {
                status.setPhase("Failed");
                status.setObservedGeneration(pod.getMetadata().getGeneration());
            }
            if (why != null) {
                List<PodCondition> conditions = new ArrayList<>(status.getConditions() == null ? List.of() : status.getConditions());
                PodCondition before = PodState.condition(pod, "DisruptionTarget");
                PodCondition held = before != null && "True".equals(before.getStatus()) ? before : null;
                if (!failed && held != null && why.reason().equals(held.getReason()) && why.message().equals(held.getMessage())) {
                    // Told before, and the deletion was refused: telling it again would wake whoever asks for it.
                    return null;
                }
                conditions.remove(before);
                conditions.add(new PodConditionBuilder()
                        .withType("DisruptionTarget").withStatus("True").withReason(why.reason()).withMessage(why.message())
                        .withObservedGeneration(pod.getMetadata().getGeneration())
                        .withLastTransitionTime(held != null ? held.getLastTransitionTime() : clock.instant().truncatedTo(ChronoUnit.SECONDS).toString()).build());
                status.setConditions(conditions);
            }
            pod.setStatus(status);
            return pod;
        });
    }
}
