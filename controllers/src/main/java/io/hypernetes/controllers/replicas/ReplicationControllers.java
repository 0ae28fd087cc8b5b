package io.hypernetes.controllers.replicas;

import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.ReplicationControllerBuilder;
import io.fabric8.kubernetes.api.model.ReplicationControllerCondition;
import io.fabric8.kubernetes.api.model.ReplicationControllerConditionBuilder;
import io.fabric8.kubernetes.api.model.ReplicationControllerStatus;
import io.fabric8.kubernetes.api.model.ReplicationControllerStatusBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/// Keeps the pods of each ReplicationController at the number it asks for.
public final class ReplicationControllers implements Controller {
    private static final String FAILURE = "ReplicaFailure";

    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    private Caches caches;
    private Replicas<ReplicationController> replicas;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public ReplicationControllers(Client client, EventRecorder events, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "replicationcontroller";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.replicas = new Replicas<>(client, events, clock, Kind.REPLICATION_CONTROLLER, caches, wake);
        caches.pods().handler(Caches.each(pod -> replicas.wakeForOrphan(pod, wake, set -> selector(set))));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) throws InterruptedException {
        ReplicationController set = caches.of(Kind.REPLICATION_CONTROLLER).get(key).orElse(null);
        if (set == null) {
            return Optional.empty();
        }
        Optional<LabelSelector> selector = selector(set);
        if (selector.isEmpty()) {
            return Optional.empty();
        }
        int wanted = set.getSpec().getReplicas() == null ? 1 : set.getSpec().getReplicas();
        int minReady = set.getSpec().getMinReadySeconds() == null ? 0 : set.getSpec().getMinReadySeconds();
        Optional<Replicas.Outcome> step = replicas.step(
                key, set, new Replicas.Wanted(wanted, selector.get(), set.getSpec().getTemplate(), minReady));
        if (step.isEmpty()) {
            return Replicas.unseen();
        }
        ReplicationControllerStatus now = status(set, step.get());
        if (!now.equals(set.getStatus())) {
            replicas.write(key, new ReplicationControllerBuilder(set).withStatus(now).build());
        }
        return step.get().end();
    }

    /// A selector of exact labels; none selects nothing.
    private static Optional<LabelSelector> selector(ReplicationController set) {
        Map<String, String> labels = set.getSpec().getSelector();
        return labels == null || labels.isEmpty() ? Optional.empty() : Optional.of(LabelSelector.ofLabels(labels));
    }

    private ReplicationControllerStatus status(ReplicationController set, Replicas.Outcome outcome) {
        ReplicationControllerStatus before = set.getStatus() == null ? new ReplicationControllerStatus() : set.getStatus();
        return new ReplicationControllerStatusBuilder(before)
                .withReplicas(outcome.replicas())
                .withFullyLabeledReplicas(Replicas.Outcome.shown(outcome.labeled()))
                .withReadyReplicas(Replicas.Outcome.shown(outcome.ready()))
                .withAvailableReplicas(Replicas.Outcome.shown(outcome.available()))
                .withObservedGeneration(set.getMetadata().getGeneration())
                .withConditions(conditions(before, outcome))
                .build();
    }

    private List<ReplicationControllerCondition> conditions(ReplicationControllerStatus before, Replicas.Outcome outcome) {
        List<ReplicationControllerCondition> conditions = new ArrayList<>(before.getConditions() == null ? List.of() : before.getConditions());
        Replicas.Failure failure = outcome.failure();
        if (failure == null) {
            conditions.removeIf(condition -> FAILURE.equals(condition.getType()));
            return conditions;
        }
        boolean told = conditions.stream().anyMatch(condition -> FAILURE.equals(condition.getType())
                && Objects.equals(condition.getReason(), failure.reason()));
        if (!told) {
            conditions.removeIf(condition -> FAILURE.equals(condition.getType()));
            conditions.add(new ReplicationControllerConditionBuilder()
                    .withType(FAILURE)
                    .withStatus("True")
                    .withReason(failure.reason())
                    .withMessage(failure.message())
                    .withLastTransitionTime(clock.instant().truncatedTo(ChronoUnit.SECONDS).toString())
                    .build());
        }
        return conditions;
    }
}
