package io.hypernetes.controllers.volume;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimTemplate;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.pods.Claims;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/// Makes the claims of pods whose volumes live as long as they do (`ephemeral`).
public final class EphemeralClaims implements Controller {
    private final Client client;
    private final EventRecorder events;
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public EphemeralClaims(Client client, EventRecorder events) {
        this.client = client;
        this.events = events;
    }

    @Override
    public String name() {
        return "ephemeral-volume";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.pods().handler(Caches.each(pod -> {
            if (pod.getSpec().getVolumes() != null && pod.getSpec().getVolumes().stream().anyMatch(volume -> volume.getEphemeral() != null)) {
                wake.accept(ObjectKey.of(pod));
            }
        }));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Pod pod = caches.pods().get(key).orElse(null);
        if (pod == null || pod.getMetadata().getDeletionTimestamp() != null) {
            return Optional.empty();
        }
        for (Volume volume : pod.getSpec().getVolumes()) {
            if (volume.getEphemeral() != null) {
                make(key, pod, volume.getName(), volume.getEphemeral().getVolumeClaimTemplate());
            }
        }
        return Optional.empty();
    }

    private void make(ObjectKey key, Pod pod, String volume, PersistentVolumeClaimTemplate template) {
        String name = key.name() + "-" + volume;
        Optional<PersistentVolumeClaim> there = client.of(Kind.PERSISTENT_VOLUME_CLAIM).find(new ObjectKey(key.tenant(), key.namespace(), name));
        if (there.isPresent()) {
            if (there.get().getMetadata().getOwnerReferences().stream().noneMatch(owner -> pod.getMetadata().getUid().equals(owner.getUid()))) {
                failed(key, pod, "PVC " + key.namespace() + "/" + name + " was not created for pod " + key.namespace() + "/" + key.name() + " (pod is not owner)");
            }
            return;
        }
        ObjectMeta meta = template.getMetadata() == null ? new ObjectMeta() : template.getMetadata();
        try {
            client.of(Kind.PERSISTENT_VOLUME_CLAIM).create(key.tenant(), new PersistentVolumeClaimBuilder()
                    .withNewMetadata()
                    .withName(name)
                    .withNamespace(key.namespace())
                    .withLabels(meta.getLabels())
                    .withAnnotations(meta.getAnnotations())
                    .withOwnerReferences(Claims.reference(Kind.POD, pod))
                    .endMetadata()
                    .withSpec(template.getSpec())
                    .build());
        } catch (ApiException refused) {
            if (!refused.isAlreadyExists()) {
                failed(key, pod, "ephemeral volume controller: create PVC " + name + ": " + refused.getMessage());
                throw refused;
            }
        }
    }

    private void failed(ObjectKey key, Pod pod, String why) {
        events.record(key.tenant(), pod, EventRecorder.Type.WARNING, "FailedCreate", why);
    }
}
