package io.hypernetes.apiserver;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A tenant that sends requests at a steady pace, and is told from one moment to the next which; at first none.
final class OtherTenant implements AutoCloseable {
    static final int REQUESTS_A_SECOND = 500;
    private static final int AT_ONCE = 64;
    /// Requests answered after which it is at it.
    private static final int UNDER_WAY = 5;

    private record Turn(Runnable request, CountDownLatch underWay) {}

    private final AtomicInteger answered = new AtomicInteger();
    private final Semaphore free = new Semaphore(AT_ONCE);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private volatile @Nullable Turn turn;
    private volatile boolean over;

    OtherTenant() {
        threads.submit(this::run);
    }

    /// Ends what it does; returns when all of that is answered.
    void rest() {
        turn = null;
        free.acquireUninterruptibly(AT_ONCE);
        free.release(AT_ONCE);
    }

    /// Rests, and then sends `request` again and again; returns when the first ones are answered.
    void turnTo(Runnable request) throws InterruptedException {
        rest();
        var next = new Turn(request, new CountDownLatch(UNDER_WAY));
        turn = next;
        next.underWay.await();
    }

    /// How many requests were answered so far.
    int answered() {
        return answered.get();
    }

    private void run() {
        long next = System.nanoTime();
        while (!over) {
            // What the server is late with is made up for, but no more than this.
            next = Math.max(next + 1_000_000_000 / REQUESTS_A_SECOND, System.nanoTime() - 100_000_000);
            LockSupport.parkNanos(next - System.nanoTime());
            free.acquireUninterruptibly();
            // Only now, as no request may begin once its turn is over.
            var now = turn;
            if (now == null) {
                free.release();
            } else {
                threads.submit(() -> send(now));
            }
        }
    }

    private void send(Turn now) {
        try {
            now.request.run();
            answered.incrementAndGet();
            now.underWay.countDown();
        } finally {
            free.release();
        }
    }

    @Override
    public void close() {
        rest();
        over = true;
        threads.close();
    }
}
