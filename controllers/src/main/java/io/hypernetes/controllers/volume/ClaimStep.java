package io.hypernetes.controllers.volume;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.EventRecorder.Type;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.VolumeMatch;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// One look at one claim: it gets the volume that it names, one that would do, or one that is made for it; what it had and has no more is told.
final class ClaimStep {
    private static final Duration SOON = Duration.ofMillis(200);

    private final Client client;
    private final EventRecorder events;
    private final Shelf shelf;
    private final Binding binding;
    private final LocalProvisioner provisioner;
    private final Expansion expansion;

    ClaimStep(Client client, EventRecorder events, Shelf shelf, Binding binding, LocalProvisioner provisioner, Expansion expansion) {
        this.client = client;
        this.events = events;
        this.shelf = shelf;
        this.binding = binding;
        this.provisioner = provisioner;
        this.expansion = expansion;
    }

    Optional<Duration> take(ObjectKey key, PersistentVolumeClaim claim) {
        if (VolumeMatch.isBound(claim)) {
            bound(key, claim);
            return Optional.empty();
        }
        if (claim.getMetadata().getDeletionTimestamp() != null) {
            return Optional.empty();
        }
        String named = claim.getSpec().getVolumeName();
        return named == null || named.isEmpty() ? unnamed(key, claim) : named(key, claim, named);
    }

    private Optional<Duration> unnamed(ObjectKey key, PersistentVolumeClaim claim) {
        Optional<PersistentVolume> kept = shelf.volumes().list(volume -> isOf(key, volume) && VolumeMatch.isFor(volume, claim)).stream()
                .filter(volume -> volume.getMetadata().getDeletionTimestamp() == null)
                .findFirst();
        if (kept.isPresent()) {
            return bind(key, claim, kept.get());
        }
        Optional<StorageClass> type = shelf.classOf(key, claim);
        String node = VolumeMatch.selectedNode(claim);
        if (type.map(VolumeMatch::waits).orElse(false) && node.isEmpty()) {
            tellWhatItWaitsFor(key, claim);
            return Optional.empty();
        }
        Optional<PersistentVolume> found = shelf.volumes().list(volume -> isOf(key, volume) && VolumeMatch.isFree(volume, claim)).stream()
                .filter(volume -> node.isEmpty() || shelf.node(node).map(known -> VolumeMatch.reachable(volume).holds(known)).orElse(false))
                .min(Comparator.comparingLong((PersistentVolume volume) -> LocalVolume.storage(volume.getSpec().getCapacity()))
                        .thenComparing(volume -> volume.getMetadata().getName()));
        if (found.isPresent()) {
            return bind(key, claim, found.get());
        }
        make(key, claim, type);
        return Optional.empty();
    }

