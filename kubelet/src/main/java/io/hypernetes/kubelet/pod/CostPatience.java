package io.hypernetes.kubelet.pod;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// How long a pod of the node's own waits for its first machine as long as nobody has said what that costs: a machine keeps the size that it was made with, and
/// the API, which knows, may be away. It waits once in its life. For the pod's worker.
final class CostPatience {
    /// A master that begins together with its node answers by then.
    private static final Duration LONGEST = Duration.ofSeconds(10);
    /// What it waits for may be said of another one of its class, which does not wake it.
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final InstantSource clock;
    private @Nullable Instant since;

    CostPatience(InstantSource clock) {
        this.clock = clock;
    }

    /// How long to pause before the next look; zero when it has waited long enough.
    Duration left() {
        Instant now = clock.instant();
        Instant begun = since;
        if (begun == null) {
            begun = now;
            since = now;
        }
        return Duration.between(begun, now).abs().compareTo(LONGEST) < 0 ? LOOK : Duration.ZERO;
    }
}
