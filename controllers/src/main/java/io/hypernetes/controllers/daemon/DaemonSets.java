package io.hypernetes.controllers.daemon;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetBuilder;
import io.fabric8.kubernetes.api.model.apps.DaemonSetStatus;
import io.fabric8.kubernetes.api.model.apps.DaemonSetStatusBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.EventRecorder.Type;
import io.hypernetes.client.Informer;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.history.RevisionHistory;
import io.hypernetes.controllers.pods.Claims;
import io.hypernetes.controllers.pods.OwnWrites;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Keeps a pod of each DaemonSet on every node that it selects.
public final class DaemonSets implements Controller {
    private static final Duration UNSEEN = Duration.ofSeconds(1);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(15);
    private static final int MOST_AT_ONCE = 250;

    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    /// When a pod that ended may be replaced, by set and node: one that fails at once must not be made in a tight loop.
    private final Map<String, Pause> pauses = new ConcurrentHashMap<>();
    private Caches caches;
    private Claims<DaemonSet, Pod> claims;
    private RevisionHistory<DaemonSet> history;
    private PodControl control;

    private record Pause(Instant since, Duration length) {}

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public DaemonSets(Client client, EventRecorder events, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "daemonset";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.claims = new Claims<>(client, Kind.DAEMON_SET, Kind.POD, caches.byController(Kind.POD));
        this.history = new RevisionHistory<>(client, Kind.DAEMON_SET, DaemonPods.REVISION, caches);
        this.control = new PodControl(client, events, Kind.DAEMON_SET, new OwnWrites<>(caches.pods()));
        Informer<DaemonSet> sets = caches.of(Kind.DAEMON_SET);
        var setsByNamespace = caches.byNamespace(Kind.DAEMON_SET);
        sets.handler(Caches.keys(wake));
        caches.pods().handler(Caches.controllers(Kind.DAEMON_SET, wake));
        caches.pods().handler(Caches.each(orphan -> {
            if (Caches.controllerRef(orphan) == null) {
                setsByNamespace.get(Caches.namespaceOf(ObjectKey.of(orphan))).stream()
                        .filter(set -> Selectors.of(set.getSpec().getSelector())
                                .filter(labels -> labels.matches(Selectors.labelsOf(orphan)))
                                .isPresent())
                        .forEach(set -> wake.accept(ObjectKey.of(set)));
            }
        }));
        caches.nodes().handler(new Informer.Handler<>() {
            @Override
            public void added(Node node) {
                sets.list().forEach(set -> wake.accept(ObjectKey.of(set)));
            }

            @Override
            public void updated(Node before, Node now) {
                // Heartbeats change the status alone.
                boolean same = Objects.equals(before.getMetadata().getLabels(), now.getMetadata().getLabels())
                        && Objects.equals(before.getSpec(), now.getSpec());
                if (!same) {
                    added(now);
                }
            }

            @Override
            public void deleted(Node last) {
                added(last);
            }
        });
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) throws InterruptedException {
        DaemonSet set = caches.of(Kind.DAEMON_SET).get(key).orElse(null);
        LabelSelector selector = set == null ? null : Selectors.of(set.getSpec().getSelector()).orElse(null);
        if (set == null || selector == null || selector.isEverything() || set.getMetadata().getDeletionTimestamp() != null) {
            pauses.keySet().removeIf(pause -> set == null && pause.startsWith(key + "/"));
            return Optional.empty();
        }
        if (!control.own().visible(key) || !history.visible(key)) {
            return Optional.of(UNSEEN);
        }
        List<ControllerRevision> revisions = history.of(key, set, selector);
        Integer collisions = set.getStatus() == null ? null : set.getStatus().getCollisionCount();
        Optional<ControllerRevision> current = history.current(key, set, set.getSpec().getTemplate(), revisions, collisions);
        if (current.isEmpty()) {
            write(key, set, new DaemonSetStatusBuilder(set.getStatus() == null ? new DaemonSetStatus() : set.getStatus())
                    .withCollisionCount(collisions == null ? 1 : collisions + 1).build());
            return Optional.empty();
        }
        String hash = history.hash(current.get());
        List<Pod> pods = claims.of(key, set, selector);
        List<Node> nodes = caches.nodes().list().stream().sorted(Comparator.comparing(node -> node.getMetadata().getName())).toList();
        DaemonPlan plan = DaemonPlan.of(set, hash, nodes, pods, clock.instant());

        Optional<Duration> again = Optional.empty();
        RuntimeException failure = null;
        try {
            again = apply(key, set, hash, plan);
        } catch (ApiException refused) {
            failure = refused;
        }
        write(key, set, status(set, plan.counts()));
        if (failure != null) {
            throw failure;
        }
        Set<String> inUse = new HashSet<>();
        inUse.add(current.get().getMetadata().getName());
        Set<String> hashes = new HashSet<>();
        pods.forEach(pod -> hashes.add(DaemonPods.revisionOf(pod)));
        revisions.stream().filter(revision -> hashes.contains(history.hash(revision))).forEach(revision -> inUse.add(revision.getMetadata().getName()));
        history.truncate(key, revisions, inUse, set.getSpec().getRevisionHistoryLimit());
        return again.isPresent() ? again : untilAvailable(set, pods);
    }

