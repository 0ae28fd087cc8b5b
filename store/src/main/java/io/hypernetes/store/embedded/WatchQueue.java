package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.CompactedException;
import io.hypernetes.store.StoreException;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.Watch;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The changes that wait for one watcher. Lock order: the store's publication lock before a queue's.
final class WatchQueue implements Watch {
    /// Most memory that waiting values may hold; one change always fits.
    static final long MOST_BYTES = 32L << 20;

    private final String prefix;
    private final int backlog;
    private final long backlogBytes;
    private final LongSupplier tick;
    private final Consumer<WatchQueue> onClose;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final ArrayDeque<Change> waiting = new ArrayDeque<>();
    private final long begin;
    private long delivered;
    // Of what came after the start, as far as it was not read.
    private long bytes;
    private int past;
    private @Nullable StoreException end;

    WatchQueue(
            String prefix, long afterRevision, int backlog, long backlogBytes, LongSupplier tick, Consumer<WatchQueue> onClose) {
        this.prefix = prefix;
        this.begin = afterRevision;
        this.delivered = afterRevision;
        this.backlog = backlog;
        this.backlogBytes = backlogBytes;
        this.tick = tick;
        this.onClose = onClose;
    }

    String prefix() {
        return prefix;
    }

    /// What history holds for a new watch; not subject to the backlog limit, history has its own.
    void start(List<Change> history) {
        waiting.addAll(history);
        past = waiting.size();
    }

    void offer(Change change) {
        lock.lock();
        try {
            // A watch may begin at a tick that is newer than what is published just now.
            if (end != null || change.entry().revision() <= begin) {
                return;
            }
            long size = History.size(change);
            if (waiting.size() >= backlog || bytes > 0 && bytes + size > backlogBytes) {
                long oldest = waiting.getFirst().entry().revision();
                waiting.clear();
                bytes = 0;
                past = 0;
                endWith(new CompactedException(prefix, change.entry().revision(),
                        "watch of '" + prefix + "': more than " + backlog + " changes or " + (backlogBytes >> 10) + " KiB since revision " + oldest
                                + " were waiting to be read, so they were dropped; list again and watch from there"));
                return;
            }
            waiting.add(change);
            bytes += size;
            arrived.signal();
        } finally {
            lock.unlock();
        }
    }

    /// Ends the watch; what waits is still delivered before `reason`.
    void endWith(StoreException reason) {
        lock.lock();
        try {
            if (end == null) {
                end = reason;
            }
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<Change> next(Duration timeout) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = timeout.toNanos();
            while (waiting.isEmpty()) {
                if (end != null) {
                    throw end;
                }
                if (left <= 0) {
                    return Optional.empty();
                }
                left = arrived.awaitNanos(left);
            }
            Change change = waiting.removeFirst();
            if (past > 0) {
                past--;
            } else {
                bytes -= History.size(change);
            }
            delivered = change.entry().revision();
            return Optional.of(change);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long progress() {
        // The tick comes first: a change published after it is newer, one published before it is in the queue by now.
        long now = tick.getAsLong();
        lock.lock();
        try {
            if (!waiting.isEmpty()) {
                // One commit may have several changes of one revision: it is done with when the last is.
                return Math.min(delivered, waiting.getFirst().entry().revision() - 1);
            }
            return end == null ? Math.max(now, delivered) : delivered;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        onClose.accept(this);
        lock.lock();
        try {
            waiting.clear();
            bytes = 0;
            past = 0;
            if (end == null) {
                end = new StoreUnavailableException("watch of '" + prefix + "' was closed");
            }
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
