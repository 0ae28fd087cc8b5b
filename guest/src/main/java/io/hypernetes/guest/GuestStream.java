package io.hypernetes.guest;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One stream id of a session, both directions.
///
/// The session's reading thread brings frames and never waits here: what a guest may send is bounded by the limit that was granted, and
/// a guest that goes beyond it breaks the protocol. Readers and writers wait on the stream alone.
final class GuestStream {
    /// Granted at a time for a container's output, which the guest keeps in the same size.
    static final int OUTPUT_WINDOW = 256 << 10;
    /// Granted at a time for the output of a process and for sockets.
    static final int PROCESS_WINDOW = 128 << 10;
    /// How long a stream whose process has ended may stay silent before it is given up: something left behind holds it open.
    private static final long SILENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    final int id;
    private final String name;
    private final Outgoing outgoing;
    private final int window;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ReentrantLock writing = new ReentrantLock();

    private final ByteRing ring = new ByteRing();
    private long received;
    private long consumed;
    private long acknowledged;
    private long limit;
    private boolean ended;
    private int endErrno;
    private boolean processEnded;
    private long lastSignOfLife;

    private long sent;
    private boolean sentKnown = true;
    private long guestLimit;
    private boolean finished;

    private boolean closed;
    private boolean closedByGuest;
    private @Nullable GuestException lost;

    /// @param name for messages: `standard output of container web`
    /// @param window how many bytes are granted beyond what was read; 0 for a stream that brings nothing
    GuestStream(int id, String name, Outgoing outgoing, int window) {
        this.id = id;
        this.name = name;
        this.outgoing = outgoing;
        this.window = window;
    }

    /// Before the stream is asked for: where the guest begins, with the first grant in the request.
    ///
    /// @return the limit to ask for
    long beginAt(long offset) {
        received = offset;
        consumed = offset;
        acknowledged = offset;
        limit = offset + window;
        return limit;
    }

    /// Before the stream is asked for: our direction goes on where the guest will say.
    void sendFromUnknown() {
        sentKnown = false;
    }

    void sendFrom(long offset) {
        lock.lock();
        try {
            sent = offset;
            sentKnown = true;
        } finally {
            lock.unlock();
        }
    }

    // Frames from the guest, brought by the reading thread.

