package io.hypernetes.controllers.volume;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Informer;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.VolumeMatch;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;

/// Binds claims and volumes of all tenants to each other. A key with a namespace is a claim's, one without a volume's.
///
/// A claim whose class waits for its first consumer is bound once the scheduler has named a node for it; others as soon as they are there.
public final class VolumeBinder implements Controller {
    private final Client client;
    private final EventRecorder events;
    private final EventRecorder provisioning;
    private final InstantSource clock;
    private Shelf shelf;
    private ClaimStep claims;
    private VolumeStep volumes;

    /// @param provisioning tells of volumes that are made
    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public VolumeBinder(Client client, EventRecorder events, EventRecorder provisioning, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.provisioning = provisioning;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "persistentvolume-binder";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        shelf = Shelf.of(caches);
        Binding binding = new Binding(client, clock);
        claims = new ClaimStep(client, events, shelf, binding, new LocalProvisioner(client, provisioning, shelf), new Expansion(client, events, shelf, clock));
        volumes = new VolumeStep(client, events, shelf, binding, wake);
        shelf.claims().handler(Caches.each(claim -> {
            ObjectKey key = ObjectKey.of(claim);
            wake.accept(key);
            String volume = claim.getSpec().getVolumeName();
            if (volume != null && !volume.isEmpty()) {
                wake.accept(new ObjectKey(key.tenant(), "", volume));
            }
        }));
        // A claim that never named its volume may have one that names it.
        shelf.claims().handler(onlyDeleted(claim -> wake.accept(
                new ObjectKey(ObjectKey.of(claim).tenant(), "", "pvc-" + claim.getMetadata().getUid()))));
        shelf.volumes().handler(Caches.each(volume -> seen(volume, wake)));
        shelf.classes().handler(Caches.each(type -> changed(type, wake)));
        caches.pods().handler(Caches.each(pod -> Shelf.claimsOf(pod).forEach(wake)));
        shelf.nodes().handler(onlyDeleted(node -> shelf.volumes().list(volume -> volume.getMetadata().getDeletionTimestamp() != null)
                .forEach(volume -> wake.accept(ObjectKey.of(volume)))));
    }

    private void seen(PersistentVolume volume, Consumer<ObjectKey> wake) {
        ObjectKey key = ObjectKey.of(volume);
        wake.accept(key);
        ObjectReference owner = volume.getSpec().getClaimRef();
        if (owner != null) {
            wake.accept(new ObjectKey(key.tenant(), String.valueOf(owner.getNamespace()), String.valueOf(owner.getName())));
        } else {
            shelf.waiting().get(key.tenant()).stream()
                    .filter(claim -> VolumeMatch.classOf(claim).equals(VolumeMatch.classOf(volume)))
                    .forEach(claim -> wake.accept(ObjectKey.of(claim)));
        }
    }

    private void changed(StorageClass type, Consumer<ObjectKey> wake) {
        ObjectKey key = ObjectKey.of(type);
        var waiting = key.tenant().equals(ObjectKey.ROOT)
                ? shelf.claims().list(claim -> !VolumeMatch.isBound(claim))
                : shelf.waiting().get(key.tenant());
        waiting.stream()
                .filter(claim -> VolumeMatch.classOf(claim).equals(key.name()))
                .forEach(claim -> wake.accept(ObjectKey.of(claim)));
    }

    private static <T> Informer.Handler<T> onlyDeleted(Consumer<? super T> action) {
        return new Informer.Handler<>() {
            @Override
            public void added(T object) {}

            @Override
            public void updated(T before, T now) {}

            @Override
            public void deleted(T last) {
                action.accept(last);
            }
        };
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        if (key.namespace().isEmpty()) {
            shelf.volumes().get(key).ifPresent(volume -> volumes.take(key, volume));
            return Optional.empty();
        }
        PersistentVolumeClaim claim = shelf.claims().get(key).orElse(null);
        return claim == null ? Optional.empty() : claims.take(key, claim);
    }
}
