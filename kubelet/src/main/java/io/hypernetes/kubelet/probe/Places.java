package io.hypernetes.kubelet.probe;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// So many things of all tenants at a time, and of one tenant no more than are free: half of all if it is alone, and a tenant that has none finds a place
/// while others have as many as they may. Safe for use by many threads.
final class Places {
    private final int most;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition fewer = lock.newCondition();
    private final Map<String, Integer> taken = new HashMap<>();
    private int all;

    Places(int most) {
        this.most = most;
    }

    /// Waits for a place, which is to be left again; false when there was none in time.
    boolean take(String tenant, Duration time) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = time.toNanos();
            while (taken.getOrDefault(tenant, 0) >= most - all) {
                if (left <= 0) {
                    return false;
                }
                left = fewer.awaitNanos(left);
            }
            taken.merge(tenant, 1, Integer::sum);
            all++;
            return true;
        } finally {
            lock.unlock();
        }
    }

    void leave(String tenant) {
        lock.lock();
        try {
            taken.computeIfPresent(tenant, (same, count) -> count == 1 ? null : count - 1);
            all--;
            fewer.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
