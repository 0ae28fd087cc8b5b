package io.hypernetes.hyperd.cri;

import java.util.concurrent.atomic.AtomicLong;

/// How many bytes of the output of all commands together are kept until those have ended and been told. Thread-safe.
final class OutputBudget {
    private final AtomicLong left;

    OutputBudget(long bytes) {
        this.left = new AtomicLong(bytes);
    }

    Share share() {
        return new Share();
    }

    /// What one command has of it, given back when it is closed. Thread-safe.
    final class Share implements AutoCloseable {
        private long taken;
        private boolean closed;

        /// @return how many of so many bytes it gets: less, or none, when others have the rest
        synchronized int take(int asked) {
            if (closed) {
                return 0;
            }
            long before = left.getAndUpdate(now -> now - Math.min(now, asked));
            int got = (int) Math.min(before, asked);
            taken += got;
            return got;
        }

        @Override
        public synchronized void close() {
            left.addAndGet(taken);
            taken = 0;
            closed = true;
        }
    }
}
