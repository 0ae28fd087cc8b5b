package io.hypernetes.apiserver.storage;

import io.hypernetes.store.CompactedException;
import io.hypernetes.store.StoreException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Changes that any number of readers follow. They form a linked list: each reader holds its own place in it, the feed holds the oldest
/// that newcomers may still start from. Whoever has a source of changes appends them.
///
/// What no reader needs is kept for two minutes, for newcomers; one that begins before that has a feed of its own made, from the store's history. What is kept is
/// bounded by number, and by bytes together with other feeds ([FeedRoom]). What is given up is cut out of the list and emptied, however many
/// readers have their places there: they are told that they have lost something, and none of them holds anything in memory.
final class Feed implements AutoCloseable {
    private static final int KEPT_CHANGES = 20_000;
    /// Longer than between two bookmarks: who comes again after a broken connection mostly finds its place.
    static final Duration KEPT_UNNEEDED = Duration.ofMinutes(2);
    private static final long LOOKED_AT_EVERY_NANOS = Duration.ofSeconds(1).toNanos();

    private final LongSupplier reached;
    private final Runnable onClose;
    private final FeedRoom.Share share;
    private final ReentrantLock lock = new ReentrantLock();
    /// The readers that have to be woken, each by itself: on a condition, a thousand of them would take the lock one after the other to leave.
    private Set<Cursor> waiting = new HashSet<>();
    /// Where readers lend their places while they wait, by the loop that goes on for them.
    private final Map<ScheduledExecutorService, Round> rounds = new ConcurrentHashMap<>();
    private final Set<Cursor> readers = new HashSet<>();
    private Node oldest;
    private Node newest;
    private int kept;
    /// When to look again for what is too old.
    private long lookAtNanos = System.nanoTime();
    private volatile boolean retired;
    private long unreadSinceNanos = System.nanoTime();
    private volatile boolean closed;
    private volatile @Nullable StoreException failure;

    /// @param revision the feed has what comes after it
    /// @param room that it shares with others
    /// @param owner of its part of the room
    /// @param reached a revision up to which everything was appended
    /// @param onClose tells the source that nobody needs it any more
    Feed(FeedRoom room, String owner, long revision, LongSupplier reached, Runnable onClose) {
        this.share = room.share(owner, this::dropOldest);
        this.reached = reached;
        this.onClose = onClose;
        this.oldest = new Node(0, revision, null, 0);
        this.newest = oldest;
    }

    /// A reader of the changes after `revision`.
    ///
    /// @return null when the feed no longer has them, or has ended
    @Nullable Cursor open(long revision) {
        lock.lock();
        try {
            if (closed || failure != null || revision < oldest.revision) {
                return null;
            }
            var place = oldest;
            for (var next = place.next; next != null && next.revision <= revision; next = place.next) {
                place = next;
            }
            var reader = new Cursor(place, revision);
            readers.add(reader);
            return reader;
        } finally {
            lock.unlock();
        }
    }

    /// Whether nobody has read for `duration`.
    boolean unusedFor(Duration duration) {
        lock.lock();
        try {
            return readers.isEmpty() && System.nanoTime() - unreadSinceNanos >= duration.toNanos();
        } finally {
            lock.unlock();
        }
    }

    boolean ended() {
        return closed || failure != null;
    }

    /// Nobody begins here any more: what its readers have read is of no use.
    void retire() {
        retired = true;
    }

    @Override
    public void close() {
        closed = true;
        onClose.run();
        signal();
        empty();
    }

    /// Ends the feed: no more changes can be had.
    void fail(StoreException reason) {
        failure = reason;
        signal();
        empty();
    }

    /// Nothing is added any more, and nobody begins: what is kept would be in the way of other feeds as long as the slowest reader is there.
    private void empty() {
        for (long less = dropOldest(); less > 0; less = dropOldest()) {
            share.shrunk(less);
        }
    }

    /// Gives up the oldest change.
    ///
    /// @return how many bytes it had; 0 when there is none
    private long dropOldest() {
        lock.lock();
        try {
            return cutOldest();
        } finally {
            lock.unlock();
        }
    }

    /// Under the lock.
    private long cutOldest() {
        var next = oldest.next;
        if (next == null) {
            return 0;
        }
        oldest.lost = true;
        oldest.next = null;
        oldest = next;
        next.change = null;
        kept--;
        return next.bytes;
    }

    /// Gives up what was kept long enough for newcomers and all readers have read; to be called now and then.
    ///
    /// @param nowNanos as [System#nanoTime]
    void dropUnneeded(long nowNanos) {
        long freed = 0;
        lock.lock();
        try {
            if (nowNanos - lookAtNanos < 0) {
                return;
            }
            lookAtNanos = nowNanos + LOOKED_AT_EVERY_NANOS;
            long keptNanos = retired ? 0 : KEPT_UNNEEDED.toNanos();
            var first = oldest.next;
            if (first == null || nowNanos - first.sinceNanos < keptNanos) {
                return;
            }
            long read = Long.MAX_VALUE;
            for (var reader : readers) {
                read = Math.min(read, reader.place.number);
            }
            while (first != null && first.number <= read && nowNanos - first.sinceNanos >= keptNanos) {
                freed += cutOldest();
                first = oldest.next;
            }
        } finally {
            lock.unlock();
        }
        // The room asks for this feed's lock under its own.
        if (freed > 0) {
            share.shrunk(freed);
        }
    }

