package io.hypernetes.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Waits for raw descriptors. One platform thread sits in epoll_wait for the whole process, as the JDK's own does for its
/// sockets: a virtual thread that blocked in a foreign call would hold its carrier, and there are only as many as processors.
final class Readiness {
    static final int READABLE = 1;
    static final int WRITABLE = 4;

    private static final int EPOLL_CLOEXEC = 0x80000;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLLONESHOT = 1 << 30;
    private static final int EVENTS_AT_ONCE = 64;
    private static final boolean PACKED = System.getProperty("os.arch").equals("amd64");
    private static final int DATA_AT = PACKED ? 4 : 8;
    private static final int EVENT_SIZE = PACKED ? 12 : 16;

    private static final Libc EPOLL_CREATE = Libc.function("epoll_create1");
    private static final Libc EPOLL_CTL = Libc.function("epoll_ctl");
    private static final Libc EPOLL_WAIT = Libc.function("epoll_wait");

    private final int epoll = EPOLL_CREATE.call("", EPOLL_CLOEXEC);
    private final ConcurrentHashMap<Long, CountDownLatch> waiting = new ConcurrentHashMap<>();
    private final AtomicLong lastTicket = new AtomicLong();

    private Readiness() {}

    private static final class Holder {
        static final Readiness ONE = started();

        private static Readiness started() {
            Readiness readiness = new Readiness();
            Thread.ofPlatform().daemon().name("descriptor-readiness").start(readiness::deliver);
            return readiness;
        }
    }

    /// Waits until `descriptor` is ready for `events` (or in error, which a following call will tell), at most `timeout`.
    static boolean await(int descriptor, int events, Duration timeout) throws InterruptedException {
        return Holder.ONE.awaitHere(descriptor, events, timeout);
    }

    private boolean awaitHere(int descriptor, int events, Duration timeout) throws InterruptedException {
        // A number of its own for each wait, so that several threads may wait for one descriptor and a close elsewhere is safe.
        int own = Descriptors.duplicate(descriptor, 3);
        long ticket = lastTicket.incrementAndGet();
        CountDownLatch ready = new CountDownLatch(1);
        waiting.put(ticket, ready);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(EVENT_SIZE);
            event.set(ValueLayout.JAVA_INT, 0, events | EPOLLONESHOT);
            event.set(ValueLayout.JAVA_LONG_UNALIGNED, DATA_AT, ticket);
            int failure = EPOLL_CTL.tryCall(epoll, EPOLL_CTL_ADD, own, event.address());
            if (failure == -ErrnoException.EPERM) {
                return true; // a regular file: always ready
            }
            if (failure < 0) {
                throw new ErrnoException(EPOLL_CTL.name(), "descriptor " + descriptor, -failure);
            }
            try {
                return ready.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
            } finally {
                EPOLL_CTL.tryCall(epoll, EPOLL_CTL_DEL, own, event.address());
            }
        } finally {
            waiting.remove(ticket);
            Descriptors.close(own);
        }
    }

    private void deliver() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment events = arena.allocate((long) EVENT_SIZE * EVENTS_AT_ONCE, 8);
            while (true) {
                int count = EPOLL_WAIT.call("descriptor " + epoll, epoll, events.address(), EVENTS_AT_ONCE, -1);
                for (int i = 0; i < count; i++) {
                    long ticket = events.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) i * EVENT_SIZE + DATA_AT);
                    CountDownLatch ready = waiting.get(ticket);
                    if (ready != null) {
                        ready.countDown();
                    }
                }
            }
        }
    }
}
