package io.hypernetes.apiserver.storage;

import io.hypernetes.store.Change;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One watch of the whole store, from which the feeds of all resources that are read across tenants branch off: a change is looked at once,
/// however many of them there are. Safe for many threads.
final class Trunk implements AutoCloseable {
    private static final long FEEDS_LOOKED_AT_EVERY_NANOS = Duration.ofSeconds(1).toNanos();

    /// As many revisions are fetched from history while the others wait.
    private static final int LITTLE = 200;

    /// Behind a store that is written faster than it is read the last is not reached otherwise.
    private static final int ROUNDS = 5;

    private final Store store;
    private final Watch watch;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, List<Branch>> branches = new HashMap<>();
    /// Of these feeds alone; those of a resource count as one.
    private final FeedRoom room;
    private final Encodings encodings;
    private volatile long dispatched;
    private long lookAtNanos = System.nanoTime();
    private volatile long progress;
    private volatile boolean closed;
    private volatile @Nullable StoreException failure;

    /// @param had what came up to this revision the feed has from elsewhere
    private record Branch(Feed feed, long had) {}

    /// Begins at the present.
    Trunk(Store store, FeedRoom room, Encodings encodings) {
        this.room = room;
        this.encodings = encodings;
        this.store = store;
        this.dispatched = store.tick();
        this.progress = dispatched;
        this.watch = store.watch("/", dispatched);
        Thread.ofVirtual().name("feed-trunk").start(this::run);
    }

    /// Whether it gives nothing any more.
    boolean ended() {
        return closed || failure != null;
    }

    /// A feed of a resource in all tenants from after `revision`.
    ///
    /// @param middle of the keys, as [#middle] has it
    /// @throws io.hypernetes.store.CompactedException when the store has no history back to there
    Feed branch(String middle, long revision) {
        var feed = new Feed(room, middle, revision, () -> Math.max(revision, progress), () -> cut(middle));
        try {
            // What was given to the others already is fetched from history, while they are given more; only for the last of it they wait.
            long had = revision;
            for (int round = 0; round < ROUNDS && dispatched - had > LITTLE; round++) {
                had = fetch(feed, middle, had);
            }
            lock.lock();
            try {
                var broken = failure;
                if (broken != null || closed) {
                    throw broken != null ? broken : new StoreUnavailableException("the server is stopping");
                }
                branches.computeIfAbsent(middle, fresh -> new ArrayList<>(1)).add(new Branch(feed, fetch(feed, middle, had)));
            } finally {
                lock.unlock();
            }
            return feed;
        } catch (RuntimeException e) {
            feed.close();
            throw e;
        }
    }

    /// Gives a feed from history what the others had until now, beyond what it had itself.
    ///
    /// @return up to which revision it has everything now
    private long fetch(Feed feed, String middle, long had) {
        long until = dispatched;
        if (had >= until) {
            return had;
        }
        try (var past = store.watch("/", had)) {
            for (var change = past.next(Duration.ZERO); change.isPresent(); change = past.next(Duration.ZERO)) {
                var each = change.get();
                if (each.entry().revision() > until) {
                    break;
                }
                if (middle.equals(middle(each.entry().key()))) {
                    feed.append(new ObjectChange(each, encodings));
                }
            }
            return until;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreUnavailableException("interrupted while beginning a watch");
        }
    }

    /// Gives nothing more to feeds that are closed.
    private void cut(String middle) {
        lock.lock();
        try {
            var same = branches.get(middle);
            if (same != null && same.removeIf(branch -> branch.feed.ended()) && same.isEmpty()) {
                branches.remove(middle);
            }
        } finally {
            lock.unlock();
        }
    }

    /// What stands in a key between the tenant and the namespace, as `/group/resource/`; empty when it is not the key of an object.
    static String middle(String key) {
        int tenant = key.indexOf('/', 1);
        int group = tenant < 0 ? -1 : key.indexOf('/', tenant + 1);
        int resource = group < 0 ? -1 : key.indexOf('/', group + 1);
        return resource < 0 ? "" : key.substring(tenant, resource + 1);
    }

    private void run() {
        try (watch) {
            while (!closed) {
                var change = watch.next(Duration.ofSeconds(1));
                long reached = watch.progress();
                change.ifPresent(this::dispatch);
                progress = Math.max(progress, reached);
                long now = System.nanoTime();
                dropUnneeded(now);
                encodings.dropOld(now);
            }
        } catch (StoreException e) {
            end(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end(new StoreUnavailableException("the server is stopping"));
        } catch (RuntimeException e) {
            // A fault of ours: whoever reads hears of it and begins anew, with another trunk.
            end(new StoreUnavailableException("following the store failed", e));
        }
    }

    private void dispatch(Change change) {
        var middle = middle(change.entry().key());
        lock.lock();
        try {
            long revision = change.entry().revision();
            dispatched = revision;
            var same = branches.get(middle);
            if (same != null) {
                var shared = new ObjectChange(change, encodings);
                for (var branch : same) {
                    if (revision > branch.had) {
                        branch.feed.append(shared);
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void dropUnneeded(long nowNanos) {
        if (nowNanos - lookAtNanos < 0) {
            return;
        }
        lookAtNanos = nowNanos + FEEDS_LOOKED_AT_EVERY_NANOS;
        lock.lock();
        try {
            branches.values().forEach(same -> same.forEach(branch -> branch.feed.dropUnneeded(nowNanos)));
        } finally {
            lock.unlock();
        }
    }

    private void end(StoreException reason) {
        lock.lock();
        try {
            failure = reason;
            branches.values().forEach(same -> same.forEach(branch -> branch.feed.fail(reason)));
            branches.clear();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        closed = true;
        watch.close();
    }
}
