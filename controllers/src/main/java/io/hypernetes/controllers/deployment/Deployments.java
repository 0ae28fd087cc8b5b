package io.hypernetes.controllers.deployment;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Index;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.Controller;
import io.hypernetes.controllers.pods.Claims;
import io.hypernetes.controllers.pods.OwnWrites;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Moves the pods of each Deployment to its present template, as its strategy says.
public final class Deployments implements Controller {
    private static final Duration UNSEEN = Duration.ofSeconds(1);

    private final Client client;
    private final EventRecorder events;
    private final InstantSource clock;
    private Caches caches;
    private Claims<Deployment, ReplicaSet> claims;
    private Index<Pod> podsBySet;
    private ReplicaSetWriter sets;

    @SuppressWarnings("NullAway.Init") // watch() is called before anything starts
    public Deployments(Client client, EventRecorder events, InstantSource clock) {
        this.client = client;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "deployment";
    }

    @Override
    public void watch(Caches caches, Consumer<ObjectKey> wake) {
        this.caches = caches;
        this.claims = new Claims<>(client, Kind.DEPLOYMENT, Kind.REPLICA_SET, caches.byController(Kind.REPLICA_SET));
        this.podsBySet = caches.byController(Kind.POD);
        this.sets = new ReplicaSetWriter(client, events, new OwnWrites<>(caches.of(Kind.REPLICA_SET)));
        Index<Deployment> deployments = caches.byNamespace(Kind.DEPLOYMENT);
        caches.of(Kind.DEPLOYMENT).handler(Caches.keys(wake));
        caches.of(Kind.REPLICA_SET).handler(Caches.controllers(Kind.DEPLOYMENT, wake));
        caches.of(Kind.REPLICA_SET).handler(Caches.each(orphan -> {
            if (Caches.controllerRef(orphan) == null) {
                deployments.get(Caches.namespaceOf(ObjectKey.of(orphan))).stream()
                        .filter(owner -> Selectors.of(owner.getSpec().getSelector())
                                .filter(labels -> labels.matches(Selectors.labelsOf(orphan)))
                                .isPresent())
                        .forEach(owner -> wake.accept(ObjectKey.of(owner)));
            }
        }));
        // Recreate waits for the last old pod to be gone.
        caches.pods().handler(Caches.controllers(Kind.REPLICA_SET, set -> caches.of(Kind.REPLICA_SET).get(set)
                .map(Caches::controllerRef)
                .map(owner -> new ObjectKey(set.tenant(), set.namespace(), owner.getName()))
                .flatMap(owner -> caches.of(Kind.DEPLOYMENT).get(owner))
                .filter(owner -> !Sizes.of(owner).rolling())
                .ifPresent(owner -> wake.accept(ObjectKey.of(owner)))));
    }

    @Override
    public Optional<Duration> reconcile(ObjectKey key) {
        Deployment deployment = caches.of(Kind.DEPLOYMENT).get(key).orElse(null);
        LabelSelector selector = deployment == null ? null : Selectors.of(deployment.getSpec().getSelector()).orElse(null);
        if (deployment == null || selector == null || selector.isEverything()) {
            return Optional.empty();
        }
        if (!sets.own().visible(key)) {
            return Optional.of(UNSEEN);
        }
        return new Step(key, deployment, claims.of(key, deployment, selector)).take();
    }

    /// One look at one Deployment.
    private final class Step {
        private final ObjectKey key;
        private final Deployment deployment;
        private final Sizes sizes;
        private final List<ReplicaSet> all;
        private final Instant now = clock.instant();
        private Optional<ReplicaSet> present;
        private @Nullable DeploymentStatus told;
        private String version;

        Step(ObjectKey key, Deployment deployment, List<ReplicaSet> all) {
            this.key = key;
            this.deployment = deployment;
            this.sizes = Sizes.of(deployment);
            this.all = new ArrayList<>(all);
            this.present = Revisions.current(deployment, all);
            this.version = deployment.getMetadata().getResourceVersion();
        }

        Optional<Duration> take() {
            if (deployment.getMetadata().getDeletionTimestamp() != null) {
                return write(counted());
            }
            boolean paused = Boolean.TRUE.equals(deployment.getSpec().getPaused());
            if (notePause(paused)) {
                return Optional.empty();
            }
            boolean resized = all.stream().anyMatch(set -> Sizes.specified(set) > 0
                    && Revisions.number(set, Revisions.DESIRED, sizes.wanted()) != sizes.wanted());
            if (paused || resized) {
                refreshPresent(false);
                resize();
                if (paused) {
                    cleanUp();
                }
                return write(counted());
            }
            if (!(sizes.rolling() ? roll() : recreate())) {
                // A name was taken by another template: the next step uses another name.
                return Optional.empty();
            }
            DeploymentStatus status = counted();
            Progress.judge(deployment, status, all, present, sizes, now);
            return write(status);
        }