    private Optional<Duration> untilAvailable(DaemonSet set, List<Pod> pods) {
        int minReady = set.getSpec().getMinReadySeconds() == null ? 0 : set.getSpec().getMinReadySeconds();
        return minReady == 0
                ? Optional.empty()
                : pods.stream().flatMap(pod -> PodState.untilAvailable(pod, minReady, clock.instant()).stream()).filter(Duration::isPositive).min(Duration::compareTo);
    }

    private Optional<Duration> apply(ObjectKey key, DaemonSet set, String hash, DaemonPlan plan) throws InterruptedException {
        Instant now = clock.instant();
        Optional<Duration> again = Optional.empty();
        List<Pod> delete = new java.util.ArrayList<>(plan.delete());
        for (Pod pod : plan.failed()) {
            Duration left = pause(key, DaemonPods.target(pod), now);
            if (left.isPositive()) {
                delete.removeIf(other -> other == pod);
                again = again.filter(known -> known.compareTo(left) < 0).or(() -> Optional.of(left));
                continue;
            }
            boolean failed = PodState.phase(pod).equals("Failed");
            events.record(key.tenant(), set, failed ? Type.WARNING : Type.NORMAL,
                    failed ? "FailedDaemonPod" : "SucceededDaemonPod",
                    "Found " + (failed ? "failed" : "succeeded") + " daemon pod " + key.namespace() + "/" + pod.getMetadata().getName()
                            + " on node " + DaemonPods.target(pod) + ", will try to " + (failed ? "kill" : "delete") + " it");
        }
        List<String> create = plan.create().subList(0, Math.min(MOST_AT_ONCE, plan.create().size()));
        PodControl.slowStart(create.size(), number -> control.create(key, set,
                DaemonPods.bound(control.fromTemplate(set, set.getSpec().getTemplate()), set, create.get(number), hash)));
        control.deleteAll(key, set, delete);
        return again;
    }

    /// How long a pod that ended on a node has to wait for its successor: none the first time, then twice as long each time.
    private Duration pause(ObjectKey key, String node, Instant now) {
        Pause pause = pauses.compute(key + "/" + node, (same, known) -> {
            if (known == null || known.since.plus(LONGEST_PAUSE.multipliedBy(2)).isBefore(now)) {
                return new Pause(now, Duration.ZERO);
            }
            if (known.since.plus(known.length).isAfter(now)) {
                return known;
            }
            Duration next = known.length.isZero() ? FIRST_PAUSE : known.length.multipliedBy(2);
            return new Pause(now, next.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : next);
        });
        // A pause that began just now lets this one through.
        return pause.since.equals(now) ? Duration.ZERO : Duration.between(now, pause.since.plus(pause.length));
    }

    private static DaemonSetStatus status(DaemonSet set, DaemonPlan.Counts counts) {
        return new DaemonSetStatusBuilder(set.getStatus() == null ? new DaemonSetStatus() : set.getStatus())
                .withDesiredNumberScheduled(counts.desired())
                .withCurrentNumberScheduled(counts.current())
                .withNumberMisscheduled(counts.misscheduled())
                .withNumberReady(counts.ready())
                .withUpdatedNumberScheduled(orNull(counts.updated()))
                .withNumberAvailable(orNull(counts.available()))
                .withNumberUnavailable(orNull(counts.desired() - counts.available()))
                .withObservedGeneration(set.getMetadata().getGeneration())
                .build();
    }

    private void write(ObjectKey key, DaemonSet set, DaemonSetStatus status) {
        if (status.equals(set.getStatus())) {
            return;
        }
        try {
            client.of(Kind.DAEMON_SET).update(key.tenant(), new DaemonSetBuilder(set).withStatus(status).build(), "status");
        } catch (ApiException refused) {
            if (!refused.isNotFound()) {
                throw refused;
            }
        }
    }

    private static @Nullable Integer orNull(int count) {
        return count == 0 ? null : count;
    }
}
