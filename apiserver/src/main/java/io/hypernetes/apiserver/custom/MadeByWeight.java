package io.hypernetes.apiserver.custom;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// What was made of stored entries, for as long as there is room: all tenants together and each have a bound, in bytes. A tenant's own that was asked for least
/// lately goes first, and where all together are too many it is one of the tenant that has most. Thread-safe.
public final class MadeByWeight<T> {
    private final long most;
    private final long mostOfATenant;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Held<T>> tenants = new HashMap<>();
    private long weight;

    private record Made<T>(long revision, long weight, T value) {}

    private static final class Held<T> {
        final LinkedHashMap<String, Made<T>> byKey = new LinkedHashMap<>(16, 0.75f, true);
        long weight;
    }

    /// @param most of all tenants, in bytes
    /// @param mostOfATenant of each
    public MadeByWeight(long most, long mostOfATenant) {
        this.most = most;
        this.mostOfATenant = mostOfATenant;
    }

    /// What was made of an entry as of a revision; null when that is not held.
    public @Nullable T get(String tenant, String key, long revision) {
        lock.lock();
        try {
            var held = tenants.get(tenant);
            var made = held == null ? null : held.byKey.get(key);
            return made == null || made.revision != revision ? null : made.value;
        } finally {
            lock.unlock();
        }
    }

    /// Holds what was made; not what is more than a tenant may have.
    ///
    /// @param weighs in bytes
    public void put(String tenant, String key, long revision, long weighs, T value) {
        lock.lock();
        try {
            forget(tenant, key);
            if (weighs > mostOfATenant || weighs > most) {
                return;
            }
            var held = tenants.computeIfAbsent(tenant, _ -> new Held<>());
            held.byKey.put(key, new Made<>(revision, weighs, value));
            held.weight += weighs;
            weight += weighs;
            while (held.weight > mostOfATenant) {
                forget(tenant, held.byKey.firstEntry().getKey());
            }
            while (weight > most) {
                var largest = tenants.entrySet().stream().max(Comparator.comparingLong(each -> each.getValue().weight)).orElseThrow();
                forget(largest.getKey(), largest.getValue().byKey.firstEntry().getKey());
            }
        } finally {
            lock.unlock();
        }
    }

    /// Holds what was made of an entry no longer.
    public void remove(String tenant, String key) {
        lock.lock();
        try {
            forget(tenant, key);
        } finally {
            lock.unlock();
        }
    }

    private void forget(String tenant, String key) {
        var held = tenants.get(tenant);
        var made = held == null ? null : held.byKey.remove(key);
        if (held == null || made == null) {
            return;
        }
        held.weight -= made.weight;
        weight -= made.weight;
        if (held.byKey.isEmpty()) {
            tenants.remove(tenant);
        }
    }
}
