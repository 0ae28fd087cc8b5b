package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// How what runs in one pod ends: all of it within one grace, and with its machine what cannot be killed; or one container, which is to be started again.
/// For the pod's worker, a step at a time.
final class PodEnding {
    private static final Logger LOG = LoggerFactory.getLogger(PodEnding.class);

    /// Of a pod that is to end, whatever was asked for (upstream's pod_workers.go, calculateEffectiveGracePeriod): what it does before that may begin at least.
    private static final long LEAST_SECONDS = 1;

    private final PodServices services;
    private final Termination termination;
    private final PodRemains remains;
    private final SuspendedMemory memory;
    private final ObjectKey key;
    private final String uid;
    /// Since when all of it is to end.
    private @Nullable Instant since;

    /// @param changed called whenever a container may have ended
    PodEnding(PodServices services, Hooks hooks, PodRemains remains, SuspendedMemory memory, ObjectKey key, String uid, Runnable changed) {
        this.services = services;
        this.termination = new Termination(services, hooks, changed);
        this.remains = remains;
        this.memory = memory;
        this.key = key;
        this.uid = uid;
    }

    /// Whether all of it is to end since an earlier step.
    boolean hasBegun() {
        return since != null;
    }

    /// Takes the next step to the end of all that runs: each container ends gracefully, and with its machine what cannot be killed.
    ///
    /// @param graceSeconds since the first step
    /// @return what is there now that nothing runs any more; empty as long as something does
    Optional<ObservedPod> advance(@Nullable Pod now, ObservedPod seen, long graceSeconds) {
        if (termination.advance(Optional.ofNullable(now), seen, deadline(graceSeconds))) {
            return Optional.of(seen);
        }
        if (!termination.isOverdue(() -> memory.isBeingWritten(seen))) {
            return Optional.empty();
        }
        LOG.warn("event=pod-end-overdue pod={} uid={} next=\"its machine ends\"", key, uid);
        if (now != null) {
            services.events().warning(now, "ExceededGracePeriod", "Container runtime did not kill the pod within specified grace period.");
        }
        remains.endMachine(seen);
        return Optional.of(services.cri().observe(uid));
    }

    private Instant deadline(long graceSeconds) {
        Instant begun = since;
        if (begun == null) {
            begun = services.clock().instant();
            since = begun;
        }
        return Termination.deadline(begun, Math.max(LEAST_SECONDS, graceSeconds));
    }

    /// It has ended, or goes on as its end was taken back: the next one has all its time.
    void over() {
        since = null;
        termination.over();
    }

    /// As [Termination#pause].
    Duration pause(Duration most) {
        return termination.pause(most);
    }

    /// Takes the next step to the end of one container, which the pod goes on without.
    void restart(Pod now, Plan.Stop stop, ObservedPod seen) {
        String name = stop.container().getName();
        String why = switch (stop.why()) {
            case LIVENESS -> message(now, stop.container(), "failed liveness probe");
            case STARTUP -> message(now, stop.container(), "failed startup probe");
            case CHANGED -> message(now, stop.container(), "definition changed");
            case RESIZED -> "Container " + name + " resize requires restart";
            case FIRST_ACT -> "FailedPostStartHook";
        };
        termination.restart(now, stop.container(), stop.running(), seen, graceSeconds(now, stop), why);
    }

    /// Upstream's words (kuberuntime_manager.go, computePodActions; of sidecars, whose restart goes without saying, kuberuntime_container.go,
    /// computeInitContainerActions).
    private static String message(Pod now, Container container, String what) {
        return Plan.isSidecar(container) ? "Init container " + container.getName() + " " + what
                : "Container " + container.getName() + " " + what + (Plan.policy(now).equals("Never") ? "" : ", will be restarted");
    }

    /// A probe may give less time, or more, to a container that it ends than a pod has that is deleted.
    private static long graceSeconds(Pod now, Plan.Stop stop) {
        Probe probe = switch (stop.why()) {
            case LIVENESS -> stop.container().getLivenessProbe();
            case STARTUP -> stop.container().getStartupProbe();
            case CHANGED, RESIZED, FIRST_ACT -> null;
        };
        Long own = probe == null ? null : probe.getTerminationGracePeriodSeconds();
        return own == null ? graceSeconds(now) : own;
    }

    /// Less than none is a second, as upstream's (pkg/kubelet/pod_workers.go, calculateEffectiveGracePeriod).
    static long graceSeconds(Pod pod) {
        Long seconds = pod.getSpec().getTerminationGracePeriodSeconds();
        return seconds == null ? 30 : seconds < 0 ? 1 : seconds;
    }

    /// Seconds of grace of a pod that is deleted: what the delete asked for, else the spec. What the API does not have any more is counted by nobody there, and
    /// nobody can hurry it: it has a second, as upstream's orphans (kubelet.go, SyncTerminatingRuntimePod).
    ///
    /// @param removed whether the API does not have it any more
    /// @param isOwn whether it is the node's own, which is not deleted in any other way: it has what its file says
    static long graceSeconds(@Nullable Pod now, ObservedPod seen, boolean removed, boolean isOwn) {
        if (isOwn) {
            return now != null ? graceSeconds(now) : startedWith(seen);
        }
        if (now == null || removed) {
            return 1;
        }
        Long seconds = now.getMetadata().getDeletionGracePeriodSeconds();
        return seconds == null ? graceSeconds(now) : seconds;
    }

    private static long startedWith(ObservedPod seen) {
        return seen.containers().stream()
                .map(container -> container.annotations().get(Labels.GRACE_SECONDS))
                .filter(Objects::nonNull)
                .map(Long::parseLong)
                .max(Long::compare)
                .orElse(1L);
    }
}
