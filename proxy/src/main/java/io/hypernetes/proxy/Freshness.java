package io.hypernetes.proxy;

import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Whether a gateway does what the API says, or has not yet for so long that nobody should come by it (upstream's pkg/proxy/healthcheck/proxy_health.go, `Health`). Safe
/// for use by many threads.
final class Freshness {
    static final Duration PATIENCE = Duration.ofMinutes(1);

    private final LongSupplier nanoTime;
    private volatile @Nullable Long behindSince;

    /// @param nanoTime a clock that only goes on, in nanoseconds from anywhere
    Freshness(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /// The gateway is to be told of something that it was not told yet.
    void behind() {
        if (behindSince == null) {
            behindSince = nanoTime.getAsLong();
        }
    }

    /// It was told of everything.
    void caughtUp() {
        behindSince = null;
    }

    boolean isHealthy() {
        Long since = behindSince;
        return since == null || nanoTime.getAsLong() - since < PATIENCE.toNanos();
    }
}
