package io.hypernetes.kubelet.server;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells those who follow logs that something was written. All of them share one inotify instance, of which root has 128 on a host by default, and its thread; it is made for the first of them. Where there is none to
/// be had they look of themselves, twice a second. Thread-safe.
final class LogWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogWatch.class);
    /// How long to wait for a notice of the file system before looking anyway.
    private static final Duration LOOK = Duration.ofMillis(500);

    private final Duration look;
    private final Map<WatchKey, Set<Follower>> followers = new ConcurrentHashMap<>();
    private @Nullable WatchService service; // guarded by this
    private boolean closed; // guarded by this

    LogWatch() {
        this(LOOK);
    }

    /// @param look how long nobody needs to tell anything before all look of themselves
    LogWatch(Duration look) {
        this.look = look;
    }

    /// Who follows one log.
    final class Follower implements AutoCloseable {
        private final Semaphore news = new Semaphore(0);
        private @Nullable WatchKey key;

        /// Returns when something was written since the last return, or after a while.
        void await() throws InterruptedException {
            if (news.tryAcquire(look.toMillis(), TimeUnit.MILLISECONDS)) {
                news.drainPermits();
            }
        }

        private void tell() {
            if (news.availablePermits() == 0) {
                news.release();
            }
        }

        @Override
        public void close() {
            forget(this);
        }
    }

    /// @param folder of the log
    synchronized Follower follow(Path folder) {
        Follower follower = new Follower();
        try {
            WatchService notices = service();
            if (notices != null) {
                WatchKey key = folder.register(notices, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
                follower.key = key;
                followers.computeIfAbsent(key, _ -> ConcurrentHashMap.newKeySet()).add(follower);
            }
        } catch (IOException | ClosedWatchServiceException none) {
            LOG.warn("event=log-not-watched folder={} reason=\"{}\" hint=\"is fs.inotify.max_user_instances or max_user_watches reached?\"", folder, none.toString());
        }
        return follower;
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (service != null) {
            try {
                service.close();
            } catch (IOException failure) {
                LOG.warn("event=log-watch-close-failed reason=\"{}\"", failure.toString());
            }
        }
    }

    private @Nullable WatchService service() throws IOException {
        WatchService known = service;
        if (known == null && !closed) {
            WatchService made = FileSystems.getDefault().newWatchService();
            Thread.ofVirtual().name("log-watch").start(() -> run(made));
            service = made;
            return made;
        }
        return known;
    }

    private synchronized void forget(Follower follower) {
        WatchKey key = follower.key;
        if (key == null) {
            return;
        }
        followers.computeIfPresent(key, (_, all) -> {
            all.remove(follower);
            return all.isEmpty() ? null : all;
        });
        if (!followers.containsKey(key)) {
            key.cancel();
        }
    }

    private void run(WatchService notices) {
        try {
            while (true) {
                WatchKey key = notices.take();
                key.pollEvents();
                key.reset();
                followers.getOrDefault(key, Set.of()).forEach(Follower::tell);
            }
        } catch (InterruptedException | ClosedWatchServiceException ended) {
            LOG.debug("event=log-watch-ended");
        }
    }
}
