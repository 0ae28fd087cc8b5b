package io.hypernetes.hyperd.volume;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells when something changes in a folder. All folders share one thread and one inotify instance; a listener must return soon.
/// Safe for use by many threads.
public final class FolderWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FolderWatch.class);

    private final WatchService service;
    private final Map<WatchKey, List<Runnable>> listeners = new ConcurrentHashMap<>();
    private final Thread thread;

    public FolderWatch() {
        try {
            service = FileSystems.getDefault().newWatchService();
        } catch (IOException failure) {
            throw new UncheckedIOException("starting to watch folders (is fs.inotify.max_user_instances reached?)", failure);
        }
        thread = Thread.ofVirtual().name("folder-watch").start(this::run);
    }

    /// Calls `changed` after each change of the entries of `folder`, until the returned registration is closed.
    public Registration watch(Path folder, Runnable changed) throws IOException {
        synchronized (this) {
            WatchKey key = folder.register(
                    service,
                    StandardWatchEventKinds.ENTRY_CREATE,
                    StandardWatchEventKinds.ENTRY_MODIFY,
                    StandardWatchEventKinds.ENTRY_DELETE);
            listeners.computeIfAbsent(key, fresh -> new CopyOnWriteArrayList<>()).add(changed);
            return () -> forget(key, changed);
        }
    }

    /// A folder being watched.
    public interface Registration extends AutoCloseable {
        @Override
        void close();
    }

    @Override
    public void close() {
        try {
            service.close();
        } catch (IOException failure) {
            LOG.warn("event=folder-watch-close-failed error={}", failure.toString());
        }
        thread.interrupt();
    }

    private synchronized void forget(WatchKey key, Runnable changed) {
        List<Runnable> others = listeners.getOrDefault(key, List.of());
        others.remove(changed);
        if (others.isEmpty()) {
            listeners.remove(key);
            key.cancel();
        }
    }

    private void run() {
        try {
            while (true) {
                WatchKey key = service.take();
                key.pollEvents();
                key.reset();
                for (Runnable listener : listeners.getOrDefault(key, List.of())) {
                    try {
                        listener.run();
                    } catch (RuntimeException failure) {
                        LOG.warn("event=folder-watch-listener-failed folder={} error={}", key.watchable(), failure.toString());
                    }
                }
            }
        } catch (InterruptedException | ClosedWatchServiceException closed) {
            LOG.debug("event=folder-watch-ended");
        }
    }
}
