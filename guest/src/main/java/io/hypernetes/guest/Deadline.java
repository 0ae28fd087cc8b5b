package io.hypernetes.guest;

import java.time.Duration;

/// Durations as nanoseconds that do not overflow.
final class Deadline {
    private Deadline() {}

    /// At most some 146 years, so that sums with System.nanoTime stay in range of comparison.
    static long nanos(Duration duration) {
        return duration.compareTo(Duration.ofDays(36_500)) > 0 ? Long.MAX_VALUE / 2 : Math.max(0, duration.toNanos());
    }
}
