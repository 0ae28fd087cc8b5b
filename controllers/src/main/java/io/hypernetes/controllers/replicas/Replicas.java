package io.hypernetes.controllers.replicas;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.Index;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Selectors;
import io.hypernetes.controllers.Caches;
import io.hypernetes.controllers.pods.Claims;
import io.hypernetes.controllers.pods.OwnWrites;
import io.hypernetes.controllers.pods.PodControl;
import io.hypernetes.controllers.pods.PodState;
import io.hypernetes.controllers.pods.ScaleDown;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The one thing that both kinds do: compare the pods that are there with the number wanted, and create or delete the difference.
final class Replicas<O extends HasMetadata> {
    private static final int MOST_AT_ONCE = 500;
    private static final Duration UNSEEN = Duration.ofSeconds(1);

    /// What the owner asks for.
    record Wanted(int count, LabelSelector selector, PodTemplateSpec template, int minReadySeconds) {}

    /// What there is.
    ///
    /// @param failure why pods could not be created or deleted; null when nothing failed
    /// @param again when a ready pod will have been ready for long enough
    record Outcome(int replicas, int labeled, int ready, int available, int terminating, @Nullable Failure failure, Optional<Duration> again) {

        /// Once the status is written: when to look again.
        ///
        /// @throws ApiException what kept the step from being whole, to be tried again after a pause
        Optional<Duration> end() {
            if (failure != null) {
                throw failure.cause();
            }
            return again;
        }

        /// Counts of zero are left out, as upstream does.
        static @Nullable Integer shown(int count) {
            return count == 0 ? null : count;
        }
    }

    /// @param reason as the condition has it
    /// @param cause what the API server said
    record Failure(String reason, ApiException cause) {
        String message() {
            return PodControl.reason(cause);
        }
    }

    private final Client client;
    private final InstantSource clock;
    private final Kind<O> kind;
    private final PodControl control;
    private final Index<Pod> pods;
    private final Index<O> owners;
    private final Index<O> siblings;
    private final Claims<O, Pod> claims;

    Replicas(Client client, EventRecorder events, InstantSource clock, Kind<O> kind, Caches caches, Consumer<ObjectKey> wake) {
        this.client = client;
        this.clock = clock;
        this.kind = kind;
        this.pods = caches.byController(Kind.POD);
        this.owners = caches.byNamespace(kind);
        this.siblings = caches.byController(kind);
        this.control = new PodControl(client, events, kind, new OwnWrites<>(caches.pods()));
        this.claims = new Claims<>(client, kind, Kind.POD, pods);
        caches.of(kind).handler(Caches.keys(wake));
        caches.pods().handler(Caches.controllers(kind, wake));
    }

    /// Wakes the owners that might adopt an orphan.
    void wakeForOrphan(Pod orphan, Consumer<ObjectKey> wake, java.util.function.Function<O, Optional<LabelSelector>> selector) {
        if (Caches.controllerRef(orphan) == null && !PodState.isTerminating(orphan)) {
            for (O owner : owners.get(Caches.namespaceOf(ObjectKey.of(orphan)))) {
                if (selector.apply(owner).filter(labels -> labels.matches(Selectors.labelsOf(orphan))).isPresent()) {
                    wake.accept(ObjectKey.of(owner));
                }
            }
        }
    }

    /// Takes one step towards what is wanted; empty while the cache lags behind the last step.
    Optional<Outcome> step(ObjectKey key, O owner, Wanted wanted) throws InterruptedException {
        if (!control.own().visible(key)) {
            return Optional.empty();
        }
        List<Pod> mine = claims.of(key, owner, wanted.selector(), PodState::isActive);
        List<Pod> active = mine.stream().filter(PodState::isActive).toList();
        Failure failure = null;
        if (owner.getMetadata().getDeletionTimestamp() == null) {
            failure = adjust(key, owner, wanted, active);
        }
        int terminating = (int) mine.stream().filter(pod -> PodState.isTerminating(pod) && !PodState.isEnded(pod)).count();
        return Optional.of(counted(wanted, active, terminating, failure));
    }

    /// When to look again because of a lagging cache.
    static Optional<Duration> unseen() {
        return Optional.of(UNSEEN);
    }

    private @Nullable Failure adjust(ObjectKey key, O owner, Wanted wanted, List<Pod> active) throws InterruptedException {
        int missing = wanted.count() - active.size();
        try {
            if (missing > 0) {
                Pod template = control.fromTemplate(owner, wanted.template());
                PodControl.slowStart(Math.min(missing, MOST_AT_ONCE), number -> control.create(key, owner, template));
            } else if (missing < 0) {
                int count = Math.min(-missing, MOST_AT_ONCE);
                control.deleteAll(key, owner, ScaleDown.first(count, active, related(key, owner, active), clock.instant()));
            }
            return null;
        } catch (ApiException refused) {
            return new Failure(missing > 0 ? "FailedCreate" : "FailedDelete", refused);
        }
    }

    /// The pods of all owners that the same Deployment controls, so that a node with many of them loses one first.
    private List<Pod> related(ObjectKey key, O owner, List<Pod> active) {
        OwnerReference above = Caches.controllerRef(owner);
        if (above == null) {
            return active;
        }
        List<Pod> related = new ArrayList<>();
        Caches.controlledBy(siblings, key, above.getUid())
                .forEach(sibling -> related.addAll(Caches.controlledBy(pods, key, sibling.getMetadata().getUid())));
        return related;
    }

    private Outcome counted(Wanted wanted, List<Pod> active, int terminating, @Nullable Failure failure) {
        Instant now = clock.instant();
        LabelSelector full = LabelSelector.ofLabels(PodControl.labels(wanted.template()));
        int labeled = 0;
        int ready = 0;
        int available = 0;
        for (Pod pod : active) {
            labeled += full.matches(Selectors.labelsOf(pod)) ? 1 : 0;
            ready += PodState.isReady(pod) ? 1 : 0;
            available += PodState.isAvailable(pod, wanted.minReadySeconds(), now) ? 1 : 0;
        }
        Optional<Duration> again = wanted.minReadySeconds() == 0
                ? Optional.empty()
                : active.stream()
                        .flatMap(pod -> PodState.untilAvailable(pod, wanted.minReadySeconds(), now).stream())
                        .filter(Duration::isPositive)
                        .min(Comparator.naturalOrder());
        return new Outcome(active.size(), labeled, ready, available, terminating, failure, again);
    }

    /// Writes a status in place of the one that was seen.
    void write(ObjectKey key, O withStatus) {
        try {
            client.of(kind).update(key.tenant(), withStatus, "status");
        } catch (ApiException refused) {
            if (!refused.isNotFound()) {
                throw refused;
            }
        }
    }
}
