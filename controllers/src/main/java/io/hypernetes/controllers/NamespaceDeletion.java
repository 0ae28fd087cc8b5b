package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Namespace;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Empties namespaces that are being deleted, then lets them go by taking their `kubernetes` finalizer.
final class NamespaceDeletion implements Controller {
    private static final Logger LOG = LoggerFactory.getLogger(NamespaceDeletion.class);
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(1);

    private final Client client;
    private final NamespaceContent content;
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    NamespaceDeletion(Client client) {
        this.client = client;
        this.content = new NamespaceContent(client);
    }

    @Override
    public String name() {
        return "namespace-deletion";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.namespaces().handler(Caches.keys(wake));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Namespace namespace = caches.namespaces().get(key).orElse(null);
        if (namespace == null || namespace.getMetadata().getDeletionTimestamp() == null) {
            return Optional.empty();
        }
        Map<String, Integer> left = content.empty(key.tenant(), key.name());
        if (!left.isEmpty()) {
            LOG.debug("event=namespace-not-empty namespace={} left={}", key, left);
            return Optional.of(LOOK_AGAIN);
        }
        client.of(Kind.NAMESPACE).change(key, "finalize", current -> {
            List<String> finalizers = current.getSpec() == null ? List.of() : current.getSpec().getFinalizers();
            if (!finalizers.contains("kubernetes")) {
                return null;
            }
            current.getSpec().setFinalizers(finalizers.stream().filter(finalizer -> !finalizer.equals("kubernetes")).toList());
            return current;
        });
        LOG.info("event=namespace-emptied namespace={}", key);
        return Optional.empty();
    }
}
