package io.hypernetes.scheduler;

import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

/// Pods that wait for a node. The tenant with the smallest share of the cluster for its weight is next, and tenants with equal shares take turns, so that one with
/// thousands of waiting pods does not hold up another's one; within a tenant
/// the highest priority comes first, then whoever came first. A pod that fitted nowhere waits out a pause that doubles each time before it
/// may come again. Not thread-safe.
final class SchedulingQueue {
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    private record Waiting(ObjectKey key, int priority, long order) {}

    private record Paused(ObjectKey key, long dueNanos) {}

    private final LongSupplier nanoTime;
    private final ToDoubleFunction<String> share;
    private final Map<String, PriorityQueue<Waiting>> byTenant = new HashMap<>();
    private final Deque<String> turns = new ArrayDeque<>();
    private final Map<ObjectKey, Waiting> waiting = new HashMap<>();
    private final PriorityQueue<Paused> paused = new PriorityQueue<>(Comparator.comparingLong(Paused::dueNanos));
    private final Map<ObjectKey, Integer> priorities = new HashMap<>();
    private final Map<ObjectKey, Long> dueNanos = new HashMap<>();
    private final Map<ObjectKey, Integer> failures = new HashMap<>();
    private long order;

    /// @param share how much a tenant has for its weight
    SchedulingQueue(LongSupplier nanoTime, ToDoubleFunction<String> share) {
        this.nanoTime = nanoTime;
        this.share = share;
    }

    /// Puts a pod into the queue, unless it is there or waits out its pause.
    void add(ObjectKey key, int priority) {
        if (!waiting.containsKey(key) && !dueNanos.containsKey(key)) {
            enqueue(key, priority);
        }
    }

    /// The pod did not find a node: it may come again after its pause.
    void retry(ObjectKey key, int priority) {
        int times = failures.merge(key, 1, Integer::sum);
        Duration pause = FIRST_PAUSE;
        for (int i = 1; i < times && pause.compareTo(LONGEST_PAUSE) < 0; i++) {
            pause = pause.multipliedBy(2);
        }
        after(key, priority, pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause);
    }

    /// The pod may come again after some time.
    void after(ObjectKey key, int priority, Duration delay) {
        if (waiting.containsKey(key)) {
            return;
        }
        long due = nanoTime.getAsLong() + delay.toNanos();
        Long known = dueNanos.get(key);
        if (known != null && known - due <= 0) {
            return;
        }
        dueNanos.put(key, due);
        priorities.put(key, priority);
        paused.add(new Paused(key, due));
    }

    /// The pod is bound or gone.
    void forget(ObjectKey key) {
        failures.remove(key);
        dueNanos.remove(key);
        priorities.remove(key);
        Waiting known = waiting.remove(key);
        PriorityQueue<Waiting> heap = known == null ? null : byTenant.get(key.tenant());
        if (heap != null) {
            heap.remove(known);
        }
    }

    /// The next pod, which leaves the queue; empty when none may come yet.
    Optional<ObjectKey> next() {
        release();
        while (!turns.isEmpty()) {
            String tenant = takeTurn();
            PriorityQueue<Waiting> heap = byTenant.get(tenant);
            Waiting first = heap == null ? null : heap.poll();
            if (heap == null || heap.isEmpty()) {
                byTenant.remove(tenant);
            } else {
                turns.addLast(tenant);
            }
            if (first != null) {
                waiting.remove(first.key);
                return Optional.of(first.key);
            }
        }
        return Optional.empty();
    }

    /// How long until a pod may come; not positive when one may now, the longest time when only news bring one.
    long nanosToNext() {
        if (!waiting.isEmpty()) {
            return 0;
        }
        Paused first = paused.peek();
        return first == null ? Long.MAX_VALUE : first.dueNanos - nanoTime.getAsLong();
    }

    private String takeTurn() {
        if (turns.size() == 1) {
            return turns.removeFirst();
        }
        String poorest = turns.getFirst();
        double least = share.applyAsDouble(poorest);
        for (String tenant : turns) {
            double its = share.applyAsDouble(tenant);
            if (its < least) {
                poorest = tenant;
                least = its;
            }
        }
        turns.removeFirstOccurrence(poorest);
        return poorest;
    }

    private void enqueue(ObjectKey key, int priority) {
        Waiting fresh = new Waiting(key, priority, order++);
        waiting.put(key, fresh);
        PriorityQueue<Waiting> heap = byTenant.get(key.tenant());
        if (heap == null) {
            heap = new PriorityQueue<>(Comparator.<Waiting>comparingInt(pod -> -pod.priority).thenComparingLong(Waiting::order));
            byTenant.put(key.tenant(), heap);
            turns.addLast(key.tenant());
        }
        heap.add(fresh);
    }

    private void release() {
        long now = nanoTime.getAsLong();
        for (Paused next = paused.peek(); next != null && next.dueNanos - now <= 0; next = paused.peek()) {
            paused.remove();
            Long due = dueNanos.get(next.key);
            // A later entry that an earlier one of the same pod has overtaken, or of one that is bound, is only a leftover.
            if (due != null && due == next.dueNanos) {
                dueNanos.remove(next.key);
                Integer priority = priorities.remove(next.key);
                if (!waiting.containsKey(next.key)) {
                    enqueue(next.key, priority == null ? 0 : priority);
                }
            }
        }
    }
}