    private void make(ObjectKey key, PersistentVolumeClaim claim, Optional<StorageClass> type) {
        String name = VolumeMatch.classOf(claim);
        if (name.isEmpty()) {
            events.record(key.tenant(), claim, Type.NORMAL, "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
        } else if (type.isEmpty()) {
            events.record(key.tenant(), claim, Type.WARNING, "ProvisioningFailed", "storageclass.storage.k8s.io \"" + name + "\" not found");
        } else if (type.get().getProvisioner().equals(LocalVolume.PROVISIONER)) {
            provisioner.provision(key, claim, type.get());
        } else if (type.get().getProvisioner().equals("kubernetes.io/no-provisioner")) {
            events.record(key.tenant(), claim, Type.NORMAL, "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
        } else {
            events.record(key.tenant(), claim, Type.NORMAL, "ExternalProvisioning", "Waiting for a volume to be created either by the external provisioner '"
                    + type.get().getProvisioner() + "' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is "
                    + "running and correctly registered.");
        }
    }

    private void tellWhatItWaitsFor(ObjectKey key, PersistentVolumeClaim claim) {
        Optional<Pod> pod = shelf.pods().get(key).stream().filter(each -> !PodState.isEnded(each) && PodState.node(each).isEmpty()).findFirst();
        if (pod.isPresent()) {
            events.record(key.tenant(), claim, Type.NORMAL, "WaitForPodScheduled", "waiting for pod " + pod.get().getMetadata().getName() + " to be scheduled");
        } else {
            events.record(key.tenant(), claim, Type.NORMAL, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
        }
    }

    private Optional<Duration> named(ObjectKey key, PersistentVolumeClaim claim, String name) {
        PersistentVolume volume = shelf.volume(key.tenant(), name).orElse(null);
        if (volume == null) {
            return Optional.empty();
        }
        if (VolumeMatch.isFor(volume, claim)) {
            return bind(key, claim, volume);
        }
        if (volume.getSpec().getClaimRef() != null) {
            events.record(key.tenant(), claim, Type.WARNING, "FailedBinding", "volume \"" + name + "\" already bound to a different claim.");
            return Optional.empty();
        }
        Optional<String> mismatch = VolumeMatch.mismatch(volume, claim);
        if (mismatch.isPresent()) {
            events.record(key.tenant(), claim, Type.WARNING, "VolumeMismatch", "Cannot bind to requested volume \"" + name + "\": " + mismatch.get());
            return Optional.empty();
        }
        return bind(key, claim, volume);
    }

    private Optional<Duration> bind(ObjectKey key, PersistentVolumeClaim claim, PersistentVolume volume) {
        return binding.bind(key, claim, ObjectKey.of(volume)) ? Optional.empty() : Optional.of(SOON);
    }

    private void bound(ObjectKey key, PersistentVolumeClaim claim) {
        String name = claim.getSpec().getVolumeName();
        ObjectKey volumeKey = new ObjectKey(key.tenant(), "", name);
        // A cache that lags behind must not declare data lost.
        PersistentVolume volume = shelf.volumes().get(volumeKey).or(() -> client.of(Kind.PERSISTENT_VOLUME).find(volumeKey)).orElse(null);
        if (volume == null) {
            lost(key, claim, "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
            return;
        }
        ObjectReference owner = volume.getSpec().getClaimRef();
        if (owner == null || (VolumeMatch.isFor(volume, claim) && !claim.getMetadata().getUid().equals(owner.getUid()))) {
            binding.bind(key, claim, volumeKey);
        } else if (claim.getMetadata().getUid().equals(owner.getUid())) {
            binding.claimBound(key, claim, volume);
            expansion.advance(key, claim, volume);
            noteUse(key, volume);
        } else {
            lost(key, claim, "ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
        }
    }

    /// What a pod has run with holds data: should its disk be gone later, nobody may get an empty one instead.
    private void noteUse(ObjectKey key, PersistentVolume volume) {
        boolean noted = volume.getMetadata().getAnnotations() != null && volume.getMetadata().getAnnotations().containsKey(LocalVolume.USED);
        if (noted || LocalVolume.of(volume).isEmpty()
                || shelf.pods().get(key).stream().noneMatch(pod -> PodState.phase(pod).equals("Running") || PodState.isEnded(pod))) {
            return;
        }
        client.of(Kind.PERSISTENT_VOLUME).change(ObjectKey.of(volume), null, now -> {
            Map<String, String> annotations = new HashMap<>(now.getMetadata().getAnnotations() == null ? Map.of() : now.getMetadata().getAnnotations());
            if (annotations.put(LocalVolume.USED, "true") != null) {
                return null;
            }
            now.getMetadata().setAnnotations(annotations);
            return now;
        });
    }

    private void lost(ObjectKey key, PersistentVolumeClaim claim, String reason, String message) {
        if (claim.getStatus() == null || !"Lost".equals(claim.getStatus().getPhase())) {
            binding.claimPhase(key, claim, "Lost");
            events.record(key.tenant(), claim, Type.WARNING, reason, message);
        }
    }

    private static boolean isOf(ObjectKey claim, PersistentVolume volume) {
        return ObjectKey.of(volume).tenant().equals(claim.tenant());
    }
}
