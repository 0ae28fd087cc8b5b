package io.hypernetes.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Volume;
import io.hypernetes.client.Informer;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Placement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the volumes of a pod mean for where it can be.
interface VolumeRules {
    /// A pod can be anywhere.
    VolumeRules NONE = new VolumeRules() {};

    /// Why the pod cannot be on any node yet; empty when nothing is in its way.
    default Optional<String> blocks(PodFacts pod) {
        return Optional.empty();
    }

    /// Whether the volumes that the pod's claims are bound to can be reached from a node.
    default boolean reachable(PodFacts pod, Node node) {
        return true;
    }

    /// By the claims and volumes that informers know. Claims are known when their informer has listed them; until then nothing is blocked.
    record Known(Informer<PersistentVolumeClaim> claims, Informer<PersistentVolume> volumes) implements VolumeRules {

        @Override
        public Optional<String> blocks(PodFacts pod) {
            if (!claims.synced()) {
                return Optional.empty();
            }
            for (String name : names(pod)) {
                PersistentVolumeClaim claim = claims.get(new ObjectKey(pod.key().tenant(), pod.key().namespace(), name)).orElse(null);
                if (claim == null) {
                    return Optional.of("persistentvolumeclaim \"" + name + "\" not found");
                }
                if (claim.getMetadata().getDeletionTimestamp() != null) {
                    return Optional.of("persistentvolumeclaim \"" + name + "\" is being deleted");
                }
            }
            return Optional.empty();
        }

        @Override
        public boolean reachable(PodFacts pod, Node node) {
            for (String name : names(pod)) {
                Optional<NodeSelector> required = claims.get(new ObjectKey(pod.key().tenant(), pod.key().namespace(), name))
                        .map(claim -> claim.getSpec().getVolumeName())
                        .flatMap(volume -> volumes.get(new ObjectKey(pod.key().tenant(), "", volume)))
                        .map(volume -> volume.getSpec().getNodeAffinity())
                        .map(affinity -> affinity.getRequired());
                if (required.isPresent() && !Placement.matches(required.get(), node)) {
                    return false;
                }
            }
            return true;
        }

        private static List<String> names(PodFacts pod) {
            List<Volume> all = pod.pod().getSpec().getVolumes();
            if (all == null || all.isEmpty()) {
                return List.of();
            }
            List<String> names = new ArrayList<>();
            for (Volume volume : all) {
                if (volume.getPersistentVolumeClaim() != null) {
                    names.add(volume.getPersistentVolumeClaim().getClaimName());
                } else if (volume.getEphemeral() != null) {
                    names.add(pod.key().name() + "-" + volume.getName());
                }
            }
            return names;
        }
    }
}
