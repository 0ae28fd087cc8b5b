package io.hypernetes.client;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What is remembered of many tenants, of all of them together no more than was said at first. Who has most forgets first, what it did not look at
/// for longest; so however much one tenant has remembered, nothing of those with less is forgotten for it. Not thread-safe.
final class TenantMemory<K, V> {
    private final int most;
    private final LinkedHashMap<String, LinkedHashMap<K, V>> tenants = new LinkedHashMap<>(16, 0.75f, true);
    private int size;

    /// @param most entries of all tenants together
    TenantMemory(int most) {
        this.most = most;
    }

    @Nullable V get(String tenant, K key) {
        Map<K, V> own = tenants.get(tenant);
        return own == null ? null : own.get(key);
    }

    V get(String tenant, K key, Supplier<V> fresh) {
        V value = get(tenant, key);
        if (value == null) {
            value = fresh.get();
            put(tenant, key, value);
        }
        return value;
    }

    void put(String tenant, K key, V value) {
        if (tenants.computeIfAbsent(tenant, name -> new LinkedHashMap<>(4, 0.75f, true)).put(key, value) == null && ++size > most) {
            forget();
        }
    }

    private void forget() {
        String richest = null;
        int entries = 0;
        for (Map.Entry<String, LinkedHashMap<K, V>> tenant : tenants.entrySet()) {
            if (tenant.getValue().size() > entries) {
                richest = tenant.getKey();
                entries = tenant.getValue().size();
            }
        }
        LinkedHashMap<K, V> own = richest == null ? null : tenants.get(richest);
        if (richest == null || own == null) {
            return;
        }
        own.pollFirstEntry();
        size--;
        if (own.isEmpty()) {
            tenants.remove(richest);
        }
    }
}
