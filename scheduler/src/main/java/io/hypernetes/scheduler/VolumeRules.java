package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Volume;
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

    /// Why the volumes of the pod's claims cannot be had on a node; null when they can. No pod that goes away would help.
    default @Nullable Objection objection(PodFacts pod, Node node) {
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
            for (Volume volume : pod.pod().getSpec().getVolumes() == null ? List.<Volume>of() : pod.pod().getSpec().getVolumes()) {
                String name = VolumeMatch.claimOf(pod.pod(), volume);
                if (name == null) {
                    continue;
                }
                ObjectKey key = new ObjectKey(pod.key().tenant(), pod.key().namespace(), name);
                PersistentVolumeClaim claim = claims.get(key).orElse(null);
                Optional<String> why = blocks(pod, volume.getEphemeral() != null, name, claim);
                if (why.isPresent()) {
                    return why;
                }
                immediate |= claim != null && !VolumeMatch.isBound(claim) && !waits(key, claim);
            }
            return immediate ? Optional.of("pod has unbound immediate PersistentVolumeClaims") : Optional.empty();
        }

        /// @param ephemeral whether the claim is made for the pod and goes with it
        private static Optional<String> blocks(PodFacts pod, boolean ephemeral, String name, @Nullable PersistentVolumeClaim claim) {
            if (claim == null) {
                return Optional.of(ephemeral
                        ? "waiting for ephemeral volume controller to create the persistentvolumeclaim \"" + name + "\""
                        : "persistentvolumeclaim \"" + name + "\" not found");
            }
            if (claim.getStatus() != null && "Lost".equals(claim.getStatus().getPhase())) {
                return Optional.of("persistentvolumeclaim \"" + name + "\" bound to non-existent persistentvolume \"" + claim.getSpec().getVolumeName() + "\"");
            }
            if (claim.getMetadata().getDeletionTimestamp() != null) {
                return Optional.of("persistentvolumeclaim \"" + name + "\" is being deleted");
            }
            String uid = pod.pod().getMetadata().getUid();
            boolean foreign = ephemeral && claim.getMetadata().getOwnerReferences().stream()
                    .noneMatch(owner -> Boolean.TRUE.equals(owner.getController()) && owner.getUid().equals(uid));
            String namespace = pod.key().namespace();
            return foreign
                    ? Optional.of("PVC " + namespace + "/" + name + " was not created for pod " + namespace + "/" + pod.key().name() + " (pod is not owner)")
                    : Optional.empty();
        }

        @Override
        public @Nullable Objection objection(PodFacts pod, Node node) {
            String ofBound = null;
            String ofUnbound = null;
            for (ObjectKey key : keys(pod)) {
                PersistentVolumeClaim claim = claims.get(key).orElse(null);
                if (claim == null) {
                    continue;
                }
                if (VolumeMatch.isBound(claim)) {
                    ofBound = ofBound == null ? ofBound(key, claim, node) : ofBound;
                } else if (ofUnbound == null && !isToBeHad(key, claim, node)) {
                    ofUnbound = "node(s) didn't find available persistent volumes to bind";
                }
            }
            if (ofBound == null) {
                return ofUnbound == null ? null : Objection.lasting(ofUnbound);
            }
            return ofUnbound == null ? Objection.lasting(ofBound) : Objection.lasting(ofBound, ofUnbound);
        }

        /// Why a volume that a claim has cannot be reached from a node; null when it can.
        private @Nullable String ofBound(ObjectKey key, PersistentVolumeClaim claim, Node node) {
            PersistentVolume volume = volumes.get(new ObjectKey(key.tenant(), "", claim.getSpec().getVolumeName())).orElse(null);
            if (volume == null) {
                return volumes.synced() ? "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)" : null;
            }
            return VolumeMatch.reachable(volume, node) ? null : "node(s) didn't match PersistentVolume's node affinity";
        }

        /// Whether a claim would get a volume on a node.
        private boolean isToBeHad(ObjectKey key, PersistentVolumeClaim claim, Node node) {
            String selected = VolumeMatch.selectedNode(claim);
            if (!selected.isEmpty()) {
                // Its volume is being made there.
                return selected.equals(node.getMetadata().getName());
            }
            boolean made = VolumeMatch.named(classes, key.tenant(), VolumeMatch.classOf(claim))
                    .filter(type -> LocalVolume.PROVISIONER.equals(type.getProvisioner()))
                    .isPresent();
            return made || !free(key, claim, node).isEmpty();
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
