package io.hypernetes.kubelet.pod;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/// Pauses between tries at a machine that the runtime refuses: half a second, doubled each time up to 30 s. They are kept whoever wakes the pod's worker, as
/// a try that fails wakes it too: the runtime tells of what it made and took away again. One per pod, used by the pod's own thread.
final class SandboxRetry {
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final InstantSource clock;
    private Duration pause = Duration.ZERO;
    private Instant failed = Instant.EPOCH;

    SandboxRetry(InstantSource clock) {
        this.clock = clock;
    }

    /// How long the next try must still wait; zero when it may go ahead.
    Duration left() {
        Duration left = Duration.between(clock.instant(), failed.plus(pause));
        // A clock that was set back holds nobody for longer than the pause.
        return left.isNegative() ? Duration.ZERO : left.compareTo(pause) > 0 ? pause : left;
    }

    void failed() {
        failed = clock.instant();
        Duration doubled = pause.isZero() ? PodLoop.FIRST_RETRY : pause.multipliedBy(2);
        pause = doubled.compareTo(LONGEST) > 0 ? LONGEST : doubled;
    }

    void succeeded() {
        pause = Duration.ZERO;
    }
}
