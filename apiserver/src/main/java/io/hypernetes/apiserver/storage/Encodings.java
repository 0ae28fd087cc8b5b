package io.hypernetes.apiserver.storage;

import java.util.ArrayDeque;

/// Which changes hold what was worked out for their readers: the last so many that something was worked out for. It is larger than the change
/// itself, most readers are past it soon, and a slow one can have it made again. Thread-safe.
final class Encodings {
    private static final int KEPT = 500;

    private final ArrayDeque<ObjectChange> holding = new ArrayDeque<>();

    /// Notes that a change holds something now; the change that has held it longest may let go of it.
    void holds(ObjectChange change) {
        ObjectChange longest = null;
        synchronized (holding) {
            holding.addLast(change);
            if (holding.size() > KEPT) {
                longest = holding.removeFirst();
            }
        }
        if (longest != null) {
            longest.forget();
        }
    }
}
