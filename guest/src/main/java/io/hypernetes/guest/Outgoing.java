package io.hypernetes.guest;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// What waits to be written to the guest. One thread takes and writes, so that no caller's interruption can close the connection and
/// no frame is ever cut. Bounded: those who add wait while a guest does not read.
final class Outgoing {
    /// One message may exceed it, so that a message is added as a whole.
    private static final int BOUND_BYTES = 1 << 20;

    private final ReentrantLock lock = new ReentrantLock(true);
    private final Condition room = lock.newCondition();
    private final Condition filled = lock.newCondition();
    private final Deque<byte[]> frames = new ArrayDeque<>();
    private long queuedBytes;
    private @Nullable GuestException ended;

    /// Adds frames that belong together, waiting for room.
    ///
    /// @param tried for messages: what the caller is about
    /// @param deadlineNanos by System.nanoTime; null to wait as long as the session lives
    void add(String tried, List<byte[]> together, @Nullable Long deadlineNanos) {
        try {
            lock.lockInterruptibly();
        } catch (InterruptedException interrupted) {
            throw interrupted(tried);
        }
        try {
            long begun = System.nanoTime();
            while (ended == null && queuedBytes >= BOUND_BYTES) {
                if (deadlineNanos == null) {
                    room.await();
                } else if (room.awaitNanos(deadlineNanos - System.nanoTime()) <= 0) {
                    throw GuestException.deadline(
                            tried + " (the guest reads nothing)", TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
                }
            }
            enqueue(tried, together);
        } catch (InterruptedException interrupted) {
            throw interrupted(tried);
        } finally {
            lock.unlock();
        }
    }

    /// Adds a frame whatever is queued; for the few kinds of which there is at most one a stream.
    void addAtOnce(String tried, byte[] frame) {
        lock.lock();
        try {
            enqueue(tried, List.of(frame));
        } finally {
            lock.unlock();
        }
    }

    /// Waits for the next frame to be written; null when the session has ended.
    byte @Nullable [] take() throws InterruptedException {
        lock.lock();
        try {
            while (ended == null && frames.isEmpty()) {
                filled.await();
            }
            if (ended != null) {
                return null;
            }
            byte[] frame = frames.removeFirst();
            queuedBytes -= frame.length;
            if (queuedBytes < BOUND_BYTES) {
                room.signal();
            }
            return frame;
        } finally {
            lock.unlock();
        }
    }

    void end(GuestException why) {
        lock.lock();
        try {
            ended = why;
            frames.clear();
            queuedBytes = 0;
            room.signalAll();
            filled.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void enqueue(String tried, List<byte[]> together) {
        if (ended != null) {
            throw ended.again(tried);
        }
        for (byte[] frame : together) {
            frames.addLast(frame);
            queuedBytes += frame.length;
        }
        filled.signal();
        if (queuedBytes < BOUND_BYTES) {
            room.signal();
        }
    }

    private static GuestException interrupted(String tried) {
        Thread.currentThread().interrupt();
        return GuestException.interrupted(tried);
    }
}
