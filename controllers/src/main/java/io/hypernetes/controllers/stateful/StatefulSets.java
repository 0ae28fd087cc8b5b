package io.hypernetes.controllers.stateful;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSetBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSetStatus;
import io.fabric8.kubernetes.api.model.apps.StatefulSetStatusBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.history.RevisionHistory;
import io.hypernetes.controllers.pods.Claims;
import io.hypernetes.controllers.pods.OwnWrites;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/// Brings the pods of each StatefulSet to its size and template, one after the other unless it says that order does not matter.
public final class StatefulSets implements Controller {
    private static final Duration UNSEEN = Duration.ofSeconds(1);
    private static final int MOST_REVISIONS_TRIED = 10;

    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    private Caches caches;
    private Claims<StatefulSet, Pod> claims;
    private RevisionHistory<StatefulSet> history;
    private OwnWrites<Pod> own;
    private Informer<PersistentVolumeClaim> volumeClaims;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public StatefulSets(Client client, EventRecorder events, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "statefulset";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.claims = new Claims<>(client, Kind.STATEFUL_SET, Kind.POD, caches.byController(Kind.POD));
        this.history = new RevisionHistory<>(client, Kind.STATEFUL_SET, "controller.kubernetes.io/hash", caches);
        this.own = new OwnWrites<>(caches.pods());
        this.volumeClaims = caches.of(Kind.PERSISTENT_VOLUME_CLAIM);
        var sets = caches.byNamespace(Kind.STATEFUL_SET);
        caches.of(Kind.STATEFUL_SET).handler(Caches.keys(wake));
        caches.pods().handler(Caches.controllers(Kind.STATEFUL_SET, wake));
        caches.pods().handler(Caches.each(orphan -> {
            if (Caches.controllerRef(orphan) == null) {
                sets.get(Caches.namespaceOf(ObjectKey.of(orphan))).stream()
                        .filter(set -> StatefulPods.ordinal(set, orphan).isPresent())
                        .forEach(set -> wake.accept(ObjectKey.of(set)));
            }
        }));
        volumeClaims.handler(new Informer.Handler<PersistentVolumeClaim>() {
            @Override
            public void added(PersistentVolumeClaim claim) {}

            @Override
            public void updated(PersistentVolumeClaim before, PersistentVolumeClaim now) {
                if (!StatefulClaims.owners(before).equals(StatefulClaims.owners(now))) {
                    deleted(now);
                }
            }

            @Override
            public void deleted(PersistentVolumeClaim last) {
                sets.get(Caches.namespaceOf(ObjectKey.of(last))).stream()
                        .filter(set -> StatefulClaims.isOf(set, last.getMetadata().getName()))
                        .forEach(set -> wake.accept(ObjectKey.of(set)));
            }
        });
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) throws InterruptedException {
        StatefulSet set = caches.of(Kind.STATEFUL_SET).get(key).orElse(null);
        LabelSelector selector = set == null ? null : Selectors.of(set.getSpec().getSelector()).orElse(null);
        if (set == null || selector == null || selector.isEverything()) {
            return Optional.empty();
        }
        if (!own.visible(key) || !history.visible(key)) {
            return Optional.of(UNSEEN);
        }
        List<ControllerRevision> revisions = history.of(key, set, selector);
        List<Pod> pods = claims.of(key, set, selector, pod -> StatefulPods.ordinal(set, pod).isPresent()).stream()
                .filter(pod -> StatefulPods.ordinal(set, pod).isPresent())
                .toList();
        Integer collisions = set.getStatus() == null ? null : set.getStatus().getCollisionCount();
        Optional<ControllerRevision> update = Optional.empty();
        int tried = 0;
        for (; update.isEmpty() && tried < MOST_REVISIONS_TRIED; tried++) {
            update = history.current(key, set, set.getSpec().getTemplate(), revisions, (collisions == null ? 0 : collisions) + tried);
        }
        if (update.isEmpty()) {
            throw new IllegalStateException(key + ": no free name for a ControllerRevision after " + tried + " tries");
        }
        Integer collisionsNow = tried == 1 ? collisions : (Integer) ((collisions == null ? 0 : collisions) + tried - 1);
        ControllerRevision updateRevision = update.get();
        String currentName = set.getStatus() == null ? null : set.getStatus().getCurrentRevision();
        ControllerRevision currentRevision = revisions.stream()
                .filter(revision -> revision.getMetadata().getName().equals(currentName))
                .findFirst()
                .orElse(updateRevision);
        StatefulStep step = new StatefulStep(
                client, events, own, clock.instant(), key, set, new StatefulClaims(client, volumeClaims, events, key, set), pods,
                currentRevision, updateRevision);
        RuntimeException failure = null;
        try {
            step.take();
        } catch (ApiException refused) {
            failure = refused;
        }
        write(key, set, step.status(collisionsNow));
        if (failure != null) {
            throw failure;
        }
        Set<String> inUse = new HashSet<>(List.of(
                currentRevision.getMetadata().getName(), updateRevision.getMetadata().getName()));
        pods.forEach(pod -> inUse.add(StatefulPods.revisionOf(pod)));
        history.truncate(key, revisions, inUse, set.getSpec().getRevisionHistoryLimit());
        int minReady = set.getSpec().getMinReadySeconds() == null ? 0 : set.getSpec().getMinReadySeconds();
        return minReady == 0
                ? Optional.empty()
                : pods.stream().flatMap(pod -> PodState.untilAvailable(pod, minReady, clock.instant()).stream()).filter(Duration::isPositive).min(Duration::compareTo);
    }

    private void write(ObjectKey key, StatefulSet set, StatefulSetStatus status) {
        StatefulSetStatus before = set.getStatus() == null ? new StatefulSetStatus() : set.getStatus();
        StatefulSetStatus now = new StatefulSetStatusBuilder(status)
                .withConditions(before.getConditions())
                .withObservedGeneration(set.getMetadata().getGeneration())
                .build();
        if (Objects.equals(now, set.getStatus())) {
            return;
        }
        try {
            client.of(Kind.STATEFUL_SET).update(key.tenant(), new StatefulSetBuilder(set).withStatus(now).build(), "status");
        } catch (ApiException refused) {
            if (!refused.isNotFound()) {
                throw refused;
            }
        }
    }
}
