package io.hypernetes.apiserver.http;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Threads for the costly part of TLS handshakes, signatures of a millisecond and more: connections that stand are not kept waiting by those that
/// come, and whoever opens many waits behind their own, since the addresses that connections come from take turns. Thread-safe.
final class Handshakes implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Handshakes.class);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /// What waits, by where it comes from; the first is next, and goes to the end then. As many as there are connections, at most.
    private final LinkedHashMap<Object, ArrayDeque<Runnable>> waiting = new LinkedHashMap<>();
    private boolean closed;

    /// @param threads how many handshakes are worked at, at most
    Handshakes(int threads) {
        for (int n = 0; n < threads; n++) {
            Thread.ofPlatform().daemon().name("tls-" + n).start(this::run);
        }
    }

    /// Does what is handed to it in turn with what comes from elsewhere.
    ///
    /// @param origin equal for what waits in one line
    Executor from(Object origin) {
        return task -> add(origin, task);
    }

    private void add(Object origin, Runnable task) {
        lock.lock();
        try {
            waiting.computeIfAbsent(origin, _ -> new ArrayDeque<>()).add(task);
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        for (var task = next(); task != null; task = next()) {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                log.error("event=handshake-task-failed", e);
            }
        }
    }

    private @Nullable Runnable next() {
        lock.lock();
        try {
            while (!closed && waiting.isEmpty()) {
                changed.awaitUninterruptibly();
            }
            if (closed) {
                return null;
            }
            var first = waiting.pollFirstEntry();
            var task = first.getValue().remove();
            if (!first.getValue().isEmpty()) {
                waiting.put(first.getKey(), first.getValue());
            }
            return task;
        } finally {
            lock.unlock();
        }
    }

    /// What waits is given up: its connections are closed by then.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            waiting.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
