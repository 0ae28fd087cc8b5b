package io.hypernetes.apiserver.storage;

import io.hypernetes.store.Change;
import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Shows every change of the store, of all tenants, to the parts of the server that have to keep up with it: one thread, nothing kept, so that
/// idle tenants cost nothing.
public final class Follower implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Follower.class);
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final Duration LOOK = Duration.ofMinutes(5);

    /// A part that keeps up. Both methods are called by one thread and may write to the store.
    public interface Listener {
        /// Called at the start, and whenever changes were missed: anything may have changed.
        void refresh();

        /// Called for each change in the order of revisions; must be quick for changes that do not concern it.
        void changed(Change change);
    }

    private final Store store;
    private final List<Listener> listeners;
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
            listeners.forEach(Listener::refresh);
            while (true) {
                var change = watch.next(LOOK);
                if (change.isPresent()) {
                    listeners.forEach(listener -> listener.changed(change.get()));
                }
            }
        }
    }
}
