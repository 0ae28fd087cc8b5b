package io.hypernetes.controllers.volume;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.pods.PodState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Keeps claims that pods use and volumes that are bound, also when they are deleted, until that is over. A key with a namespace is a claim's, one
/// without a volume's.
public final class VolumeProtection implements Controller {
    static final String OF_CLAIMS = "kubernetes.io/pvc-protection";
    static final String OF_VOLUMES = "kubernetes.io/pv-protection";

    private final Client client;
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public VolumeProtection(Client client) {
        this.client = client;
    }

    @Override
    public String name() {
        return "pvc-protection";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.of(Kind.PERSISTENT_VOLUME_CLAIM).handler(Caches.keys(wake));
        caches.of(Kind.PERSISTENT_VOLUME).handler(Caches.keys(wake));
        caches.pods().handler(Caches.each(pod -> Shelf.claimsOf(pod).forEach(wake)));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        if (key.namespace().isEmpty()) {
            caches.of(Kind.PERSISTENT_VOLUME).get(key).ifPresent(volume -> volume(key, volume));
        } else {
            caches.of(Kind.PERSISTENT_VOLUME_CLAIM).get(key).ifPresent(claim -> claim(key, claim));
        }
        return Optional.empty();
    }

    private void volume(ObjectKey key, PersistentVolume volume) {
        if (volume.getMetadata().getDeletionTimestamp() == null) {
            protect(Kind.PERSISTENT_VOLUME, key, volume, OF_VOLUMES);
        } else if (volume.getMetadata().getFinalizers().contains(OF_VOLUMES) && !isBound(key, volume)) {
            release(Kind.PERSISTENT_VOLUME, key, OF_VOLUMES);
        }
    }

    // What the status says may be late.
    private boolean isBound(ObjectKey key, PersistentVolume volume) {
        ObjectReference owner = volume.getSpec().getClaimRef();
        return VolumeStep.phase(volume).equals("Bound") || (owner != null && owner.getUid() != null && client.of(Kind.PERSISTENT_VOLUME_CLAIM)
                .find(new ObjectKey(key.tenant(), owner.getNamespace(), owner.getName()))
                .filter(claim -> owner.getUid().equals(claim.getMetadata().getUid()))
                .isPresent());
    }

    private void claim(ObjectKey key, PersistentVolumeClaim claim) {
        if (claim.getMetadata().getDeletionTimestamp() == null) {
            protect(Kind.PERSISTENT_VOLUME_CLAIM, key, claim, OF_CLAIMS);
        } else if (claim.getMetadata().getFinalizers().contains(OF_CLAIMS) && !isUsed(key)) {
            release(Kind.PERSISTENT_VOLUME_CLAIM, key, OF_CLAIMS);
        }
    }

    // A pod without a node will not get one: the scheduler and the kubelet refuse a claim that is being deleted. The cache may lag behind.
    private boolean isUsed(ObjectKey key) {
        List<Pod> pods = client.of(Kind.POD).list(Scope.namespace(key.tenant(), key.namespace()), Selection.everything()).items();
        return pods.stream().anyMatch(pod -> !PodState.node(pod).isEmpty() && Shelf.claimsOf(pod).stream().anyMatch(named -> named.name().equals(key.name())));
    }

    private <T extends HasMetadata> void protect(Kind<T> kind, ObjectKey key, T object, String finalizer) {
        if (object.getMetadata().getFinalizers().contains(finalizer)) {
            return;
        }
        client.of(kind).change(key, null, now -> {
            if (now.getMetadata().getDeletionTimestamp() != null || now.getMetadata().getFinalizers().contains(finalizer)) {
                return null;
            }
            List<String> all = new ArrayList<>(now.getMetadata().getFinalizers());
            all.add(finalizer);
            now.getMetadata().setFinalizers(all);
            return now;
        });
    }

    private <T extends HasMetadata> void release(Kind<T> kind, ObjectKey key, String finalizer) {
        client.of(kind).change(key, null, now -> {
            List<String> left = new ArrayList<>(now.getMetadata().getFinalizers());
            if (now.getMetadata().getDeletionTimestamp() == null || !left.remove(finalizer)) {
                return null;
            }
            now.getMetadata().setFinalizers(left);
            return now;
        });
    }
}
