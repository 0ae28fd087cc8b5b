package io.hypernetes.images;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/// Reads a stream that may fall silent, or nearly so: when no byte comes for the given time it is closed, and the read fails; so does one when
/// fewer than a least number of bytes a second came over that time. Only the time that is spent waiting counts: whoever reads may take his,
/// unless there is a limit for everything.
/// [RegistryConnections] has a limit for the beginning of an answer only. For one reader.
final class StallGuard implements AutoCloseable {
    /// A line as slow as that carries no image; a peer that sends a byte now and then holds a pull, and its place among others, for ever.
    static final long LEAST_BYTES_A_SECOND = 256;

    private static final double SECOND = 1e9;
    private static final long NOT_WAITING = 0;

    private final InputStream in;
    private final long stallNanos;
    private final long begin = System.nanoTime();
    private final long mostNanos;
    private final Thread watcher;
    /// When the read that is under way began, never 0 then.
    private volatile long waitingSince = NOT_WAITING;
    private volatile boolean over;
    private volatile boolean stalled;
    private volatile boolean late;
    private long waited;
    private long came;

    StallGuard(InputStream in, Duration stall) {
        this(in, stall, Duration.ofNanos(Long.MAX_VALUE));
    }

    /// @param atMost longest time for all that is read, from now, whoever takes it
    StallGuard(InputStream in, Duration stall, Duration atMost) {
        this.in = in;
        this.stallNanos = stall.toNanos();
        this.mostNanos = atMost.toNanos();
        this.watcher = Thread.startVirtualThread(this::watch);
    }

    int read(byte[] buffer) throws IOException {
        if (late) {
            throw brokenOff(null);
        }
        long asked = System.nanoTime();
        waitingSince = asked == NOT_WAITING ? 1 : asked;
        int read;
        try {
            read = in.read(buffer);
        } catch (IOException e) {
            throw stalled || late ? brokenOff(e) : e;
        } finally {
            waitingSince = NOT_WAITING;
        }
        if (read < 0 && (stalled || late)) {
            throw brokenOff(null);
        }
        waited += System.nanoTime() - asked;
        came += Math.max(0, read);
        if (read >= 0 && waited >= stallNanos) {
            if (came < LEAST_BYTES_A_SECOND * waited / SECOND) {
                throw new IOException("only " + came + " bytes came in " + waited / 1_000_000 + " ms");
            }
            waited = 0;
            came = 0;
        }
        return read;
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
            long since = waitingSince;
            long now = System.nanoTime();
            long silent = since == NOT_WAITING ? 0 : now - since;
            if (silent >= stallNanos || now - begin >= mostNanos) {
                stalled = silent >= stallNanos;
                late = !stalled;
                try {
                    in.close();
                } catch (IOException e) {
                    // The reader learns it from its own call.
                }
                return;
            }
            LockSupport.parkNanos(this, Math.min(stallNanos - silent, mostNanos - (now - begin)));
        }
    }

    private IOException brokenOff(@org.jspecify.annotations.Nullable IOException cause) {
        return new IOException(late ? "it took longer than " + mostNanos / 1_000_000_000 + " s" : "no byte came for " + stallNanos / 1_000_000_000 + " s", cause);
    }

    @Override
    public void close() {
        over = true;
        LockSupport.unpark(watcher);
    }
}
