package io.hypernetes.apiserver.storage;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// Which changes hold what was worked out for their readers: the last so many that something was worked out for, and so many bytes of it, of all feeds. It is
/// larger than the change itself, most readers are past it soon, and a slow one can have it made again. Thread-safe.
final class Encodings {
    private static final int KEPT = 4_000;
    private static final long MOST_BYTES = 32L << 20;

    private final int kept;
    private final long mostBytes;
    private final ArrayDeque<ObjectChange> holding = new ArrayDeque<>();
    private long bytes;

    Encodings() {
        this(KEPT, MOST_BYTES);
    }

    Encodings(int kept, long mostBytes) {
        this.kept = kept;
        this.mostBytes = mostBytes;
    }

    /// Notes that a change holds more now; those that have held something longest may let go of it, perhaps this one too.
    ///
    /// @param more at least 1
    void holds(ObjectChange change, long more) {
        List<ObjectChange> longest = List.of();
        synchronized (holding) {
            if (change.held == 0) {
                holding.addLast(change);
            }
            change.held += more;
            bytes += more;
            while (holding.size() > kept || bytes > mostBytes) {
                var first = holding.removeFirst();
                bytes -= first.held;
                first.held = 0;
                if (longest.isEmpty()) {
                    longest = new ArrayList<>(1);
                }
                longest.add(first);
            }
        }
        longest.forEach(ObjectChange::forget);
    }
}
