package io.hypernetes.apiserver.http;

import java.util.concurrent.atomic.AtomicLong;

/// The memory that request bodies of all connections may take together. Thread-safe.
final class BodyBudget {
    private final long limitBytes;
    private final AtomicLong taken = new AtomicLong();

    BodyBudget(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /// Takes memory; false, and nothing is taken, when there is not so much left.
    boolean take(long bytes) {
        if (taken.addAndGet(bytes) <= limitBytes) {
            return true;
        }
        taken.addAndGet(-bytes);
        return false;
    }

    void giveBack(long bytes) {
        taken.addAndGet(-bytes);
    }

    long takenBytes() {
        return taken.get();
    }
}
