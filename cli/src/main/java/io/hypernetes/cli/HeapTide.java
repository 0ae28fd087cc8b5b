package io.hypernetes.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Lets the heap rise with what is asked of a process and fall when it rests. The serial collector looks at the old generation only when the heap's
/// limit is reached, so a process would in time have the size of its limit, however little it holds; and it makes the young generation a fixed part of the
/// old one's room (`NewRatio` of the launcher), which is much for a process that does nothing and little for one that is busy. So this has the whole heap
/// collected
///
/// * when a good part of the old generation may be garbage,
/// * when young collections come fast: the old generation is then given room that it does not touch, for which the young one is as large as it may be,
/// * when none came for a while after that: room and young generation are given back;
///
/// but no more often than costs a twentieth of the time. With another collector it does nothing.
final class HeapTide implements AutoCloseable {
    private static final Duration LOOK = Duration.ofSeconds(2);
    private static final int PAUSES_BETWEEN = 20;

    private final CountDownLatch closed = new CountDownLatch(1);

    HeapTide() {
        MemoryPoolMXBean old = first(ManagementFactory.getMemoryPoolMXBeans(), pool -> pool.getName().equals("Tenured Gen"));
        GarbageCollectorMXBean young = first(ManagementFactory.getGarbageCollectorMXBeans(), collector -> collector.getName().equals("Copy"));
        HotSpotDiagnosticMXBean options = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        if (old != null && young != null && options != null) {
            Thread.ofPlatform().daemon().name("heap-tide").start(() -> run(old, young, options));
        }
    }

    private static <T> @Nullable T first(Iterable<T> all, Predicate<T> wanted) {
        for (T one : all) {
            if (wanted.test(one)) {
                return one;
            }
        }
        return null;
    }

    private void run(MemoryPoolMXBean old, GarbageCollectorMXBean young, HotSpotDiagnosticMXBean options) {
        Tide tide = new Tide();
        long collected = System.nanoTime(), restNanos = 0, before = young.getCollectionCount();
        try {
            while (!closed.await(LOOK.toNanos(), TimeUnit.NANOSECONDS)) {
                long count = young.getCollectionCount();
                Optional<Room> turned = tide.turn(count - before);
                before = count;
                MemoryUsage after = old.getCollectionUsage();
                long began = System.nanoTime();
                boolean due = after != null && tide.room().isDue(old.getUsage().getUsed(), after.getUsed());
                if (began - collected < restNanos || !due && turned.isEmpty()) {
                    continue;
                }
                Room room = turned.orElse(tide.room());
                room.set(options);
                System.gc();
                tide.is(room);
                collected = System.nanoTime();
                restNanos = PAUSES_BETWEEN * (collected - began);
            }
        } catch (InterruptedException over) {
            // The process ends.
        }
    }

    /// How much of the old generation is free after a collection of the whole heap, and how much more than that collection left may be in use until the next.
    enum Room {
        /// What a resting process has.
        NARROW(3, 8, 1.25, 24L << 20),
        /// What a busy one has, most of it never touched.
        WIDE(97, 99, 1.5, 64L << 20);

        private final int least, most;
        private final double growth;
        private final long smallestBytes;

        /// @param least hundredths of the old generation that are free at least
        /// @param most and at most
        Room(int least, int most, double growth, long smallestBytes) {
            this.least = least;
            this.most = most;
            this.growth = growth;
            this.smallestBytes = smallestBytes;
        }

        /// Whether enough has come since the last collection that a good part may be garbage.
        ///
        /// @param used bytes of the old generation
        /// @param alive bytes that the last collection left
        boolean isDue(long used, long alive) {
            return used > growth * alive + smallestBytes;
        }

        /// In an order in which the lower bound is never above the upper one, which Java refuses.
        void set(HotSpotDiagnosticMXBean options) {
            options.setVMOption("MinHeapFreeRatio", "0");
            options.setVMOption("MaxHeapFreeRatio", "" + most);
            options.setVMOption("MinHeapFreeRatio", "" + least);
        }
    }

    /// Whether the process is busy, by its young collections. Not safe for several threads.
    static final class Tide {
        private static final int BUSY = 4, QUIET_LOOKS = 8;

        private Room room = Room.NARROW;
        private int quiet;

        Room room() {
            return room;
        }

        void is(Room now) {
            room = now;
            quiet = 0;
        }

        /// @param collections how many young collections came since the last look
        /// @return what the heap should become, where that is not what it is
        Optional<Room> turn(long collections) {
            // One collection of a large young generation is as much garbage as a dozen of a small one's.
            quiet = collections == 0 ? quiet + 1 : 0;
            return switch (room) {
                case NARROW -> collections >= BUSY ? Optional.of(Room.WIDE) : Optional.empty();
                case WIDE -> quiet >= QUIET_LOOKS ? Optional.of(Room.NARROW) : Optional.empty();
            };
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
