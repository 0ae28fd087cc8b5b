package io.hypernetes.apiserver.storage;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Which changes hold what was worked out for their readers: the last so many that something was worked out for, and so many bytes of it, of all feeds, and none for
/// long. It is larger than the change itself, most readers are past it soon, and a slow one can have it made again. It does not hold the changes
/// themselves, which may be a thousand times larger than what was worked out of them. Thread-safe.
final class Encodings {
    private static final int KEPT = 4_000;
    private static final long MOST_BYTES = 32L << 20;
    /// Many times what readers take that keep up, and less than it takes until a server that rests gives memory back, which it holds for nobody by then.
    static final Duration KEPT_FOR = Duration.ofSeconds(5);
    private static final long LOOKED_AT_EVERY_NANOS = Duration.ofSeconds(1).toNanos();

    private final int kept;
    private final long mostBytes;
    private final ArrayDeque<Worked> holding = new ArrayDeque<>();
    private long bytes;
    /// When to look again for what is too old.
    private volatile long lookAtNanos = System.nanoTime();

    /// What was worked out for readers of one change.
    static final class Worked {
        /// Null when it was let go of.
        volatile @Nullable ConcurrentHashMap<Object, Object> values;
        /// How much it takes of what all may; of [Encodings].
        private long held;
        /// Since when it takes anything; of [Encodings].
        private long sinceNanos;
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
                worked.sinceNanos = System.nanoTime();
                holding.addLast(worked);
            }
            worked.held += more;
            bytes += more;
            while (holding.size() > kept || bytes > mostBytes) {
                if (longest.isEmpty()) {
                    longest = new ArrayList<>(1);
                }
                longest.add(first());
            }
        }
        longest.forEach(each -> each.values = null);
    }

    /// Has those let go of it that have held something for long; to be called now and then.
    ///
    /// @param nowNanos as [System#nanoTime]
    void dropOld(long nowNanos) {
        if (nowNanos - lookAtNanos < 0) {
            return;
        }
        lookAtNanos = nowNanos + LOOKED_AT_EVERY_NANOS;
        List<Worked> old = new ArrayList<>();
        synchronized (holding) {
            for (var next = holding.peekFirst(); next != null && nowNanos - next.sinceNanos >= KEPT_FOR.toNanos(); next = holding.peekFirst()) {
                old.add(first());
            }
        }
        old.forEach(each -> each.values = null);
    }

    private Worked first() {
        var first = holding.removeFirst();
        bytes -= first.held;
        first.held = 0;
        return first;
    }
}
