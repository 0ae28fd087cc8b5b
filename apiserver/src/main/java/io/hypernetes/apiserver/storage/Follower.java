package io.hypernetes.apiserver.storage;

import io.hypernetes.store.Change;
import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Shows every change of the store, of all tenants, to the parts of the server that have to keep up with it: one thread, nothing kept, so that
/// idle tenants cost nothing. A part that fails is looked after by itself: the others go on.
public final class Follower implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Follower.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration LOOK = Duration.ofMinutes(5);

    /// A part that keeps up. Both methods are called by one thread, on which all parts and all tenants wait, and may write to the store. When one fails, [#refresh] is
    /// called a while later, and again until it does not; changes are shown in between.
    public interface Listener {
        /// Called at the start, and whenever changes were missed: anything may have changed.
        void refresh();

        /// Called for each change in the order of revisions; must be quick for changes that do not concern it, and leave to other threads what takes as long as a
        /// tenant likes, such as reading its objects again and again.
        void changed(Change change);
    }

    private final Store store;
    private final List<Listener> listeners;
    /// Those that missed something.
    private final Set<Listener> behind = new LinkedHashSet<>();
    private long refreshed;
    private final Thread thread;

    /// Begins at once.
    public Follower(Store store, List<Listener> listeners) {
        this.store = store;
        this.listeners = List.copyOf(listeners);
        this.thread = Thread.ofVirtual().name("store-follower").start(this::run);
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private void run() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                try {
                    follow();
                } catch (CompactedException e) {
                    // Fell behind: everything is looked at again.
                } catch (StoreException e) {
                    log.debug("event=store-follower-waits cause={}", e.getMessage());
                    Thread.sleep(PAUSE);
                } catch (RuntimeException e) {
                    log.error("event=store-follower-failed", e);
                    Thread.sleep(PAUSE);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void follow() throws InterruptedException {
        try (var watch = store.watch("/", store.tick())) {
            behind.addAll(listeners);
            refresh();
            while (true) {
                var change = watch.next(behind.isEmpty() ? LOOK : PAUSE);
                change.ifPresent(this::show);
                // However often one fails, the others do not wait for its refreshes all the time.
                if (!behind.isEmpty() && System.nanoTime() - refreshed >= PAUSE.toNanos()) {
                    refresh();
                }
            }
        }
    }

    private void refresh() {
        for (var listener : List.copyOf(behind)) {
            if (succeeds(listener, listener::refresh)) {
                behind.remove(listener);
            }
        }
        refreshed = System.nanoTime();
    }

    private void show(Change change) {
        for (var listener : listeners) {
            if (!succeeds(listener, () -> listener.changed(change))) {
                behind.add(listener);
            }
        }
    }

    private static boolean succeeds(Listener listener, Runnable step) {
        try {
            step.run();
            return true;
        } catch (StoreException e) {
            log.debug("event=store-follower-waits listener={} cause={}", listener.getClass().getSimpleName(), e.getMessage());
        } catch (RuntimeException | Error e) {
            // Whatever it was: without this thread nobody hears of anything any more.
            log.error("event=store-follower-failed listener={}", listener.getClass().getSimpleName(), e);
        }
        return false;
    }
}
