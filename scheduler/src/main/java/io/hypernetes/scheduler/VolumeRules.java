package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.hypernetes.client.Informer;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.NodeRule;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.VolumeMatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What the volumes of a pod mean for where it can be.
interface VolumeRules {
    /// A pod can be anywhere.
    VolumeRules NONE = new VolumeRules() {};

    /// Why the pod cannot be on any node yet; empty when nothing is in its way.
    default Optional<String> blocks(PodFacts pod) {
        return Optional.empty();
    }

    /// Where the volumes of the pod's claims can be had, read once for a decision.
    default Reach of(PodFacts pod) {
        return node -> null;
    }

    /// Where volumes can be had.
    interface Reach {
        /// Why they cannot be had on a node; null when they can. No pod that goes away would help.
        @Nullable Objection objection(Node node);
    }

    /// The claims of a pod that get their volume when it is known where the pod will be.
    default List<ObjectKey> waiting(PodFacts pod) {
        return List.of();
    }

    /// Whether the volume of a claim is gone.
    static boolean isLost(PersistentVolumeClaim claim) {
        return claim.getStatus() != null && "Lost".equals(claim.getStatus().getPhase());
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
            if (isLost(claim)) {
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
        public Reach of(PodFacts pod) {
            List<Function<Node, @Nullable String>> bound = new ArrayList<>();
            List<Predicate<Node>> unbound = new ArrayList<>();
            for (ObjectKey key : keys(pod)) {
                claims.get(key).ifPresent(claim -> {
                    if (VolumeMatch.isBound(claim)) {
                        bound.add(ofBound(key, claim));
                    } else {
                        unbound.add(toBeHad(key, claim));
                    }
                });
            }
            return bound.isEmpty() && unbound.isEmpty() ? VolumeRules.super.of(pod) : node -> objection(bound, unbound, node);
        }

        private static @Nullable Objection objection(List<Function<Node, @Nullable String>> bound, List<Predicate<Node>> unbound, Node node) {
            String ofBound = null;
            for (Function<Node, @Nullable String> each : bound) {
                ofBound = ofBound == null ? each.apply(node) : ofBound;
            }
            String ofUnbound = unbound.stream().allMatch(each -> each.test(node)) ? null : "node(s) didn't find available persistent volumes to bind";
            if (ofBound == null) {
                return ofUnbound == null ? null : Objection.lasting(ofUnbound);
            }
            return ofUnbound == null ? Objection.lasting(ofBound) : Objection.lasting(ofBound, ofUnbound);
        }

        /// Why a volume that a claim has cannot be reached from a node; null when it can.
        private Function<Node, @Nullable String> ofBound(ObjectKey key, PersistentVolumeClaim claim) {
            PersistentVolume volume = volumes.get(new ObjectKey(key.tenant(), "", claim.getSpec().getVolumeName())).orElse(null);
            if (volume == null) {
                String why = volumes.synced() ? "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)" : null;
                return _ -> why;
            }
            NodeRule rule = VolumeMatch.reachable(volume);
            return node -> rule.holds(node) ? null : "node(s) didn't match PersistentVolume's node affinity";
        }

        /// Whether a claim would get a volume on a node.
        private Predicate<Node> toBeHad(ObjectKey key, PersistentVolumeClaim claim) {
            String selected = VolumeMatch.selectedNode(claim);
            if (!selected.isEmpty()) {
                // Its volume is being made there.
                return node -> selected.equals(node.getMetadata().getName());
            }
            boolean made = VolumeMatch.named(classes, key.tenant(), VolumeMatch.classOf(claim))
                    .filter(type -> LocalVolume.PROVISIONER.equals(type.getProvisioner()))
                    .isPresent();
            if (made) {
                return _ -> true;
            }
            List<NodeRule> free = volumes.list(volume -> ObjectKey.of(volume).tenant().equals(key.tenant())
                            && (VolumeMatch.isFree(volume, claim) || VolumeMatch.isFor(volume, claim)))
                    .stream().map(VolumeMatch::reachable).toList();
            return node -> free.stream().anyMatch(rule -> rule.holds(node));
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
