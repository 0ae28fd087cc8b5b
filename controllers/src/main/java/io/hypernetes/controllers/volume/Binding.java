package io.hypernetes.controllers.volume;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimStatus;
import io.fabric8.kubernetes.api.model.PersistentVolumeStatus;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.VolumeMatch;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Writes that bind a claim and a volume, in an order in which a crash between any two of them is finished by the next look: the volume names the
/// claim first, so that no other claim can get it.
final class Binding {
    static final String BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";

    private final Client client;
    private final InstantSource clock;

    Binding(Client client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    /// Binds them.
    ///
    /// @return false when another claim was faster
    boolean bind(ObjectKey claimKey, PersistentVolumeClaim claim, ObjectKey volumeKey) {
        PersistentVolume volume = claimed(claimKey, claim, volumeKey).orElse(null);
        if (volume == null) {
            return false;
        }
        phase(volumeKey, "Bound", "");
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).change(claimKey, null, now -> {
            if (!isSame(now, claim) || VolumeMatch.isBound(now)) {
                return null;
            }
            Map<String, String> annotations = annotations(now.getMetadata().getAnnotations());
            if (now.getSpec().getVolumeName() == null || now.getSpec().getVolumeName().isEmpty()) {
                now.getSpec().setVolumeName(volumeKey.name());
                annotations.put(BOUND_BY_CONTROLLER, "yes");
            }
            annotations.put(VolumeMatch.BIND_COMPLETED, "yes");
            now.getMetadata().setAnnotations(annotations);
            return now;
        });
        claimBound(claimKey, claim, volume);
        return true;
    }

    private Optional<PersistentVolume> claimed(ObjectKey claimKey, PersistentVolumeClaim claim, ObjectKey volumeKey) {
        PersistentVolume there = client.of(Kind.PERSISTENT_VOLUME).find(volumeKey).orElse(null);
        if (there == null || there.getMetadata().getDeletionTimestamp() != null) {
            return Optional.empty();
        }
        ObjectReference owner = there.getSpec().getClaimRef();
        if (owner != null && claim.getMetadata().getUid().equals(owner.getUid())) {
            return Optional.of(there);
        }
        return client.of(Kind.PERSISTENT_VOLUME).change(volumeKey, null, now -> {
            if (now.getMetadata().getDeletionTimestamp() != null || (now.getSpec().getClaimRef() != null && !VolumeMatch.isFor(now, claim))) {
                return null;
            }
            if (now.getSpec().getClaimRef() == null) {
                Map<String, String> annotations = annotations(now.getMetadata().getAnnotations());
                annotations.put(BOUND_BY_CONTROLLER, "yes");
                now.getMetadata().setAnnotations(annotations);
            }
            now.getSpec().setClaimRef(reference(claimKey, claim));
            return now;
        });
    }

    static ObjectReference reference(ObjectKey claimKey, PersistentVolumeClaim claim) {
        return new ObjectReferenceBuilder()
                .withKind("PersistentVolumeClaim")
                .withApiVersion("v1")
                .withNamespace(claimKey.namespace())
                .withName(claimKey.name())
                .withUid(claim.getMetadata().getUid())
                .withResourceVersion(claim.getMetadata().getResourceVersion())
                .build();
    }

    /// The claim's status says that it has the volume, and what that is; its size is told when it is first bound.
    void claimBound(ObjectKey claimKey, PersistentVolumeClaim claim, PersistentVolume volume) {
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).change(claimKey, "status", now -> {
            PersistentVolumeClaimStatus status = now.getStatus() == null ? new PersistentVolumeClaimStatus() : now.getStatus();
            if (!isSame(now, claim) || ("Bound".equals(status.getPhase()) && status.getCapacity() != null && !status.getCapacity().isEmpty())) {
                return null;
            }
            status.setPhase("Bound");
            status.setAccessModes(volume.getSpec().getAccessModes());
            status.setCapacity(volume.getSpec().getCapacity());
            now.setStatus(status);
            return now;
        });
    }

    void claimPhase(ObjectKey claimKey, PersistentVolumeClaim claim, String phase) {
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).change(claimKey, "status", now -> {
            PersistentVolumeClaimStatus status = now.getStatus() == null ? new PersistentVolumeClaimStatus() : now.getStatus();
            if (!isSame(now, claim) || phase.equals(status.getPhase())) {
                return null;
            }
            status.setPhase(phase);
            now.setStatus(status);
            return now;
        });
    }

    /// Tells how a volume stands.
    ///
    /// @param message why; empty when there is nothing to say
    void phase(ObjectKey volumeKey, String phase, String message) {
        client.of(Kind.PERSISTENT_VOLUME).change(volumeKey, "status", now -> {
            PersistentVolumeStatus status = now.getStatus() == null ? new PersistentVolumeStatus() : now.getStatus();
            if (phase.equals(status.getPhase()) && Objects.equals(message.isEmpty() ? null : message, status.getMessage())) {
                return null;
            }
            if (!phase.equals(status.getPhase())) {
                status.setLastPhaseTransitionTime(clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
            }
            status.setPhase(phase);
            status.setMessage(message.isEmpty() ? null : message);
            now.setStatus(status);
            return now;
        });
    }

    private static boolean isSame(PersistentVolumeClaim now, PersistentVolumeClaim claim) {
        return claim.getMetadata().getUid().equals(now.getMetadata().getUid());
    }

    private static Map<String, String> annotations(@Nullable Map<String, String> known) {
        return new HashMap<>(known == null ? Map.of() : known);
    }
}
