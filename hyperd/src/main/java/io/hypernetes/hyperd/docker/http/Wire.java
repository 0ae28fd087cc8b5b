package io.hypernetes.hyperd.docker.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/// The bytes of one connection. One thread reads, one writes; any may close. A read under a deadline that passes closes the connection.
final class Wire implements AutoCloseable {
    private static final int BUFFER = 16 * 1024;
    static final long NEVER = Long.MAX_VALUE;

    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER).flip();
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
        try {
            count = channel.read(in);
        } finally {
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

    boolean isLate(long nowNanos) {
        long deadline = deadlineNanos;
        return deadline != NEVER && nowNanos - deadline > 0;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