        private List<ReplicaSet> old() {
            return all.stream().filter(set -> present.filter(newest -> newest == set).isEmpty()).toList();
        }

        private List<ReplicaSet> active() {
            return all.stream().filter(set -> Sizes.specified(set) > 0).toList();
        }

        private boolean roll() {
            if (!refreshPresent(true)) {
                return false;
            }
            ReplicaSet newest = present.orElseThrow();
            int size = Sizes.specified(newest) > sizes.wanted() ? sizes.wanted() : sizes.forNew(Sizes.specified(newest), all);
            if (resize(newest, size)) {
                return true;
            }
            List<ReplicaSet> old = old();
            boolean changed = false;
            for (Map.Entry<ReplicaSet, Integer> change : sizes.forOld(old, present, all).entrySet()) {
                changed |= resize(change.getKey(), change.getValue());
            }
            if (!changed && Progress.isComplete(deployment, counted(), sizes)) {
                cleanUp();
            }
            return true;
        }

        private boolean recreate() {
            refreshPresent(false);
            List<ReplicaSet> old = old();
            boolean changed = false;
            for (ReplicaSet set : old) {
                changed |= Sizes.specified(set) > 0 && resize(set, 0);
            }
            boolean oldRuns = old.stream()
                    .flatMap(set -> Caches.controlledBy(podsBySet, key, set.getMetadata().getUid()).stream())
                    .anyMatch(pod -> !PodState.isEnded(pod));
            if (changed || oldRuns) {
                return true;
            }
            if (!refreshPresent(true)) {
                return false;
            }
            ReplicaSet newest = present.orElseThrow();
            if (!resize(newest, sizes.wanted()) && Progress.isComplete(deployment, counted(), sizes)) {
                cleanUp();
            }
            return true;
        }

        /// Brings the ReplicaSet of the present template up to date, or makes it.
        ///
        /// @return false when its name is taken by another
        private boolean refreshPresent(boolean create) {
            long revision = Revisions.highest(old()) + 1;
            if (present.isPresent()) {
                ReplicaSet before = present.get();
                ReplicaSet after = sets.refreshed(key, deployment, before, revision);
                replace(before, after);
                noteRevision(Revisions.of(after));
                if (Progress.condition(deployment.getStatus(), Progress.PROGRESSING) == null) {
                    tell("True", "FoundNewReplicaSet", "Found new replica set \"" + after.getMetadata().getName() + "\"");
                }
                return true;
            }
            if (!create) {
                return true;
            }
            int size = sizes.forNew(0, all);
            try {
                Optional<ReplicaSet> made = sets.created(key, deployment, sizes, size, revision);
                if (made.isEmpty()) {
                    collided();
                    return false;
                }
                present = made;
                all.add(made.get());
            } catch (ApiException refused) {
                String message = "Failed to create new replica set \"" + sets.nameFor(deployment) + "\": " + refused.getMessage();
                DeploymentStatus status = counted();
                Progress.set(status, Progress.PROGRESSING, "False", "ReplicaSetCreateError", message, now);
                write(status);
                events.record(key.tenant(), deployment, EventRecorder.Type.WARNING, "ReplicaSetCreateError", message);
                throw refused;
            }
            noteRevision(revision);
            tell("True", "NewReplicaSetCreated", "Created new replica set \"" + present.get().getMetadata().getName() + "\"");
            return true;
        }

        /// The condition goes out with the status that this step writes in any case.
        private void tell(String value, String reason, String message) {
            if (Progress.hasDeadline(deployment.getSpec().getProgressDeadlineSeconds())) {
                DeploymentStatus status = status();
                Progress.set(status, Progress.PROGRESSING, value, reason, message, now);
                told = status;
            }
        }

        private DeploymentStatus status() {
            DeploymentStatus before = told != null ? told : deployment.getStatus();
            return before == null ? new DeploymentStatus() : new DeploymentStatusBuilder(before).build();
        }

        private DeploymentStatus counted() {
            return Progress.counted(new DeploymentBuilder(deployment).withStatus(status()).build(), all, present, sizes, now);
        }

        private void collided() {
            DeploymentStatus status = status();
            status.setCollisionCount(status.getCollisionCount() == null ? 1 : status.getCollisionCount() + 1);
            write(status);
        }

