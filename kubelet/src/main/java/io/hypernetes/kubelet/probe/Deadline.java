package io.hypernetes.kubelet.probe;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// When what is asked over the network for a pod has to be over, and whether some of the time went by without a place among the node's lookups
/// ([HostLookups]): who is late after that says nothing of the pod. For one thread.
final class Deadline {
    private final long untilNanos;
    private @Nullable String heldUpAt;

    private Deadline(long untilNanos) {
        this.untilNanos = untilNanos;
    }

    static Deadline in(Duration time) {
        return new Deadline(System.nanoTime() + time.toNanos());
    }

    /// Zero or less when it is over.
    long leftNanos() {
        return untilNanos - System.nanoTime();
    }

    /// A host waits for its lookup to begin.
    void holdUp(String host) {
        heldUpAt = host;
    }

    boolean wasHeldUp() {
        return heldUpAt != null;
    }

    /// What to tell of something that was not done in time.
    IOException late(String message, IOException why) {
        String host = heldUpAt;
        return host == null ? new IOException(message, why) : new HostLookups.NoPlaceException(host, why);
    }
}
