package io.hypernetes.apiserver.storage;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Which changes hold what was worked out for their readers: the last so many that something was worked out for, and so many bytes of it, of all feeds. It is
/// larger than the change itself, most readers are past it soon, and a slow one can have it made again. It does not hold the changes
/// themselves, which may be a thousand times larger than what was worked out of them. Thread-safe.
final class Encodings {
    private static final int KEPT = 4_000;
    private static final long MOST_BYTES = 32L << 20;

    private final int kept;
    private final long mostBytes;
    private final ArrayDeque<Worked> holding = new ArrayDeque<>();
    private long bytes;

    /// What was worked out for readers of one change.
    static final class Worked {
        /// Null when it was let go of.
        volatile @Nullable ConcurrentHashMap<Object, Object> values;
        /// How much it takes of what all may; of [Encodings].
        private long held;
    }

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
    void holds(Worked worked, long more) {
        List<Worked> longest = List.of();
        synchronized (holding) {
            if (worked.held == 0) {
                holding.addLast(worked);
            }
            worked.held += more;
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
        longest.forEach(each -> each.values = null);
    }
}
