package io.hypernetes.client;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The body of an answer that must not stand still: without a byte for the time that is allowed it is broken off, and its reader learns of it.
/// The HTTP client's own timeout ends with the headers. For one reader.
final class GuardedBody extends FilterInputStream {
    private final Duration longestPause;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile long lastNanos = System.nanoTime();
    private volatile boolean stalled;

    GuardedBody(InputStream body, Duration longestPause) {
        super(body);
        this.longestPause = longestPause;
        Thread.ofVirtual().name("body-guard").start(this::guard);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int read;
        try {
            read = super.read(into, offset, length);
        } catch (IOException broken) {
            throw stalled ? standstill() : broken;
        }
        if (stalled) {
            throw standstill();
        }
        lastNanos = System.nanoTime();
        return read;
    }

    @Override
    public void close() throws IOException {
        closed.countDown();
        super.close();
    }

    private IOException standstill() {
        return new IOException("the server sent nothing for " + longestPause.toMillis() + " ms in the middle of its answer");
    }

    private void guard() {
        try {
            long left = longestPause.toNanos();
            while (left > 0) {
                if (closed.await(left, TimeUnit.NANOSECONDS)) {
                    return;
                }
                left = longestPause.toNanos() - (System.nanoTime() - lastNanos);
            }
            stalled = true;
            super.close();
        } catch (IOException | InterruptedException over) {
            // It is broken off all the same.
        }
    }
}
