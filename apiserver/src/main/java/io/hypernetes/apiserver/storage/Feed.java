package io.hypernetes.apiserver.storage;

import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import io.hypernetes.store.Watch;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// One watch of the store whose changes any number of readers follow. Changes form a linked list: each reader holds its own
/// place in it, the feed holds the oldest that newcomers may still start from, and memory between them is freed by itself.
final class Feed implements AutoCloseable {
    private static final int KEPT_CHANGES = 20_000;

    private final Watch watch;
    private final Predicate<String> wanted;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition moved = lock.newCondition();
    private Node oldest;
    private Node newest;
    private int kept;
    private int readers;
    private long unreadSinceNanos = System.nanoTime();
    private volatile long progress;
    private volatile boolean closed;
    private volatile @Nullable StoreException failure;

    /// Follows `prefix` from after `revision`, keeping keys that are `wanted`.
    Feed(Store store, String prefix, Predicate<String> wanted, long revision) {
        this.watch = store.watch(prefix, revision);
        this.wanted = wanted;
        this.progress = revision;
        this.oldest = new Node(revision, null);
        this.newest = oldest;
        Thread.ofVirtual().name("feed " + prefix).start(this::follow);
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
            readers++;
            return new Cursor(place, revision);
        } finally {
            lock.unlock();
        }
    }

    /// Whether nobody has read for `duration`.
    boolean unusedFor(Duration duration) {
        lock.lock();
        try {
            return readers == 0 && System.nanoTime() - unreadSinceNanos >= duration.toNanos();
        } finally {
            lock.unlock();
        }
    }

    boolean ended() {
        return closed || failure != null;
    }

    @Override
    public void close() {
        closed = true;
        watch.close();
        signal();
    }

    private void follow() {
        try {
            while (!closed) {
                var change = watch.next(Duration.ofSeconds(1));
                long reached = watch.progress();
                if (change.isPresent() && wanted.test(change.get().entry().key())) {
                    append(new ObjectChange(change.get()));
                }
                if (reached > progress) {
                    progress = reached;
                }
            }
        } catch (StoreException e) {
            failure = e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closed = true;
        } finally {
            watch.close();
            signal();
        }
    }

    private void append(ObjectChange change) {
        lock.lock();
        try {
            var node = new Node(change.revision(), change);
            newest.next = node;
            newest = node;
            var next = oldest.next;
            if (++kept > KEPT_CHANGES && next != null) {
                oldest = next;
                kept--;
            }
            moved.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        lock.lock();
        try {
            moved.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static final class Node {
        private final long revision;
        private final @Nullable ObjectChange change;
        private volatile @Nullable Node next;

        Node(long revision, @Nullable ObjectChange change) {
            this.revision = revision;
            this.change = change;
        }
    }

    private final class Cursor implements ChangeCursor {
        private Node place;
        private final long from;
        private boolean left;
        private volatile boolean woken;

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
            place = next;
            var change = next.change;
            return change != null && change.revision() > from ? change : next(timeout);
        }

        private @Nullable Node await(Duration timeout) throws InterruptedException {
            lock.lock();
            try {
                long left = timeout.toNanos();
                while (place.next == null && !closed && failure == null && !woken && left > 0) {
                    left = moved.awaitNanos(left);
                }
                var next = place.next;
                var broken = failure;
                if (next == null && broken != null && !closed) {
                    throw broken;
                }
                return next;
            } finally {
                lock.unlock();
            }
        }

        @Override
        public boolean ended() {
            return place.next == null && (closed || woken);
        }

        @Override
        public long progress() {
            long reached = progress;
            return place.next == null ? Math.max(reached, from) : Math.max(place.revision, from);
        }

        @Override
        public void wake() {
            woken = true;
            signal();
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (!left) {
                    left = true;
                    if (--readers == 0) {
                        unreadSinceNanos = System.nanoTime();
                    }
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /// Whether an exception says that history was lost.
    static boolean lostHistory(StoreException e) {
        return e instanceof CompactedException;
    }
}
