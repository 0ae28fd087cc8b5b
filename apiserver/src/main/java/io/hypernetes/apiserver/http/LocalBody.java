package io.hypernetes.apiserver.http;

import io.hypernetes.apiserver.fair.Seat;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The body of an answer on its way to a reader in this process: a bounded queue of arrays, which are not copied before they are read. One thread
/// writes, one reads; any may close, which lets the writer know that nobody reads any more.
final class LocalBody extends InputStream {
    private static final int MOST_BYTES = 512 << 10;
    /// A reader that is as fast as this server fills the queue is waited for with the request's seat.
    private static final long QUICK_NANOS = Duration.ofMillis(50).toNanos();

    private final long slowNanos;
    private final Runnable onClose;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Slice> queue = new ArrayDeque<>();
    private long queued;
    private boolean ended;
    private boolean broken;
    private boolean closed;

    private static final class Slice {
        private final byte[] bytes;
        private int offset;
        private int left;

        Slice(byte[] bytes, int offset, int length) {
            this.bytes = bytes;
            this.offset = offset;
            this.left = length;
        }
    }

    /// @param slow how long the reader may take nothing of a full queue before it is cut off
    /// @param onClose runs once when the reader closes before the end, or is cut off
    LocalBody(Duration slow, Runnable onClose) {
        this.slowNanos = slow.toNanos();
        this.onClose = onClose;
    }

    /// Queues a part of an array that must not change, waiting while the queue is full.
    ///
    /// @param after how much the writer holds of what comes after it
    /// @throws ClientGoneException when nobody reads any more, or takes nothing for too long
    void put(byte[] bytes, int offset, int length, long after) throws ClientGoneException {
        if (length == 0) {
            return;
        }
        boolean room = await(QUICK_NANOS);
        if (!room) {
            room = Seat.away(length + after, () -> await(slowNanos - QUICK_NANOS));
        }
        if (!room) {
            close();
            throw new ClientGoneException("the reader took nothing of its answer for %d s".formatted(Duration.ofNanos(slowNanos).toSeconds()));
        }
        lock.lock();
        try {
            if (closed) {
                throw new ClientGoneException("the reader closed the answer");
            }
            queue.add(new Slice(bytes, offset, length));
            queued += length;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// No more will be written.
    void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Lets the reader see the answer broken off.
    void breakOff() {
        lock.lock();
        try {
            broken = !ended;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        lock.lock();
        try {
            while (queue.isEmpty() && !ended && !broken && !closed) {
                changed.await();
            }
            if (closed) {
                throw new IOException("the answer was closed");
            }
            if (queue.isEmpty() && broken) {
                throw new IOException("the server broke its answer off");
            }
            return queue.isEmpty() ? -1 : take(into, offset, length);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while reading an answer");
        } finally {
            lock.unlock();
        }
    }

    private int take(byte[] into, int offset, int length) {
        int taken = 0;
        while (taken < length && !queue.isEmpty()) {
            Slice slice = queue.getFirst();
            int part = Math.min(slice.left, length - taken);
            System.arraycopy(slice.bytes, slice.offset, into, offset + taken, part);
            slice.offset += part;
            slice.left -= part;
            taken += part;
            if (slice.left == 0) {
                queue.removeFirst();
            }
        }
        queued -= taken;
        changed.signalAll();
        return taken;
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            queue.clear();
            changed.signalAll();
            if (ended) {
                return;
            }
        } finally {
            lock.unlock();
        }
        onClose.run();
    }

    /// Waits until there is room or nobody reads any more; false when neither came in time.
    private boolean await(long nanos) throws ClientGoneException {
        long left = nanos;
        lock.lock();
        try {
            while (queued >= MOST_BYTES && !closed) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClientGoneException("interrupted while answering within the process");
        } finally {
            lock.unlock();
        }
    }
}
