package io.hypernetes.hyperd.sandbox;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/// Copies that crashed lately, by tenant and by kind. A crash may be somebody's try at what all copies of a template have in common, so it costs
/// the template; and a template costs a boot, so nobody may bring that about without end. Holds nothing that is older than half an hour for
/// longer than until the next crash. For one thread at a time.
final class Crashes {
    /// After so many crashes within the window a tenant's machines are no copies.
    static final int MOST_BY_TENANT = 3;
    private static final long WINDOW_NANOS = 1_800_000_000_000L;
    /// How long a kind has no template after the second one was lost within the window; twice as long after each further one.
    private static final long FIRST_PAUSE_NANOS = 30_000_000_000L;
    private static final long LONGEST_PAUSE_NANOS = 600_000_000_000L;
    private static final int MOST_DOUBLINGS = 5;

    // The latest, oldest first, at most MOST_BY_TENANT each.
    private final Map<String, Deque<Long>> byTenant = new HashMap<>();
    private final Map<TemplateKind, Lost> byKind = new HashMap<>();

    /// @param templates lost, each within the window of the one before it
    /// @param last when, as [System#nanoTime]
    private record Lost(int templates, long last) {}

    /// A tenant's copy crashed.
    void add(String tenant, long now) {
        byTenant.values().removeIf(times -> now - times.getLast() >= WINDOW_NANOS);
        Deque<Long> times = byTenant.computeIfAbsent(tenant, unknown -> new ArrayDeque<>());
        times.addLast(now);
        if (times.size() > MOST_BY_TENANT) {
            times.removeFirst();
        }
    }

    /// A template of this kind was given up for it.
    void lost(TemplateKind kind, long now) {
        byKind.values().removeIf(lost -> now - lost.last() >= WINDOW_NANOS);
        Lost before = byKind.getOrDefault(kind, new Lost(0, now));
        byKind.put(kind, new Lost(before.templates() + 1, now));
    }

    /// Whether this tenant's copies crashed too often for it to have more.
    boolean bars(String tenant, long now) {
        Deque<Long> times = byTenant.get(tenant);
        return times != null && times.size() == MOST_BY_TENANT && now - times.getFirst() < WINDOW_NANOS;
    }

    /// How long no template of this kind is to be made yet, in nanoseconds; 0 when one may be.
    long pauseNanos(TemplateKind kind, long now) {
        Lost lost = byKind.get(kind);
        if (lost == null || lost.templates() < 2) {
            return 0;
        }
        long pause = Math.min(LONGEST_PAUSE_NANOS, FIRST_PAUSE_NANOS << Math.min(MOST_DOUBLINGS, lost.templates() - 2));
        return Math.max(0, pause - (now - lost.last()));
    }
}
