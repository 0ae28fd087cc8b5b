package io.hypernetes.kubelet.pod;

import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.Context;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/// One pod whose tenant is suspended: its machine is written to disk and goes, and the pod stays. Where it cannot be written its containers end gracefully, and
/// begin again where the spec says once it is resumed. What a container did before that is not forgotten; that it was ended here is, as soon as it has: an end
/// that was told could not be taken back. For the pod's worker.
final class PodStandstill {
    private final PodServices services;
    private final PodFate fate;
    private final SuspendedMemory memory;
    private final SuspendedEnds ends;
    private final PodEnding ending;
    private final PodRemains remains;
    private final PodHealth health;
    private final StatusTelling status;
    private final Context life;

    /// @param life cancelled when the pod is to end
    PodStandstill(PodServices services, PodFate fate, SuspendedMemory memory, PodEnding ending, PodRemains remains, PodHealth health, StatusTelling status, Context life) {
        this.services = services;
        this.fate = fate;
        this.memory = memory;
        this.ends = new SuspendedEnds(services, this::hasToldEndOf);
        this.ending = ending;
        this.remains = remains;
        this.health = health;
        this.status = status;
        this.life = life;
    }

    /// Takes the next step to it.
    ///
    /// @param since when the suspension began, as the pod says
    /// @return when to look again
    Duration advance(Pod now, ObservedPod looked, Instant since) {
        ObservedPod seen = looked;
        ends.saw(looked);
        if (memory.keep(now, looked, life)) {
            seen = observe(now);
        }
        if (fate.isToEnd()) {
            // Meanwhile, and whoever said so has woken the loop.
            return services.settings().syncFrequency();
        }
        health.keepReadiness(seen);
        Optional<ObservedPod> ended = ending.advance(now, seen, PodEnding.graceSeconds(now));
        ended.ifPresent(remains::endMachine);
        SuspendedEnds.Left left = ends.forget(now, ended.orElse(seen), since);
        status.waits().clear();
        status.waits().putAll(left.waits());
        // Where something runs not looked at anew, as another one may have ended since, which would be told.
        status.tell(now, ended.isPresent() ? observe(now) : left.seen(), ended.isPresent() ? StatusTelling.Plain.STANDS_STILL : StatusTelling.Plain.COMES_TO_A_STAND);
        if (ended.isEmpty()) {
            return ending.pause(services.settings().syncFrequency());
        }
        ending.over();
        return Duration.ofMinutes(10);
    }

    /// Its tenant is not suspended.
    void over() {
        memory.suspensionIsOver();
        ends.over();
    }

    /// Brings its machine back if that was written to disk.
    ///
    /// @return whether the runtime was asked to, so that what it shows has changed
    boolean bringBack(Pod now, ObservedPod seen) {
        return memory.bringBack(now, seen, life, remains::machineMayComeBack);
    }

    private ObservedPod observe(Pod now) {
        return services.cri().observe(now.getMetadata().getUid());
    }

    private boolean hasToldEndOf(ObservedContainer ended) {
        Pod now = fate.pod();
        return now != null && status.hasToldEndOf(now, ended);
    }
}
