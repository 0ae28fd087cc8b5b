package io.hypernetes.controllers.replicas;

import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetCondition;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetConditionBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetStatus;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetStatusBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/// Keeps the pods of each ReplicaSet at the number it asks for.
public final class ReplicaSets implements Controller {
    private static final String FAILURE = "ReplicaFailure";

    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    private Caches caches;
    private Replicas<ReplicaSet> replicas;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public ReplicaSets(Client client, EventRecorder events, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "replicaset";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.replicas = new Replicas<>(client, events, clock, Kind.REPLICA_SET, caches, wake);
        caches.pods().handler(Caches.each(pod -> replicas.wakeForOrphan(pod, wake, set -> Selectors.of(set.getSpec().getSelector()))));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) throws InterruptedException {
        ReplicaSet set = caches.of(Kind.REPLICA_SET).get(key).orElse(null);
        if (set == null) {
            return Optional.empty();
        }
        var selector = Selectors.of(set.getSpec().getSelector());
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
        ReplicaSetStatus now = status(set, step.get());
        if (!now.equals(set.getStatus())) {
            replicas.write(key, new ReplicaSetBuilder(set).withStatus(now).build());
        }
        return step.get().end();
    }

    private ReplicaSetStatus status(ReplicaSet set, Replicas.Outcome outcome) {
        ReplicaSetStatus before = set.getStatus() == null ? new ReplicaSetStatus() : set.getStatus();
        return new ReplicaSetStatusBuilder(before)
                .withReplicas(outcome.replicas())
                .withFullyLabeledReplicas(Replicas.Outcome.shown(outcome.labeled()))
                .withReadyReplicas(Replicas.Outcome.shown(outcome.ready()))
                .withAvailableReplicas(Replicas.Outcome.shown(outcome.available()))
                .withTerminatingReplicas(outcome.terminating())
                .withObservedGeneration(set.getMetadata().getGeneration())
                .withConditions(conditions(before, outcome))
                .build();
    }

    private List<ReplicaSetCondition> conditions(ReplicaSetStatus before, Replicas.Outcome outcome) {
        List<ReplicaSetCondition> conditions = new ArrayList<>(before.getConditions() == null ? List.of() : before.getConditions());
        Replicas.Failure failure = outcome.failure();
        if (failure == null) {
            conditions.removeIf(condition -> FAILURE.equals(condition.getType()));
            return conditions;
        }
        boolean told = conditions.stream().anyMatch(condition -> FAILURE.equals(condition.getType())
                && Objects.equals(condition.getReason(), failure.reason()));
        if (!told) {
            conditions.removeIf(condition -> FAILURE.equals(condition.getType()));
            conditions.add(new ReplicaSetConditionBuilder()
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