        private void noteRevision(long revision) {
            if (Revisions.of(deployment) != revision) {
                client.of(Kind.DEPLOYMENT).change(key, null, current -> {
                    if (!current.getMetadata().getUid().equals(deployment.getMetadata().getUid()) || Revisions.of(current) == revision) {
                        return null;
                    }
                    return new DeploymentBuilder(current).editMetadata()
                            .addToAnnotations(Revisions.REVISION, String.valueOf(revision)).endMetadata().build();
                }).ifPresent(after -> version = after.getMetadata().getResourceVersion());
            }
        }

        /// Says in the condition that a Deployment is paused or goes on; true when it had to.
        private boolean notePause(boolean paused) {
            if (!Progress.hasDeadline(deployment.getSpec().getProgressDeadlineSeconds())) {
                return false;
            }
            var condition = Progress.condition(deployment.getStatus(), Progress.PROGRESSING);
            String reason = condition == null ? "" : String.valueOf(condition.getReason());
            if (reason.equals(Progress.TIMED_OUT) || paused == reason.equals(Progress.PAUSED)) {
                return false;
            }
            DeploymentStatus status = status();
            Progress.set(status, Progress.PROGRESSING, "Unknown", paused ? Progress.PAUSED : Progress.RESUMED,
                    paused ? "Deployment is paused" : "Deployment is resumed", now);
            write(status);
            return true;
        }

        private void resize() {
            List<ReplicaSet> active = active();
            if (active.size() <= 1) {
                Optional<ReplicaSet> only = active.isEmpty() ? latest() : Optional.of(active.getFirst());
                only.ifPresent(set -> resize(set, sizes.wanted()));
                return;
            }
            if (present.filter(this::isSaturated).isPresent()) {
                old().stream().filter(set -> Sizes.specified(set) > 0).forEach(set -> resize(set, 0));
            } else if (sizes.rolling()) {
                int before = deployment.getStatus() == null || deployment.getStatus().getReplicas() == null
                        ? 0 : deployment.getStatus().getReplicas();
                sizes.inProportion(active, before).forEach(this::resize);
            }
        }

        private Optional<ReplicaSet> latest() {
            return present.or(() -> all.stream().max(Revisions.OLDEST_FIRST));
        }

        private boolean isSaturated(ReplicaSet set) {
            return Sizes.specified(set) == sizes.wanted()
                    && Revisions.number(set, Revisions.DESIRED, -1) == sizes.wanted()
                    && Sizes.available(set) == sizes.wanted();
        }

        private boolean resize(ReplicaSet set, int size) {
            ReplicaSet after = sets.resized(key, deployment, set, size, sizes);
            replace(set, after);
            return Sizes.specified(after) != Sizes.specified(set);
        }

        private void replace(ReplicaSet before, ReplicaSet after) {
            if (before != after) {
                all.replaceAll(set -> set == before ? after : set);
                if (present.filter(set -> set == before).isPresent()) {
                    present = Optional.of(after);
                }
            }
        }

        private void cleanUp() {
            Integer limit = deployment.getSpec().getRevisionHistoryLimit();
            if (limit == null) {
                return;
            }
            List<ReplicaSet> candidates = old().stream()
                    .filter(set -> set.getMetadata().getDeletionTimestamp() == null)
                    .sorted((one, other) -> Long.compare(Revisions.of(one), Revisions.of(other)))
                    .toList();
            for (ReplicaSet set : candidates.subList(0, Math.max(0, candidates.size() - limit))) {
                boolean idle = Sizes.specified(set) == 0
                        && set.getStatus() != null
                        && (set.getStatus().getReplicas() == null || set.getStatus().getReplicas() == 0)
                        && set.getStatus().getObservedGeneration() != null
                        && set.getStatus().getObservedGeneration() >= set.getMetadata().getGeneration();
                if (idle) {
                    sets.delete(key, set);
                }
            }
        }

        private Optional<Duration> write(DeploymentStatus status) {
            if (!status.equals(deployment.getStatus())) {
                try {
                    Deployment wanted = new DeploymentBuilder(deployment).withStatus(status)
                            .editMetadata().withResourceVersion(version).endMetadata().build();
                    client.of(Kind.DEPLOYMENT).update(key.tenant(), wanted, "status");
                } catch (ApiException refused) {
                    if (!refused.isNotFound()) {
                        throw refused;
                    }
                }
            }
            return Progress.untilDeadline(deployment, status, sizes, now);
        }
    }
}