    void data(byte[] payload) {
        lock.lock();
        try {
            if (payload.length < 9) {
                throw GuestException.protocol("DATA without bytes on " + name);
            }
            if (closed || closedByGuest) {
                return;
            }
            int length = payload.length - 8;
            if (Bytes.u64(payload, 0) != received) {
                throw GuestException.protocol("DATA on " + name + " at offset "
                        + Long.toUnsignedString(Bytes.u64(payload, 0)) + ", expected at " + received);
            }
            if (ended || length > limit - received) {
                throw GuestException.protocol("DATA on " + name + " beyond its " + (ended ? "end" : "limit " + limit));
            }
            ring.add(payload, 8, length);
            received += length;
            lastSignOfLife = System.nanoTime();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void window(byte[] payload) {
        lock.lock();
        try {
            if (payload.length != 16) {
                throw GuestException.protocol("WINDOW of " + payload.length + " bytes on " + name);
            }
            long guestAcknowledged = Bytes.u64(payload, 0);
            if (guestAcknowledged < 0 || sentKnown && guestAcknowledged > sent) {
                throw GuestException.protocol("WINDOW on " + name + " acknowledges what was never sent");
            }
            long newLimit = Bytes.u64(payload, 8);
            // Beyond the signed range is as good as without limit.
            guestLimit = Math.max(guestLimit, newLimit < 0 ? Long.MAX_VALUE : newLimit);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void end(byte[] payload) {
        lock.lock();
        try {
            if (payload.length != 12) {
                throw GuestException.protocol("END of " + payload.length + " bytes on " + name);
            }
            if (closed || closedByGuest) {
                return;
            }
            if (ended || Bytes.u64(payload, 0) != received) {
                throw GuestException.protocol("END on " + name + (ended ? " twice" : " at another length than was sent"));
            }
            ended = true;
            endErrno = Bytes.u32(payload, 8);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void closedByGuest() {
        lock.lock();
        try {
            closedByGuest = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void lost(GuestException why) {
        lock.lock();
        try {
            lost = why;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// The process behind the stream has ended; what it wrote may still come.
    void processEnded() {
        lock.lock();
        try {
            processEnded = true;
            lastSignOfLife = System.nanoTime();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    // For those who use the stream.

    /// What a wait for bytes came to.
    enum Arrival {
        BYTES,
        END,
        TIMEOUT
    }

    /// Waits until there are bytes or there will be none.
    Arrival await(long timeoutNanos) throws InterruptedException {
        long begun = System.nanoTime();
        lock.lockInterruptibly();
        try {
            while (true) {
                if (ring.size() > 0) {
                    return Arrival.BYTES;
                }
                if (ended) {
                    return Arrival.END;
                }
                if (lost != null) {
                    throw lost.again("reading " + name);
                }
                if (closed) {
                    throw GuestException.disconnected(name + " was closed");
                }
                if (closedByGuest) {
                    throw GuestException.disconnected("the guest gave up " + name);
                }
                long now = System.nanoTime();
                long left = timeoutNanos - (now - begun);
                if (processEnded) {
                    long silenceLeft = SILENCE_NANOS - (now - lastSignOfLife);
                    if (silenceLeft <= 0) {
                        return Arrival.END;
                    }
                    left = Math.min(left, silenceLeft);
                }
                if (timeoutNanos - (now - begun) <= 0) {
                    return Arrival.TIMEOUT;
                }
                changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Takes bytes that are there and grants as many anew; 0 when there are none.
    int take(byte[] into, int offset, int length, boolean acknowledge) {
        int taken;
        byte[] grant = null;
        lock.lock();
        try {
            taken = ring.take(into, offset, length);
            consumed += taken;
            if (acknowledge) {
                acknowledged = consumed;
            }
            // Half a window at a time: fewer frames, and the guest never has to stand still for want of one.
            if (!ended && !closed && !closedByGuest && consumed + window - limit >= window / 2) {
                limit = consumed + window;
                grant = StreamFrames.window(id, acknowledged, limit);
            }
        } finally {
            lock.unlock();
        }
        if (grant != null) {
            outgoing.add("granting " + name, List.of(grant), null);
        }
        return taken;
    }

    long consumed() {
        lock.lock();
        try {
            return consumed;
        } finally {
            lock.unlock();
        }
    }

    int endErrno() {
        lock.lock();
        try {
            return endErrno;
        } finally {
            lock.unlock();
        }
    }

    int available() {
        lock.lock();
        try {
            return ring.size();
        } finally {
            lock.unlock();
        }
    }

    /// The first grant of a stream whose request carries none.
    void grantFirst() {
        byte[] grant;
        lock.lock();
        try {
            limit = consumed + window;
            grant = StreamFrames.window(id, acknowledged, limit);
        } finally {
            lock.unlock();
        }
        outgoing.add("granting " + name, List.of(grant), null);
    }

    void acknowledge(long offset) {
        byte[] frame;
        lock.lock();
        try {
            if (offset > consumed) {
                throw new IllegalArgumentException(
                        "acknowledging " + name + " up to " + offset + ", but only " + consumed + " was read");
            }
            if (offset <= acknowledged || closed) {
                return;
            }
            if (lost != null) {
                throw lost.again("acknowledging " + name);
            }
            acknowledged = offset;
            limit = ended ? limit : Math.max(limit, consumed + window);
            frame = StreamFrames.window(id, acknowledged, limit);
        } finally {
            lock.unlock();
        }
        outgoing.add("acknowledging " + name, List.of(frame), null);
    }

    /// Sends bytes as the guest grants room.
    void write(byte[] bytes, int offset, int length) throws InterruptedException {
        writing.lockInterruptibly();
        try {
            int done = 0;
            while (done < length) {
                long at;
                int part;
                lock.lockInterruptibly();
                try {
                    while (writable() && guestLimit <= sent) {
                        changed.await();
                    }
                    checkWritable();
                    at = sent;
                    part = (int) Math.min(Math.min(length - done, guestLimit - sent), StreamFrames.MAX_DATA);
                    sent += part;
                } finally {
                    lock.unlock();
                }
                try {
                    outgoing.add("writing " + name, List.of(StreamFrames.data(id, at, bytes, offset + done, part)), null);
                } catch (GuestException notQueued) {
                    goBackTo(at);
                    throw notQueued;
                }
                done += part;
            }
        } finally {
            writing.unlock();
        }
    }

    // What never left leaves no gap: the next to write goes on here. To be called while writing.
    private void goBackTo(long offset) {
        lock.lock();
        try {
            sent = offset;
        } finally {
            lock.unlock();
        }
    }

    /// Whether what is written now can still arrive.
    boolean isWritable() {
        lock.lock();
        try {
            return writable();
        } finally {
            lock.unlock();
        }
    }

    /// Ends our direction; nothing happens when it has ended before.
    void finish() {
        writing.lock();
        try {
            byte[] frame;
            lock.lock();
            try {
                if (!writable() || !sentKnown) {
                    return;
                }
                finished = true;
                frame = StreamFrames.end(id, sent);
            } finally {
                lock.unlock();
            }
            outgoing.addAtOnce("ending " + name, frame);
        } finally {
            writing.unlock();
        }
    }

    /// Gives up both directions and tells the guest, unless it knows.
    void close() {
        lock.lock();
        try {
            boolean tell = !closed && !closedByGuest && lost == null && !(ended && finished);
            closed = true;
            changed.signalAll();
            if (!tell) {
                return;
            }
        } finally {
            lock.unlock();
        }
        try {
            outgoing.addAtOnce("closing " + name, StreamFrames.close(id));
        } catch (GuestException sessionEnded) {
            // Then the stream has ended with it.
        }
    }

    private boolean writable() {
        return !finished && !closed && !closedByGuest && lost == null;
    }

    private void checkWritable() {
        if (lost != null) {
            throw lost.again("writing " + name);
        }
        if (closedByGuest) {
            throw GuestException.disconnected("the guest takes no more of " + name);
        }
        if (closed || finished) {
            throw GuestException.disconnected(name + " was closed");
        }
    }
}