    /// Adds a change; by one thread, in the order of revisions.
    void append(ObjectChange change) {
        Set<Cursor> toWake;
        boolean full;
        long bytes = change.bytes();
        lock.lock();
        try {
            var node = new Node(newest.number + 1, change.revision(), change, bytes);
            newest.next = node;
            newest = node;
            full = ++kept > KEPT_CHANGES;
            toWake = waiting();
        } finally {
            lock.unlock();
        }
        if (full) {
            share.shrunk(dropOldest());
        }
        share.grown(bytes);
        if (ended()) {
            empty();
        }
        wake(toWake);
    }

    private void signal() {
        Set<Cursor> toWake;
        lock.lock();
        try {
            toWake = waiting();
        } finally {
            lock.unlock();
        }
        wake(toWake);
    }

    private void wake(Set<Cursor> toWake) {
        rounds.values().forEach(Round::begin);
        toWake.forEach(Cursor::unpark);
    }

    /// Takes the readers that wait; under the lock.
    private Set<Cursor> waiting() {
        if (waiting.isEmpty()) {
            return Set.of();
        }
        var taken = waiting;
        waiting = new HashSet<>();
        return taken;
    }

    private static final class Node {
        /// Its place among all that the feed ever had.
        private final long number;
        private final long sinceNanos = System.nanoTime();
        private final long revision;
        private final long bytes;
        /// Null where it was given up.
        private volatile @Nullable ObjectChange change;
        /// Whether what came next was given up; set before that is cut off.
        private volatile boolean lost;
        private volatile @Nullable Node next;

        Node(long number, long revision, @Nullable ObjectChange change, long bytes) {
            this.number = number;
            this.revision = revision;
            this.change = change;
            this.bytes = bytes;
        }
    }

    private final class Cursor implements ChangeCursor, Loan.Place {
        /// Belongs to the reader, or to the loop that it is lent to; the feed looks at it.
        private volatile Node place;
        private final long from;
        private boolean left;
        private volatile boolean woken;
        private volatile @Nullable Thread reader;

        Cursor(Node place, long from) {
            this.place = place;
            this.from = from;
        }

        @Override
        public @Nullable ObjectChange next(Duration timeout) throws InterruptedException {
            var next = place.next;
            if (next == null) {
                next = await(timeout);
            }
            if (next == null) {
                return null;
            }
            var change = next.change;
            if (change == null) {
                throw lost();
            }
            place = next;
            return change.revision() > from ? change : next(timeout);
        }

        private CompactedException lost() {
            return new CompactedException("", place.revision, "changes after " + place.revision + " are no longer kept; list again and watch from there");
        }

        @Override
        public @Nullable ObjectChange next(Duration timeout, Taker taker) throws InterruptedException {
            if (mustWait()) {
                reader = Thread.currentThread();
                new Loan(this, taker, rounds.computeIfAbsent(taker.loop(), Round::new)).untilBack(System.nanoTime() + timeout.toNanos());
            }
            return next(Duration.ZERO);
        }

        @Override
        public Round.Outcome serve(Taker taker, long until) {
            boolean any = false;
            try {
                for (var next = place.next; next != null; next = place.next) {
                    var change = next.change;
                    if (change == null) {
                        return Round.Outcome.LEAVES;
                    }
                    if (change.revision() > from) {
                        if (any && System.nanoTime() - until >= 0) {
                            return Round.Outcome.HAS_MORE;
                        }
                        if (!taker.take(change)) {
                            return Round.Outcome.LEAVES;
                        }
                        any = true;
                    }
                    place = next;
                }
                return over() || place.lost ? Round.Outcome.LEAVES : Round.Outcome.WAITS;
            } catch (RuntimeException e) {
                // The reader meets it again, where it is handled.
                return Round.Outcome.LEAVES;
            } finally {
                if (any) {
                    taker.taken();
                }
            }
        }

        @Override
        public boolean over() {
            return closed || failure != null || woken;
        }

        private @Nullable Node await(Duration timeout) throws InterruptedException {
            long end = System.nanoTime() + timeout.toNanos();
            if (!timeout.isZero() && mustWait()) {
                reader = Thread.currentThread();
                while (mustWait()) {
                    long left = end - System.nanoTime();
                    if (left <= 0 || !enlist()) {
                        break;
                    }
                    LockSupport.parkNanos(this, left);
                    if (Thread.interrupted()) {
                        delist();
                        throw new InterruptedException();
                    }
                }
                delist();
            }
            var next = place.next;
            var broken = failure;
            if (next == null && broken != null && !closed) {
                throw broken;
            }
            if (next == null && place.lost && !closed) {
                throw lost();
            }
            return next;
        }

        private boolean mustWait() {
            return place.next == null && !place.lost && !over();
        }

        /// Makes whatever happens next wake this reader; false when it has happened already.
        private boolean enlist() {
            lock.lock();
            try {
                if (!mustWait()) {
                    return false;
                }
                waiting.add(this);
                return true;
            } finally {
                lock.unlock();
            }
        }

        private void delist() {
            // After a change nobody waits: append has taken all from the list, or is about to.
            if (place.next == null) {
                lock.lock();
                try {
                    waiting.remove(this);
                } finally {
                    lock.unlock();
                }
            }
        }

        private void unpark() {
            var waits = reader;
            if (waits != null) {
                LockSupport.unpark(waits);
            }
        }

        @Override
        public boolean ended() {
            return place.next == null && (closed || woken);
        }

        @Override
        public long progress() {
            // Asked first: what is appended afterwards is newer.
            long all = reached.getAsLong();
            return place.next == null && !place.lost ? Math.max(all, from) : Math.max(place.revision, from);
        }

        @Override
        public void wake() {
            woken = true;
            // Who is not there yet looks at this before it waits.
            unpark();
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (!left) {
                    left = true;
                    readers.remove(this);
                    if (readers.isEmpty()) {
                        unreadSinceNanos = System.nanoTime();
                    }
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
