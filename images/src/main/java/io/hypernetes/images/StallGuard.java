package io.hypernetes.images;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/// Reads a stream that may fall silent: when no byte comes for the given time it is closed, and the read fails.
/// The JDK's HTTP client has a limit for the beginning of an answer only.
final class StallGuard implements AutoCloseable {
    private final InputStream in;
    private final long stallNanos;
    private final Thread watcher;
    private volatile long lastNanos = System.nanoTime();
    private volatile boolean over;
    private volatile boolean stalled;

    StallGuard(InputStream in, Duration stall) {
        this.in = in;
        this.stallNanos = stall.toNanos();
        this.watcher = Thread.startVirtualThread(this::watch);
    }

    int read(byte[] buffer) throws IOException {
        try {
            int read = in.read(buffer);
            lastNanos = System.nanoTime();
            if (read < 0 && stalled) {
                throw silence(null);
            }
            return read;
        } catch (IOException e) {
            throw stalled ? silence(e) : e;
        }
    }

    /// Everything to the end of the stream, at most `most` bytes.
    byte[] readUpTo(int most) throws IOException {
        var content = new java.io.ByteArrayOutputStream();
        byte[] buffer = new byte[1 << 14];
        for (int read = read(buffer); read >= 0 && content.size() < most; read = read(buffer)) {
            content.write(buffer, 0, Math.min(read, most - content.size()));
        }
        return content.toByteArray();
    }

    private void watch() {
        while (!over) {
            long silent = System.nanoTime() - lastNanos;
            if (silent >= stallNanos) {
                stalled = true;
                try {
                    in.close();
                } catch (IOException e) {
                    // The reader learns it from its own call.
                }
                return;
            }
            LockSupport.parkNanos(this, stallNanos - silent);
        }
    }

    private IOException silence(@org.jspecify.annotations.Nullable IOException cause) {
        return new IOException("no byte came for " + stallNanos / 1_000_000_000 + " s", cause);
    }

    @Override
    public void close() {
        over = true;
        LockSupport.unpark(watcher);
    }
}
