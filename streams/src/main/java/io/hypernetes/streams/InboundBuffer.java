package io.hypernetes.streams;

import io.netty.buffer.ByteBuf;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Bytes of one logical stream, between the event loop that brings them and the thread that reads them. Beyond a bound the reading
/// of the connection stops; what was already read from the socket still fits.
final class InboundBuffer extends InputStream {
    private static final int FULL_BYTES = 128 << 10;
    private static final int ROOM_BYTES = 32 << 10;
    private static final int KEPT_WHEN_EMPTY = 8 << 10;

    private final Fullness fullness;
    private byte[] bytes = {};
    private int head;
    private int size;
    private boolean full;
    private boolean ended;
    private boolean discarding;
    private @Nullable String failure;

    /// Is told when the buffer becomes full (1) and has room again (-1).
    interface Fullness {
        void changed(int by);
    }

    InboundBuffer(Fullness fullness) {
        this.fullness = fullness;
    }

    synchronized void offer(ByteBuf from) {
        int length = from.readableBytes();
        if (length == 0 || ended || discarding || failure != null) {
            return;
        }
        if (size + length > bytes.length) {
            grow(size + length);
        }
        int tail = (head + size) % bytes.length;
        int first = Math.min(length, bytes.length - tail);
        from.readBytes(bytes, tail, first);
        from.readBytes(bytes, 0, length - first);
        size += length;
        notifyAll();
        adjust();
    }

    synchronized void end() {
        ended = true;
        notifyAll();
    }

    synchronized void fail(String reason) {
        if (failure == null) {
            failure = reason;
        }
        notifyAll();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public synchronized int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        try {
            while (size == 0 && length > 0) {
                if (discarding) {
                    throw new IOException("the stream was closed");
                }
                if (ended) {
                    return -1;
                }
                if (failure != null) {
                    throw new IOException(failure);
                }
                wait();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a client to send");
        }
        int taken = Math.min(length, size);
        int first = Math.min(taken, bytes.length - head);
        System.arraycopy(bytes, head, into, offset, first);
        System.arraycopy(bytes, 0, into, offset + first, taken - first);
        size -= taken;
        head = size == 0 ? 0 : (head + taken) % bytes.length;
        if (size == 0 && bytes.length > KEPT_WHEN_EMPTY) {
            bytes = new byte[0];
        }
        adjust();
        return taken;
    }

    @Override
    public synchronized int available() {
        return size;
    }

    /// Nobody reads on: what is here and what comes is thrown away.
    @Override
    public synchronized void close() {
        discarding = true;
        bytes = new byte[0];
        head = 0;
        size = 0;
        notifyAll();
        adjust();
    }

    private void adjust() {
        if (!full && size >= FULL_BYTES) {
            full = true;
            fullness.changed(1);
        } else if (full && size <= ROOM_BYTES) {
            full = false;
            fullness.changed(-1);
        }
    }

    private void grow(int needed) {
        byte[] larger = new byte[Math.max(needed, Math.max(512, bytes.length * 2))];
        int first = Math.min(size, bytes.length - head);
        System.arraycopy(bytes, head, larger, 0, first);
        System.arraycopy(bytes, 0, larger, first, size - first);
        bytes = larger;
        head = 0;
    }
}
