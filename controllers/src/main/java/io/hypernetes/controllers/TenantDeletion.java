package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Scope;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Empties tenants that are being deleted: first of what might refuse the rest, then namespace by namespace, then of what finalizers hold
/// outside of namespaces; and lets them go by taking their finalizer. What remains of a tenant
/// then (its empty base namespaces, its authority) goes with the Tenant itself.
final class TenantDeletion implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(TenantDeletion.class);
    private static final String FINALIZER = "hypernetes.io/tenant";
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    private final Client client;
    private final NamespaceContent content;
    private final ClusterContent outside;
    private final InstantSource clock;
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    TenantDeletion(Client client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
        this.content = new NamespaceContent(client);
        this.outside = new ClusterContent(client);
    }

    @Override
    public String name() {
        return "tenant-deletion";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.tenants().handler(Caches.marked(wake));
    }

    @Override
    public String tenantOf(ObjectKey key) {
        return key.name();
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        GenericKubernetesResource tenant = caches.tenants().get(key).orElse(null);
        if (tenant == null || tenant.getMetadata().getDeletionTimestamp() == null || !finalizers(tenant).contains(FINALIZER)) {
            return Optional.empty();
        }
        outside.dismissJudges(key.name());
        NamespaceContent.Left left = new NamespaceContent.Left();
        List<String> namespaces = new ArrayList<>();
        client.of(Kind.NAMESPACE).each(Scope.tenant(key.name()), namespace -> namespaces.add(namespace.getName()));
        for (String namespace : namespaces) {
            content.empty(key.name(), namespace, left);
        }
        if (left.isEmpty()) {
            // Volumes, for one, can be let go only when no claim and no pod has them any more.
            outside.empty(key.name(), left);
        }
        if (!left.isEmpty()) {
            tell(key, left);
            left.rethrow();
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

    /// Says in the Tenant's status how far its deletion is, and what holds it.
    private void tell(ObjectKey key, NamespaceContent.Left left) {
        String message = message(left);
        String reason = !left.failures().isEmpty() ? "ContentDeletionFailed" : left.finalizers().isEmpty() ? "SomeResourcesRemain" : "SomeFinalizersRemain";
        client.of(Kind.TENANT).change(key, "status", current -> {
            Map<String, Object> status = new TreeMap<>();
            if (current.getAdditionalProperties().get("status") instanceof Map<?, ?> known) {
                known.forEach((name, value) -> status.put(String.valueOf(name), value));
            }
            String since = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
            if (status.get("conditions") instanceof List<?> known && !known.isEmpty() && known.getFirst() instanceof Map<?, ?> last) {
                if (message.equals(last.get("message"))) {
                    return null;
                }
                since = String.valueOf(last.get("lastTransitionTime"));
            }
            status.put("phase", "Terminating");
            status.put("conditions", List.of(Map.of("type", "ContentRemaining", "status", "True", "reason", reason,
                    "message", message, "lastTransitionTime", since)));
            current.setAdditionalProperty("status", status);
            return current;
        });
    }

    private static String message(NamespaceContent.Left left) {
        List<String> parts = new ArrayList<>();
        if (!left.resources().isEmpty()) {
            parts.add("left: " + text(left.resources()));
        }
        if (!left.finalizers().isEmpty()) {
            parts.add("held by finalizers: " + text(left.finalizers()));
        }
        if (!left.failures().isEmpty()) {
            parts.add(left.complaints());
        }
        return String.join("; ", parts);
    }

    private static String text(Map<String, Integer> counts) {
        return NamespaceContent.Left.shown(counts, count -> count.getValue() + " " + count.getKey().replaceFirst("\\.$", ""));
    }

    private static List<String> finalizers(GenericKubernetesResource tenant) {
        return tenant.getMetadata().getFinalizers() == null ? List.of() : tenant.getMetadata().getFinalizers();
    }
}
