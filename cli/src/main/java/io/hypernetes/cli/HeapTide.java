package io.hypernetes.cli;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Gives back the heap that a burst has used. The serial collector looks at the old generation only when the heap's limit is reached, so a process
/// would in time have the size of its limit, however little it holds. This has it looked at when a good part of it may be garbage, and no more often than
/// costs a twentieth of the time; by the launcher's options the collector then frees what it does not need. With another collector it does nothing.
final class HeapTide implements AutoCloseable {
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final long SMALLEST_BYTES = 24L << 20;
    private static final int PAUSES_BETWEEN = 20;

    private final @Nullable MemoryPoolMXBean old;
    private final CountDownLatch closed = new CountDownLatch(1);
    private long restNanos;
    private long collected = System.nanoTime();

    HeapTide() {
        old = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getName().equals("Tenured Gen"))
                .findFirst()
                .orElse(null);
        if (old != null) {
            Thread.ofPlatform().daemon().name("heap-tide").start(this::run);
        }
    }

    private void run() {
        try {
            while (!closed.await(LOOK.toNanos(), TimeUnit.NANOSECONDS)) {
                look();
            }
        } catch (InterruptedException over) {
            // The process ends.
        }
    }

    private void look() {
        MemoryPoolMXBean pool = old;
        MemoryUsage after = pool == null ? null : pool.getCollectionUsage();
        long began = System.nanoTime();
        if (pool == null || after == null || began - collected < restNanos || !isDue(pool.getUsage().getUsed(), after.getUsed())) {
            return;
        }
        System.gc();
        collected = System.nanoTime();
        restNanos = PAUSES_BETWEEN * (collected - began);
    }

    /// Whether enough has come since the last collection that a fifth or so may be garbage.
    ///
    /// @param used bytes
    /// @param alive bytes that the last collection left
    static boolean isDue(long used, long alive) {
        return used > alive + alive / 4 + SMALLEST_BYTES;
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
