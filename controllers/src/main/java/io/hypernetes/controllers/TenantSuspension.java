package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.Client;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Marks the pods of a suspended tenant, so that their nodes stop them and keep them, and takes the mark when it is resumed. The Tenant's phase says how far that is.
final class TenantSuspension implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(TenantSuspension.class);
    private static final String ANNOTATION = "hypernetes.io/suspended";

    private final Client client;
    private final InstantSource clock;
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    TenantSuspension(Client client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "tenant-suspension";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.tenants().handler(Caches.keys(wake));
        caches.pods().handler(new Informer.Handler<>() {
            @Override
            public void added(Pod pod) {
                // Only what may have been made while the tenant changed: one that is marked, or whose tenant is suspended.
                ObjectKey tenant = ObjectKey.root(ObjectKey.of(pod).tenant());
                if (marked(pod) || caches.tenants().get(tenant).map(TenantSuspension::suspended).orElse(false)) {
                    wake.accept(tenant);
                }
            }

            @Override
            public void updated(Pod before, Pod now) {
                if (marked(before) != marked(now)) {
                    added(now);
                }
            }

            @Override
            public void deleted(Pod last) {}
        });
    }

    @Override
    public String tenantOf(ObjectKey key) {
        return key.name();
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        GenericKubernetesResource tenant = caches.tenants().get(key).orElse(null);
        if (tenant == null || tenant.getMetadata().getDeletionTimestamp() != null) {
            return Optional.empty();
        }
        boolean suspended = suspended(tenant);
        int changed = 0;
        for (Pod pod : caches.pods().list(each -> ObjectKey.of(each).tenant().equals(key.name()) && marked(each) != suspended)) {
            mark(ObjectKey.of(pod), suspended);
            changed++;
        }
        String phase = suspended ? "Suspended" : "Active";
        // Every tenant that is made comes by here, and is what it is already.
        if (!(tenant.getAdditionalProperties().get("status") instanceof Map<?, ?> status && phase.equals(status.get("phase")))) {
            phase(key, phase);
        }
        if (changed > 0) {
            LOG.info("event=tenant-pods-marked tenant={} suspended={} pods={}", key.name(), suspended, changed);
        }
        return Optional.empty();
    }

    private void mark(ObjectKey key, boolean suspended) {
        client.of(Kind.POD).change(key, null, current -> {
            if (marked(current) == suspended) {
                return null;
            }
            Map<String, String> annotations = current.getMetadata().getAnnotations() == null
                    ? new HashMap<>() : new HashMap<>(current.getMetadata().getAnnotations());
            if (suspended) {
                annotations.put(ANNOTATION, clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
            } else {
                annotations.remove(ANNOTATION);
            }
            current.getMetadata().setAnnotations(annotations);
            return current;
        });
    }

    private void phase(ObjectKey key, String phase) {
        client.of(Kind.TENANT).change(key, "status", current -> {
            Map<String, Object> status = new TreeMap<>();
            if (current.getAdditionalProperties().get("status") instanceof Map<?, ?> known) {
                known.forEach((name, value) -> status.put(String.valueOf(name), value));
            }
            if (phase.equals(status.get("phase"))) {
                return null;
            }
            status.put("phase", phase);
            current.setAdditionalProperty("status", status);
            return current;
        });
    }

    private static boolean suspended(GenericKubernetesResource tenant) {
        return tenant.getAdditionalProperties().get("spec") instanceof Map<?, ?> spec && Boolean.TRUE.equals(spec.get("suspended"));
    }

    private static boolean marked(Pod pod) {
        return pod.getMetadata().getAnnotations() != null && pod.getMetadata().getAnnotations().containsKey(ANNOTATION);
    }
}
