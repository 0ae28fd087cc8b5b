package io.hypernetes.controllers.volume;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimCondition;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimConditionBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.pods.PodState;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Makes volumes larger whose claims ask for more. The PersistentVolume says the new size at once. Its disk and the file system on it are made to fit by
/// the node of the pod that runs with it, which says so in the claim's status; without one they grow when a pod next starts with it, and the status
/// says so when no pod is left that started before.
final class Expansion {
    private static final String PENDING = "FileSystemResizePending";

    private final Client client;
    private final EventRecorder events;
    private final Shelf shelf;
    private final InstantSource clock;

    Expansion(Client client, EventRecorder events, Shelf shelf, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.shelf = shelf;
        this.clock = clock;
    }

    void advance(ObjectKey key, PersistentVolumeClaim claim, PersistentVolume volume) {
        if (LocalVolume.of(volume).isEmpty() || claim.getSpec().getResources() == null) {
            return;
        }
        var asked = claim.getSpec().getResources().getRequests().get("storage");
        long bytes = LocalVolume.storage(claim.getSpec().getResources().getRequests());
        if (LocalVolume.storage(volume.getSpec().getCapacity()) < bytes) {
            events.record(key.tenant(), claim, EventRecorder.Type.NORMAL, "Resizing", "External resizer is resizing volume " + volume.getMetadata().getName());
            client.of(Kind.PERSISTENT_VOLUME).change(ObjectKey.of(volume), null, now -> {
                if (LocalVolume.storage(now.getSpec().getCapacity()) >= bytes) {
                    return null;
                }
                now.getSpec().getCapacity().put("storage", asked);
                return now;
            });
            // The volume's event brings the rest.
            return;
        }
        long told = claim.getStatus() == null ? 0 : LocalVolume.storage(claim.getStatus().getCapacity());
        if (told == 0 || told >= LocalVolume.storage(volume.getSpec().getCapacity())) {
            return;
        }
        Optional<Instant> since = condition(claim).flatMap(condition -> PodState.time(condition.getLastTransitionTime()));
        boolean used = shelf.pods().get(key).stream().anyMatch(pod -> startedBefore(pod, since.orElse(null)));
        if (!used) {
            write(key, volume, now -> {
                now.getStatus().setCapacity(volume.getSpec().getCapacity());
                now.getStatus().setConditions(others(now));
            });
            events.record(key.tenant(), claim, EventRecorder.Type.NORMAL, "VolumeResizeSuccessful", "Resize volume succeeded: the file system grows when a pod next mounts it");
        } else if (since.isEmpty()) {
            String time = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
            write(key, volume, now -> {
                List<PersistentVolumeClaimCondition> conditions = new ArrayList<>(others(now));
                conditions.add(new PersistentVolumeClaimConditionBuilder()
                        .withType(PENDING)
                        .withStatus("True")
                        .withLastTransitionTime(time)
                        .withMessage("Waiting for user to (re-)start a pod to finish file system resize of volume on node.")
                        .build());
                now.getStatus().setConditions(conditions);
            });
            events.record(key.tenant(), claim, EventRecorder.Type.NORMAL, "FileSystemResizeRequired", "Require file system resize of volume on node");
        }
    }

    // Seconds are all that times in the API tell.
    private static boolean startedBefore(Pod pod, @Nullable Instant since) {
        if (PodState.isEnded(pod) || PodState.node(pod).isEmpty()) {
            return false;
        }
        Optional<Instant> start = pod.getStatus() == null ? Optional.empty() : PodState.time(pod.getStatus().getStartTime());
        return since == null || start.map(time -> !time.isAfter(since)).orElse(false);
    }

    private interface Change {
        void apply(PersistentVolumeClaim now);
    }

    private void write(ObjectKey key, PersistentVolume volume, Change change) {
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).change(key, "status", now -> {
            // The node may have done it meanwhile.
            if (now.getStatus() == null || LocalVolume.storage(now.getStatus().getCapacity()) >= LocalVolume.storage(volume.getSpec().getCapacity())) {
                return null;
            }
            change.apply(now);
            return now;
        });
    }

    private static Optional<PersistentVolumeClaimCondition> condition(PersistentVolumeClaim claim) {
        return conditions(claim).stream().filter(condition -> PENDING.equals(condition.getType())).findFirst();
    }

    private static List<PersistentVolumeClaimCondition> others(PersistentVolumeClaim claim) {
        return conditions(claim).stream().filter(condition -> !PENDING.equals(condition.getType())).toList();
    }

    private static List<PersistentVolumeClaimCondition> conditions(PersistentVolumeClaim claim) {
        return claim.getStatus() == null || claim.getStatus().getConditions() == null ? List.of() : claim.getStatus().getConditions();
    }
}
