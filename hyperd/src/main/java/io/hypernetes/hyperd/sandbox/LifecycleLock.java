package io.hypernetes.hyperd.sandbox;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/// Held by what makes, ends or removes a sandbox or its containers: one at a time a sandbox. Safe for use by many threads.
final class LifecycleLock {
    private static final long PATIENCE_SECONDS = 5;

    private final ReentrantLock lock = new ReentrantLock();

    /// What is done while it is held.
    interface Action<T, E extends Exception> {
        T run() throws E;
    }

    <T, E extends Exception> T holding(Action<T, E> action) throws E {
        lock.lock();
        try {
            return action.run();
        } finally {
            lock.unlock();
        }
    }

    /// The same for who ends the machine. Whoever holds it may be waiting for a guest that does not answer, or for all of its memory to be written or read,
    /// and so may the next one: without a line, or a machine, each is done.
    ///
    /// @param hasten ends what the holder may be waiting for; called again and again as long as that lasts
    void holdingToEnd(Runnable hasten, Runnable action) {
        boolean interrupted = false;
        while (true) {
            try {
                if (lock.tryLock(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    break;
                }
            } catch (InterruptedException impatient) {
                interrupted = true;
            }
            hasten.run();
        }
        try {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            action.run();
        } finally {
            lock.unlock();
        }
    }
}
