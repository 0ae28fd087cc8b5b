package io.hypernetes.hyperd.sandbox;

import java.util.function.LongSupplier;

/// Whether pods are being started. What can wait is done while none is, so that it takes no processor from them. Safe for use by many
/// threads.
final class Activity {
    /// A pod's start is several calls, with short pauses between them.
    private static final long PAUSE_NANOS = 700_000_000L;

    private static final long NANOS_A_MILLI = 1_000_000L;

    private final LongSupplier nanoTime;

    // Guarded by this.
    private int starts;
    private long idleSince;

    /// @param nanoTime as [System#nanoTime]
    Activity(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.idleSince = nanoTime.getAsLong() - PAUSE_NANOS;
    }

    synchronized void begin() {
        starts++;
    }

    synchronized void end() {
        starts--;
        idleSince = nanoTime.getAsLong();
        notifyAll();
    }

    /// Returns when no pod has been started for a moment, or when it has waited for so long.
    ///
    /// @param mostNanos how long to wait at most; [Long#MAX_VALUE] for as long as it takes
    synchronized void awaitQuiet(long mostNanos) throws InterruptedException {
        long begin = nanoTime.getAsLong();
        while (true) {
            long now = nanoTime.getAsLong();
            long patience = mostNanos == Long.MAX_VALUE ? Long.MAX_VALUE : mostNanos - (now - begin);
            long pause = starts > 0 ? Long.MAX_VALUE : PAUSE_NANOS - (now - idleSince);
            if (pause <= 0 || patience <= 0) {
                return;
            }
            long next = Math.min(pause, patience);
            // 0 waits until told.
            wait(next == Long.MAX_VALUE ? 0 : next / NANOS_A_MILLI + 1);
        }
    }
}
