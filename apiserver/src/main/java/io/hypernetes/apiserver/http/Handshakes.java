package io.hypernetes.apiserver.http;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Threads for the costly part of TLS handshakes, signatures of a millisecond and more: connections that stand are not kept waiting by those that
/// come, and whoever opens many waits behind their own, since the addresses that connections come from take turns. Of those that come from one
/// address whose handshakes have begun are first, so that few are half done and run into their deadline. Thread-safe.
final class Handshakes implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Handshakes.class);
    /// Steps of a handshake at most; what comes after is not one's first handshake, and in no way urgent.
    private static final int STEPS = 4;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /// What waits, by where it comes from; the first is next, and goes to the end then. As many as there are connections, at most.
    private final LinkedHashMap<Object, Line> waiting = new LinkedHashMap<>();
    private boolean closed;

    /// The connections from one place that wait.
    private static final class Line {
        private final LinkedHashSet<Connection> begun = new LinkedHashSet<>();
        private final LinkedHashSet<Connection> fresh = new LinkedHashSet<>();

        boolean isEmpty() {
            return begun.isEmpty() && fresh.isEmpty();
        }
    }

    /// A connection's place in the line. Its steps are done one after the other.
    final class Connection implements Executor {
        private final Object origin;
        private final ArrayDeque<Runnable> steps = new ArrayDeque<>();
        private int taken;
        private boolean gone;

        private Connection(Object origin) {
            this.origin = origin;
        }

        /// Has a step done in its turn; not at all when the connection is gone.
        @Override
        public void execute(Runnable step) {
            lock.lock();
            try {
                if (gone || closed) {
                    return;
                }
                steps.add(step);
                if (steps.size() == 1) {
                    queue();
                }
            } finally {
                lock.unlock();
            }
        }

        /// Gives up what waits: the connection is closed.
        void gone() {
            lock.lock();
            try {
                gone = true;
                steps.clear();
                var line = waiting.get(origin);
                if (line != null) {
                    line.begun.remove(this);
                    line.fresh.remove(this);
                    if (line.isEmpty()) {
                        waiting.remove(origin);
                    }
                }
            } finally {
                lock.unlock();
            }
        }

        private void queue() {
            var line = waiting.computeIfAbsent(origin, _ -> new Line());
            (taken > 0 && taken < STEPS ? line.begun : line.fresh).add(this);
            changed.signal();
        }
    }

    /// @param threads how many handshakes are worked at, at most
    Handshakes(int threads) {
        for (int n = 0; n < threads; n++) {
            Thread.ofPlatform().daemon().name("tls-" + n).start(this::run);
        }
    }

    /// Does the steps of one more connection, in turn with what comes from elsewhere.
    ///
    /// @param origin equal for what waits in one line
    Connection from(Object origin) {
        return new Connection(origin);
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
            var line = first.getValue();
            var connection = (line.begun.isEmpty() ? line.fresh : line.begun).removeFirst();
            if (!line.isEmpty()) {
                waiting.put(first.getKey(), line);
            }
            var step = connection.steps.remove();
            connection.taken++;
            if (!connection.steps.isEmpty()) {
                connection.queue();
            }
            return step;
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
