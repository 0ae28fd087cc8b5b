package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Namespace;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Empties tenants that are being deleted, namespace by namespace, then lets them go by taking their finalizer; what remains of a tenant
/// then (its empty base namespaces, its authority) goes with the Tenant itself.
final class TenantDeletion implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(TenantDeletion.class);
    private static final String FINALIZER = "hypernetes.io/tenant";
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    private final Client client;
    private final NamespaceContent content;
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    TenantDeletion(Client client) {
        this.client = client;
        this.content = new NamespaceContent(client);
    }

    @Override
    public String name() {
        return "tenant-deletion";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.tenants().handler(Caches.keys(wake));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        GenericKubernetesResource tenant = caches.tenants().get(key).orElse(null);
        if (tenant == null || tenant.getMetadata().getDeletionTimestamp() == null || !finalizers(tenant).contains(FINALIZER)) {
            return Optional.empty();
        }
        Map<String, Integer> left = new TreeMap<>();
        for (Namespace namespace : client.of(Kind.NAMESPACE).list(Scope.tenant(key.name()), Selection.everything()).items()) {
            content.empty(key.name(), namespace.getMetadata().getName()).resources().forEach((kind, count) -> left.merge(kind, count, Integer::sum));
        }
        if (!left.isEmpty()) {
            LOG.debug("event=tenant-not-empty tenant={} left={}", key.name(), left);
            return Optional.of(LOOK_AGAIN);
        }
        client.of(Kind.TENANT).change(key, null, current -> {
            if (!finalizers(current).contains(FINALIZER)) {
                return null;
            }
            current.getMetadata().setFinalizers(finalizers(current).stream().filter(finalizer -> !finalizer.equals(FINALIZER)).toList());
            return current;
        });
        LOG.info("event=tenant-emptied tenant={}", key.name());
        return Optional.empty();
    }

    private static List<String> finalizers(GenericKubernetesResource tenant) {
        return tenant.getMetadata().getFinalizers() == null ? List.of() : tenant.getMetadata().getFinalizers();
    }
}
