package io.hypernetes.client;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;

/// Keys that need work, each at most once in the queue and never in two hands.
///
/// Tenants with keys that wait take turns, and none has more than half of a [WorkLoop]'s workers, so what one tenant's keys wait for holds up no other's; a queue
/// that is not told whose a key is takes all for the operator's: one line, held to nothing.
///
/// A key added while it is being worked on comes back after [#done]. Failures come back after a pause that doubles with each
/// one until [#forget]. Time is read from an injected nanosecond clock, which must never run backwards. Thread-safe.
public final class WorkQueue<K> implements AutoCloseable {
    /// Whatever asks for more computes anew when it is looked at, so a longer delay would gain nothing; what the clock of nanoseconds cannot hold never comes near it.
    private static final Duration LONGEST_DELAY = Duration.ofDays(1);

    private record Delayed<K>(long dueNanos, long order, K key) implements Comparable<Delayed<K>> {
        /// By the difference, as the clock may wrap.
        @Override
        public int compareTo(Delayed<K> other) {
            long later = dueNanos - other.dueNanos;
            return later == 0 ? Long.compare(order, other.order) : Long.signum(later);
        }
    }

    private final Duration firstPause;
    private final Duration longestPause;
    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Turns<K> ready;
    private final Set<K> waiting = new HashSet<>();
    private final PriorityQueue<Delayed<K>> delayed = new PriorityQueue<>();
    private final Map<K, Long> dueNanos = new HashMap<>();
    private final Map<K, Integer> failures = new HashMap<>();
    private long order;
    private boolean closed;

    /// Pauses after failures go from `firstPause` doubling up to `longestPause`.
    ///
    /// @param tenantOf whose work a key is; must say the same of equal keys
    public WorkQueue(Function<? super K, String> tenantOf, Duration firstPause, Duration longestPause, LongSupplier nanoTime) {
        this.ready = new Turns<>(tenantOf);
        this.firstPause = firstPause;
        this.longestPause = longestPause;
        this.nanoTime = nanoTime;
    }

    /// The same for keys that are all of one tenant.
    public WorkQueue(Duration firstPause, Duration longestPause, LongSupplier nanoTime) {
        this(key -> ObjectKey.ROOT, firstPause, longestPause, nanoTime);
    }

    /// The usual pauses of a control loop: 5 ms up to 60 s, on the system clock.
    ///
    /// @param tenantOf whose work a key is; must say the same of equal keys
    public WorkQueue(Function<? super K, String> tenantOf) {
        this(tenantOf, Duration.ofMillis(5), Duration.ofSeconds(60), System::nanoTime);
    }

    /// The same for keys that are all of one tenant.
    public WorkQueue() {
        this(key -> ObjectKey.ROOT);
    }

    /// How many workers the tenants share.
    void workers(int count) {
        lock.lock();
        try {
            ready.workers(count);
        } finally {
            lock.unlock();
        }
    }

    /// Work on this key soon. A pending delay of the same key stays.
    public void add(K key) {
        lock.lock();
        try {
            enqueue(key);
        } finally {
            lock.unlock();
        }
    }

    /// Work on this key after a while, a day at the longest. The earliest of several delays counts.
    public void addAfter(K key, Duration delay) {
        lock.lock();
        try {
            if (delay.isZero() || delay.isNegative()) {
                enqueue(key);
                return;
            }
            long due = nanoTime.getAsLong() + (delay.compareTo(LONGEST_DELAY) < 0 ? delay : LONGEST_DELAY).toNanos();
            Long known = dueNanos.get(key);
            if (known != null && known - due <= 0) {
                return;
            }
            dueNanos.put(key, due);
            delayed.add(new Delayed<>(due, order++, key));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// The key failed: again after its next pause, which is returned.
    public Duration retry(K key) {
        Duration pause;
        lock.lock();
        try {
            int times = failures.merge(key, 1, Integer::sum);
            pause = firstPause;
            for (int i = 1; i < times && pause.compareTo(longestPause) < 0; i++) {
                pause = pause.multipliedBy(2);
            }
            if (pause.compareTo(longestPause) > 0) {
                pause = longestPause;
            }
        } finally {
            lock.unlock();
        }
        addAfter(key, pause);
        return pause;
    }

    /// The key succeeded: its pauses start from the first again.
    public void forget(K key) {
        lock.lock();
        try {
            failures.remove(key);
        } finally {
            lock.unlock();
        }
    }

    /// Waits for a key and gives it into the caller's hand until [#done]; empty when the queue was closed.
    public Optional<K> take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!closed) {
                release();
                K key = ready.take();
                if (key != null) {
                    waiting.remove(key);
                    // One free worker may have made room for keys of two tenants.
                    signalIfMore();
                    return Optional.of(key);
                }
                Delayed<K> next = delayed.peek();
                if (next == null) {
                    changed.await();
                } else {
                    changed.awaitNanos(next.dueNanos - nanoTime.getAsLong());
                }
            }
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /// The caller has finished with a key that [#take] gave it.
    public void done(K key) {
        lock.lock();
        try {
            if (ready.isInHand(key)) {
                ready.done(key);
                if (waiting.contains(key)) {
                    ready.add(key);
                }
            }
            // Also for other keys, which may have waited for a free worker.
            signalIfMore();
        } finally {
            lock.unlock();
        }
    }

    /// Keys ready or due now, not counting those in hand.
    public int size() {
        lock.lock();
        try {
            release();
            return ready.size();
        } finally {
            lock.unlock();
        }
    }

    /// Lets every [#take] return empty.
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void enqueue(K key) {
        if (closed || !waiting.add(key)) {
            return;
        }
        if (!ready.isInHand(key)) {
            ready.add(key);
            changed.signal();
        }
    }

    private void signalIfMore() {
        if (ready.size() > 0) {
            changed.signal();
        }
    }

    private void release() {
        long now = nanoTime.getAsLong();
        for (Delayed<K> next = delayed.peek(); next != null && next.dueNanos - now <= 0; next = delayed.peek()) {
            delayed.remove();
            Long due = dueNanos.get(next.key);
            // A later entry that an earlier delay of the same key has overtaken is only a leftover.
            if (due != null && due == next.dueNanos) {
                dueNanos.remove(next.key);
                enqueue(next.key);
            }
        }
    }
}
