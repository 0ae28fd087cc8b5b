package io.hypernetes.objects;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;

/// Unpredictable numbers for what every request needs and everybody may see: uids, suffixes of names, audit ids. They come from a [SecureRandom], which asks and
/// mixes for each number under one lock, in blocks that serve hundreds. A generator that can be calculated would not do: of two of its numbers a tenant could
/// tell how many others were drawn between them. Secrets are not made of these, since a block waits in memory. Thread-safe.
public final class RandomReserve implements RandomGenerator {
    private static final int BLOCK_BYTES = 4 << 10;
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private final SecureRandom source;
    private final ReentrantLock lock = new ReentrantLock();
    private final byte[] block = new byte[BLOCK_BYTES];
    private int used = BLOCK_BYTES;

    public RandomReserve(SecureRandom source) {
        this.source = source;
    }

    @Override
    public long nextLong() {
        lock.lock();
        try {
            return next();
        } finally {
            lock.unlock();
        }
    }

    /// A random UUID (RFC 9562, version 4).
    public UUID uuid() {
        long most;
        long least;
        lock.lock();
        try {
            most = next();
            least = next();
        } finally {
            lock.unlock();
        }
        return new UUID(most & ~0xf000L | 0x4000L, least & Long.MAX_VALUE >>> 1 | Long.MIN_VALUE);
    }

    private long next() {
        if (used == BLOCK_BYTES) {
            source.nextBytes(block);
            used = 0;
        }
        long number = (long) LONG.get(block, used);
        used += Long.BYTES;
        return number;
    }
}
