package io.hypernetes.identity;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Authorities that are made before anybody asks for one, each durable in a folder of its own whose name is no tenant's. Taking one is a rename,
/// so a process that is killed leaves an authority in one place or in the other; what nobody took is cleared away when the folder is opened.
/// Thread-safe.
final class ReadyAuthorities implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ReadyAuthorities.class);

    /// One that has no place yet.
    record Ready(Path folder, CertificateAuthority authority) {}

    /// Makes one.
    interface Maker {
        Ready make() throws IOException;
    }

    private final int most;
    private final Maker maker;
    private final Thread thread = Thread.ofPlatform().daemon().name("authorities-ready").unstarted(this::fill);
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Ready> ready = new ArrayDeque<>();
    /// How often one was asked for, and what that was when making one began that failed: it is tried again when one is asked for after that.
    private long asked;
    private long begunAt;
    private long failedAt = -1;
    private boolean closed;

    ReadyAuthorities(int most, Maker maker) {
        if (most < 1) {
            throw new IllegalArgumentException("at least one is kept ready, not " + most);
        }
        this.most = most;
        this.maker = maker;
    }

    void start() {
        thread.start();
    }

    /// Puts one at its place, durably.
    ///
    /// @return null when none is ready, or the place is taken
    @Nullable CertificateAuthority take(Path place) {
        Ready next;
        lock.lock();
        try {
            next = ready.poll();
            asked++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            if (next == null) {
                return null;
            }
            if (CertificateAuthority.put(next.folder(), place)) {
                return next.authority();
            }
            SecretFiles.remove(next.folder());
            return null;
        } catch (IOException e) {
            // One that is made at its place may still be possible, and if not, says why. What is left of this one is cleared away at the next start.
            log.warn("event=ready-authority-not-placed place={} error=\"{}\"", place, String.valueOf(e));
            return null;
        }
    }

    /// Waits until so many are ready as are kept.
    void awaitFull() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (ready.size() < most && !closed) {
                changed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    private void fill() {
        while (awaitWanted()) {
            Ready made = null;
            try {
                made = maker.make();
            } catch (IOException | RuntimeException e) {
                log.warn("event=authority-not-made-ahead cause=\"{}\"", e.toString());
            }
            lock.lock();
            try {
                if (made == null) {
                    failedAt = begunAt;
                } else {
                    ready.add(made);
                }
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /// False when there is nothing more to do.
    private boolean awaitWanted() {
        lock.lock();
        try {
            while (!closed && (ready.size() >= most || failedAt == asked)) {
                changed.awaitUninterruptibly();
            }
            begunAt = asked;
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    /// Returns when nothing more is being made. What is ready and was not taken stays in its folder.
    @Override
    public void close() throws InterruptedException {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        thread.join();
    }
}
