package io.hypernetes.hyperd.docker.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/// The bytes of one connection. One thread reads, one writes; any may close. A read under a deadline that passes closes the connection.
final class Wire implements AutoCloseable {
    private static final int BUFFER = 16 * 1024;
    static final long NEVER = Long.MAX_VALUE;

    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER).flip();
    private final ReentrantLock reading = new ReentrantLock();
    private volatile long deadlineNanos = NEVER;

    Wire(SocketChannel channel) {
        this.channel = channel;
    }

    /// The next byte, or -1 at the end.
    int read(Duration patience) throws IOException {
        return fill(patience) ? in.get() & 0xff : -1;
    }

    int read(byte[] to, int offset, int length, Duration patience) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!fill(patience)) {
            return -1;
        }
        int count = Math.min(length, in.remaining());
        in.get(to, offset, count);
        return count;
    }

    /// False at the end of what the client sends.
    private boolean fill(Duration patience) throws IOException {
        if (in.hasRemaining()) {
            return true;
        }
        in.clear();
        deadlineNanos = patience.isZero() ? NEVER : System.nanoTime() + patience.toNanos();
        int count;
        reading.lock();
        try {
            count = channel.read(in);
        } finally {
            reading.unlock();
            deadlineNanos = NEVER;
            in.flip();
        }
        return count > 0;
    }

    void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /// The client sees the end of what we send, and may go on sending.
    void endOutput() throws IOException {
        channel.shutdownOutput();
    }

    /// Whether the client has hung up, whatever it sent before. One that has only ended what it sends has not. While somebody reads this
    /// is false: he learns of it himself. For the thread that writes.
    boolean isGone() throws IOException {
        if (!reading.tryLock()) {
            return false;
        }
        try {
            channel.configureBlocking(false);
            try (Selector selector = Selector.open()) {
                // A selector tells of a hang-up whatever it is asked for; what is asked for here never comes, as we are connected.
                channel.register(selector, SelectionKey.OP_CONNECT);
                return selector.selectNow() > 0;
            } finally {
                channel.configureBlocking(true);
            }
        } finally {
            reading.unlock();
        }
    }

    boolean isLate(long nowNanos) {
        long deadline = deadlineNanos;
        return deadline != NEVER && nowNanos - deadline > 0;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
