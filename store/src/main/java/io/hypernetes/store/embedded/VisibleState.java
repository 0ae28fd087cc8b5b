package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.CompactedException;
import io.hypernetes.store.StoreException;
import io.hypernetes.store.StoreUnavailableException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// What readers and watchers see: only what is durable. One short lock makes tree, clock, history and watches step together,
/// so that a list and a watch begun from its revision neither miss nor repeat a change.
final class VisibleState {
    /// @param revision the instant the tree shows of the prefix asked for; every later change there has a greater one. 0: no revision left below the ceiling
    record Snapshot(EntryTree tree, long revision) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final EmbeddedSettings settings;
    private final RevisionClock clock;
    private final History history;
    private final WatchTable watches = new WatchTable();
    private final Holdings holdings;
    private volatile EntryTree tree;
    private @Nullable StoreException closed;

    VisibleState(EmbeddedSettings settings, DurableLog.Content content) {
        this.settings = settings;
        this.clock = new RevisionClock(settings.clock(), content.ceiling());
        this.history = new History(settings.historyChanges(), History.MOST_BYTES, settings.historyAge(), content);
        this.holdings = new Holdings(content.entries());
        this.tree = EntryTree.ofSorted(content.entries());
    }

    EntryTree tree() {
        return tree;
    }

    /// How many bytes are held, as [io.hypernetes.store.Store#bytes] has it.
    long bytes(String prefix) {
        return holdings.of(prefix);
    }

    /// The state as far as it concerns keys that start with `prefix`.
    Snapshot snapshot(String prefix) {
        lock.lock();
        try {
            if (closed != null) {
                throw closed;
            }
            return new Snapshot(tree, clock.tick(prefix));
        } finally {
            lock.unlock();
        }
    }

    /// @param parts of all keys that the batch may change, as [RevisionClock#part] has them
    long beginBatch(Set<String> parts) {
        lock.lock();
        try {
            return clock.begin(parts);
        } finally {
            lock.unlock();
        }
    }

    long ceiling() {
        lock.lock();
        try {
            return clock.ceiling();
        } finally {
            lock.unlock();
        }
    }

    long ceilingFor(long lastRevision) {
        lock.lock();
        try {
            return clock.ceilingFor(lastRevision);
        } finally {
            lock.unlock();
        }
    }

    void publish(EntryTree next, List<Change> changes, long lastRevision, long durableCeiling) {
        lock.lock();
        try {
            tree = next;
            clock.end(lastRevision, durableCeiling);
            holdings.add(changes);
            history.add(changes, clock.now());
            changes.forEach(watches::publish);
        } finally {
            lock.unlock();
        }
    }

    WatchQueue watch(String prefix, long afterRevision) {
        WatchQueue watch =
                new WatchQueue(prefix, afterRevision, settings.watchBacklog(), WatchQueue.MOST_BYTES, () -> progress(prefix), this::forget);
        lock.lock();
        try {
            if (closed != null) {
                throw closed;
            }
            long oldest = history.oldest(prefix, clock.now());
            if (afterRevision < oldest) {
                throw new CompactedException(prefix, oldest,
                        "watch of '" + prefix + "' from revision " + afterRevision + ": history is kept from revision "
                                + oldest + " only; list again and watch from there");
            }
            watch.start(history.since(afterRevision, prefix));
            watches.add(watch);
            return watch;
        } finally {
            lock.unlock();
        }
    }

    /// The last revision given; what a clean end writes as its ceiling.
    long last() {
        lock.lock();
        try {
            return clock.last();
        } finally {
            lock.unlock();
        }
    }

    void close(String message) {
        lock.lock();
        try {
            closed = new StoreUnavailableException(message);
            watches.endAll(closed);
        } finally {
            lock.unlock();
        }
    }

    /// Nothing is written any more; readers go on.
    void freeze() {
        lock.lock();
        try {
            clock.freeze();
        } finally {
            lock.unlock();
        }
    }

    private long progress(String prefix) {
        lock.lock();
        try {
            return closed == null ? clock.reached(prefix) : 0;
        } finally {
            lock.unlock();
        }
    }

    private void forget(WatchQueue watch) {
        lock.lock();
        try {
            watches.remove(watch);
        } finally {
            lock.unlock();
        }
    }
}
