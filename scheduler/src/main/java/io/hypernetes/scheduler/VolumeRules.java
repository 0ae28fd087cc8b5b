package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.hypernetes.client.Informer;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.VolumeMatch;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What the volumes of a pod mean for where it can be.
interface VolumeRules {
    /// A pod can be anywhere.
    VolumeRules NONE = new VolumeRules() {};

    /// Why the pod cannot be on any node yet; empty when nothing is in its way.
    default Optional<String> blocks(PodFacts pod) {
        return Optional.empty();
    }

    /// Why the volumes of the pod's claims cannot be had on a node; null when they can.
    default @Nullable String objection(PodFacts pod, Node node) {
        return null;
    }

    /// The claims of a pod that get their volume when it is known where the pod will be.
    default List<ObjectKey> waiting(PodFacts pod) {
        return List.of();
    }

    /// By the claims and volumes that informers know. They are known when they have been listed; until then nothing is blocked.
    record Known(Informer<PersistentVolumeClaim> claims, Informer<PersistentVolume> volumes, Informer<StorageClass> classes) implements VolumeRules {

        @Override
        public Optional<String> blocks(PodFacts pod) {
            if (!claims.synced() || !classes.synced()) {
                return Optional.empty();
            }
            boolean immediate = false;
            for (ObjectKey key : keys(pod)) {
                PersistentVolumeClaim claim = claims.get(key).orElse(null);
                if (claim == null) {
                    return Optional.of("persistentvolumeclaim \"" + key.name() + "\" not found");
                }
                if (claim.getStatus() != null && "Lost".equals(claim.getStatus().getPhase())) {
                    return Optional.of("persistentvolumeclaim \"" + key.name() + "\" bound to non-existent persistentvolume \"" + claim.getSpec().getVolumeName() + "\"");
                }
                if (claim.getMetadata().getDeletionTimestamp() != null) {
                    return Optional.of("persistentvolumeclaim \"" + key.name() + "\" is being deleted");
                }
                immediate |= !VolumeMatch.isBound(claim) && !waits(key, claim);
            }
            return immediate ? Optional.of("pod has unbound immediate PersistentVolumeClaims") : Optional.empty();
        }

        @Override
        public @Nullable String objection(PodFacts pod, Node node) {
            for (ObjectKey key : keys(pod)) {
                PersistentVolumeClaim claim = claims.get(key).orElse(null);
                String why = claim == null ? null : objection(key, claim, node);
                if (why != null) {
                    return why;
                }
            }
            return null;
        }

        private @Nullable String objection(ObjectKey key, PersistentVolumeClaim claim, Node node) {
            if (VolumeMatch.isBound(claim)) {
                PersistentVolume volume = volumes.get(new ObjectKey(key.tenant(), "", claim.getSpec().getVolumeName())).orElse(null);
                if (volume == null) {
                    return volumes.synced() ? "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)" : null;
                }
                return VolumeMatch.reachable(volume, node) ? null : "node(s) didn't match PersistentVolume's node affinity";
            }
            String selected = VolumeMatch.selectedNode(claim);
            if (!selected.isEmpty()) {
                // Its volume is being made there.
                return selected.equals(node.getMetadata().getName()) ? null : "node(s) didn't find available persistent volumes to bind";
            }
            boolean made = VolumeMatch.named(classes, key.tenant(), VolumeMatch.classOf(claim))
                    .filter(type -> LocalVolume.PROVISIONER.equals(type.getProvisioner()))
                    .isPresent();
            return made || !free(key, claim, node).isEmpty() ? null : "node(s) didn't find available persistent volumes to bind";
        }

        private List<PersistentVolume> free(ObjectKey key, PersistentVolumeClaim claim, Node node) {
            return volumes.list(volume -> ObjectKey.of(volume).tenant().equals(key.tenant())
                    && (VolumeMatch.isFree(volume, claim) || VolumeMatch.isFor(volume, claim))
                    && VolumeMatch.reachable(volume, node));
        }

        @Override
        public List<ObjectKey> waiting(PodFacts pod) {
            return keys(pod).stream()
                    .filter(key -> claims.get(key).filter(claim -> !VolumeMatch.isBound(claim)).isPresent())
                    .toList();
        }

        private boolean waits(ObjectKey key, PersistentVolumeClaim claim) {
            return VolumeMatch.named(classes, key.tenant(), VolumeMatch.classOf(claim)).filter(VolumeMatch::waits).isPresent();
        }

        private static List<ObjectKey> keys(PodFacts pod) {
            return VolumeMatch.claimsOf(pod.key(), pod.pod());
        }
    }
}
