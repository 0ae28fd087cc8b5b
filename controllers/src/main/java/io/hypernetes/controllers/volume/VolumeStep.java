package io.hypernetes.controllers.volume;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.EventRecorder.Type;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// One look at one volume: whose it is, and what becomes of it when its claim is gone.
final class VolumeStep {
    private final Client client;
    private final EventRecorder events;
    private final Shelf shelf;
    private final Binding binding;
    private final Consumer<ObjectKey> wake;

    /// @param wake looks at a claim again
    VolumeStep(Client client, EventRecorder events, Shelf shelf, Binding binding, Consumer<ObjectKey> wake) {
        this.client = client;
        this.events = events;
        this.shelf = shelf;
        this.binding = binding;
        this.wake = wake;
    }

    void take(ObjectKey key, PersistentVolume volume) {
        if (volume.getMetadata().getDeletionTimestamp() != null) {
            forgetDiskOfLostNode(key, volume);
        }
        ObjectReference owner = volume.getSpec().getClaimRef();
        if (owner == null || owner.getUid() == null || owner.getUid().isEmpty()) {
            available(key, volume);
            return;
        }
        ObjectKey claimKey = new ObjectKey(key.tenant(), owner.getNamespace(), owner.getName());
        PersistentVolumeClaim claim = shelf.claims().get(claimKey)
                .filter(known -> owner.getUid().equals(known.getMetadata().getUid()))
                // A cache that lags behind must not have a disk removed.
                .or(() -> client.of(Kind.PERSISTENT_VOLUME_CLAIM).find(claimKey).filter(known -> owner.getUid().equals(known.getMetadata().getUid())))
                .orElse(null);
        String named = claim == null ? "" : claim.getSpec().getVolumeName();
        if (claim == null) {
            released(key, volume);
        } else if (named == null || named.isEmpty()) {
            wake.accept(claimKey);
        } else if (named.equals(key.name())) {
            if (phase(volume).equals("Bound")) {
                return;
            }
            binding.phase(key, "Bound", "");
            wake.accept(claimKey);
        } else if (isMade(volume)) {
            // Made for a claim that got another one meanwhile.
            released(key, volume);
        } else {
            unbind(key, owner);
        }
    }

    private void available(ObjectKey key, PersistentVolume volume) {
        if (volume.getMetadata().getDeletionTimestamp() == null && !phase(volume).equals("Available")) {
            binding.phase(key, "Available", "");
        }
    }

    private void unbind(ObjectKey key, ObjectReference owner) {
        client.of(Kind.PERSISTENT_VOLUME).change(key, null, now -> {
            ObjectReference still = now.getSpec().getClaimRef();
            if (still == null || !owner.getUid().equals(still.getUid())) {
                return null;
            }
            boolean ours = now.getMetadata().getAnnotations() != null && now.getMetadata().getAnnotations().remove(Binding.BOUND_BY_CONTROLLER) != null;
            if (ours) {
                now.getSpec().setClaimRef(null);
            } else {
                still.setUid(null);
            }
            return now;
        });
    }

    private void released(ObjectKey key, PersistentVolume volume) {
        String before = phase(volume);
        if (!before.equals("Released") && !before.equals("Failed")) {
            binding.phase(key, "Released", "");
        }
        if (volume.getMetadata().getDeletionTimestamp() != null) {
            return;
        }
        String policy = volume.getSpec().getPersistentVolumeReclaimPolicy();
        if ("Delete".equals(policy) && LocalVolume.of(volume).isPresent()) {
            // The disk goes with what describes it.
            client.of(Kind.PERSISTENT_VOLUME).delete(key, new Deletion(null, volume.getMetadata().getUid()));
        } else if ("Delete".equals(policy) && !before.equals("Failed")) {
            failed(key, volume, "VolumeFailedDelete", "no deletable volume plugin matched");
        } else if ("Recycle".equals(policy) && !before.equals("Failed")) {
            failed(key, volume, "VolumeFailedRecycle", "no recyclable volume plugin matched");
        }
    }

    private void failed(ObjectKey key, PersistentVolume volume, String reason, String why) {
        binding.phase(key, "Failed", why);
        events.record(key.tenant(), volume, Type.WARNING, reason, why);
    }

    /// A node that is gone for good takes its disks with it: nobody will ever say that they are removed.
    private void forgetDiskOfLostNode(ObjectKey key, PersistentVolume volume) {
        boolean waits = volume.getMetadata().getFinalizers().contains(LocalVolume.FINALIZER);
        String node = LocalVolume.of(volume).map(LocalVolume::node).orElse("");
        if (!waits || (!node.isEmpty() && client.of(Kind.NODE).find(ObjectKey.root(node)).isPresent())) {
            return;
        }
        client.of(Kind.PERSISTENT_VOLUME).change(key, null, now -> {
            List<String> left = new ArrayList<>(now.getMetadata().getFinalizers());
            if (!left.remove(LocalVolume.FINALIZER)) {
                return null;
            }
            now.getMetadata().setFinalizers(left);
            return now;
        });
    }

    private static boolean isMade(PersistentVolume volume) {
        return volume.getMetadata().getAnnotations() != null
                && volume.getMetadata().getAnnotations().containsKey("pv.kubernetes.io/provisioned-by")
                && "Delete".equals(volume.getSpec().getPersistentVolumeReclaimPolicy());
    }

    static String phase(PersistentVolume volume) {
        return volume.getStatus() == null || volume.getStatus().getPhase() == null ? "" : volume.getStatus().getPhase();
    }
}
