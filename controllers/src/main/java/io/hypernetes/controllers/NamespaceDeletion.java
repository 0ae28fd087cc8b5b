package io.hypernetes.controllers;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceCondition;
import io.fabric8.kubernetes.api.model.NamespaceConditionBuilder;
import io.fabric8.kubernetes.api.model.NamespaceStatus;
import io.hypernetes.client.Client;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
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
    private final InstantSource clock;
    private final NamespaceContent content;
    private Caches caches;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    NamespaceDeletion(Client client, InstantSource clock) {
        this.client = client;
        this.clock = clock;
        this.content = new NamespaceContent(client);
    }

    @Override
    public String name() {
        return "namespace-deletion";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        caches.namespaces().handler(Caches.marked(wake));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Namespace namespace = caches.namespaces().get(key).orElse(null);
        if (namespace == null || namespace.getMetadata().getDeletionTimestamp() == null) {
            return Optional.empty();
        }
        NamespaceContent.Left left = content.empty(key.tenant(), key.name());
        tell(key, left);
        left.rethrow();
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

    /// Says in the namespace's conditions what holds it back, once there is something to say.
    private void tell(ObjectKey key, NamespaceContent.Left left) {
        client.of(Kind.NAMESPACE).change(key, "status", current -> {
            NamespaceStatus status = current.getStatus() == null ? new NamespaceStatus() : current.getStatus();
            boolean told = status.getConditions() != null && !status.getConditions().isEmpty();
            if (left.isEmpty() && !told) {
                return null;
            }
            List<NamespaceCondition> conditions = new ArrayList<>();
            conditions.add(condition(status, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered"));
            conditions.add(condition(status, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
                    "All legacy kube types successfully parsed"));
            conditions.add(left.failures().isEmpty()
                    ? condition(status, "NamespaceDeletionContentFailure", false, "ContentDeleted",
                            "All content successfully deleted, may be waiting on finalization")
                    : condition(status, "NamespaceDeletionContentFailure", true, "ContentDeletionFailed", left.complaints()));
            conditions.add(left.resources().isEmpty()
                    ? condition(status, "NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed")
                    : condition(status, "NamespaceContentRemaining", true, "SomeResourcesRemain", "Some resources are remaining: "
                            + text(left.resources(), " has ", " resource instances")));
            conditions.add(left.finalizers().isEmpty()
                    ? condition(status, "NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished")
                    : condition(status, "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
                            "Some content in the namespace has finalizers remaining: " + text(left.finalizers(), " in ", " resource instances")));
            if (conditions.equals(status.getConditions())) {
                return null;
            }
            status.setConditions(conditions);
            current.setStatus(status);
            return current;
        });
    }

    private static String text(Map<String, Integer> counts, String between, String after) {
        return NamespaceContent.Left.shown(counts, count -> count.getKey() + between + count.getValue() + after);
    }

    private NamespaceCondition condition(NamespaceStatus before, String type, boolean holds, String reason, String message) {
        String status = holds ? "True" : "False";
        String since = before.getConditions() == null ? null : before.getConditions().stream()
                .filter(known -> type.equals(known.getType()) && status.equals(known.getStatus()))
                .map(NamespaceCondition::getLastTransitionTime)
                .findFirst()
                .orElse(null);
        return new NamespaceConditionBuilder().withType(type).withStatus(status).withReason(reason).withMessage(message)
                .withLastTransitionTime(since != null ? since : clock.instant().truncatedTo(ChronoUnit.SECONDS).toString()).build();
    }
}
