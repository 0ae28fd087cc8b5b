package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// How one pod comes to its end: it is over and its records stay, or nothing of it is to stay. What gives its place to others is said before the API is told. For
/// the pod's worker.
final class PodDeparture {
    /// Seconds of grace of a pod that the node needs the room of (upstream's eviction_manager.go, immediateEvictionGracePeriodSeconds).
    private static final long EVICTED_SECONDS = 1;

    private final PodServices services;
    private final PodFate fate;
    private final PodEnding ending;
    private final PodRemains remains;
    private final PodHealth health;
    private final StatusTelling status;
    private final ObjectKey key;
    private final String uid;
    private final BooleanSupplier isOwn;
    private final Runnable left;

    /// @param isOwn whether it is one of the node's own
    /// @param left called when the pod's machine does not run any more, and will not
    PodDeparture(PodServices services, PodFate fate, PodEnding ending, PodRemains remains, PodHealth health, StatusTelling status, ObjectKey key, String uid,
            BooleanSupplier isOwn, Runnable left) {
        this.services = services;
        this.fate = fate;
        this.ending = ending;
        this.remains = remains;
        this.health = health;
        this.status = status;
        this.key = key;
        this.uid = uid;
        this.isOwn = isOwn;
        this.left = left;
    }

    /// Every container has run its course (or the time is over): takes the next step by which what still runs ends and the machine goes. The records stay.
    ///
    /// @return when to look again
    Duration finish(Pod now, ObservedPod seen) {
        health.keepReadiness(seen);
        boolean late = pastDeadline(now) && !PodFate.isFinal(now) && !Plan.finished(now, seen);
        if (late && seen.anyRunning() && !ending.hasBegun()) {
            services.events().normal(now, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
        }
        Optional<ObservedPod> ended = end(now, seen, fate.evicted() != null ? EVICTED_SECONDS : PodEnding.graceSeconds(now));
        if (ended.isEmpty()) {
            return ending.pause(services.settings().syncFrequency());
        }
        ending.over();
        if (!PodFate.isFinal(now)) {
            fate.tellOver();
            tellEnd(now, ended.get());
        }
        remains.endMachine(ended.get());
        machineIsGone();
        return Duration.ofMinutes(10);
    }

    /// The pod is deleted: takes the next step by which containers go, then the machine, then records and files, then the object.
    ///
    /// @param now null for an orphan, also when the API tells of it meanwhile
    /// @return when to look again; empty when nothing of it is left
    Optional<Duration> terminate(@Nullable Pod now, ObservedPod seen) {
        health.keepReadiness(seen);
        status.waits().clear();
        Optional<ObservedPod> ended = end(now, seen, PodEnding.graceSeconds(now, seen, fate.isRemoved(), isOwn.getAsBoolean()));
        if (ended.isEmpty()) {
            return Optional.of(ending.pause(services.settings().syncFrequency()));
        }
        if (now != null && !fate.isRemoved() && !PodFate.isFinal(now)) {
            fate.tellOver();
            tellEnd(now, ended.get());
        }
        if (!remains.remove(ended.get())) {
            return Optional.of(PodLoop.FIRST_RETRY);
        }
        if (now != null && !fate.isRemoved()) {
            fate.tellGone();
            machineIsGone();
            services.statuses().delete(key, uid);
        }
        return Optional.empty();
    }

    /// Takes the next step to the end of all that runs, of which the API is told as long as something does; of what was taken away it is told nothing, as it may
    /// have another one in its place.
    private Optional<ObservedPod> end(@Nullable Pod now, ObservedPod seen, long graceSeconds) {
        Optional<ObservedPod> ended = ending.advance(now, seen, graceSeconds);
        if (ended.isEmpty() && now != null && !fate.isRemoved()) {
            status.tell(now, seen, StatusTelling.Plain.GOES_ON);
        }
        return ended;
    }

    private void tellEnd(Pod now, ObservedPod seen) {
        Rejection rejection = fate.rejection();
        if (rejection != null) {
            status.reject(now, rejection);
            return;
        }
        String why = fate.evicted();
        status.tell(now, seen, why != null ? new StatusTelling.Evicted(why)
                : pastDeadline(now) ? StatusTelling.Plain.ENDS_LATE : StatusTelling.Plain.ENDS);
    }

    private void machineIsGone() {
        if (fate.machineIsGone()) {
            left.run();
        }
    }

    private boolean pastDeadline(Pod now) {
        return ActiveDeadline.isPast(now, services.clock().instant());
    }
}
