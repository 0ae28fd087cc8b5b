package io.hypernetes.objects;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Keeps what can be made again as long as there is room, by weight: so much of each owner, and so much of all. Of whoever has too much, what was not used
/// for longest goes first; when all together have too much, the owner who has most gives. Thread-safe.
///
/// @param <K> what values are found by, among those of an owner
public final class WeighedCache<K, V> {
    private final long most;
    private final long mostOfOne;
    private final Map<String, Owned<K, V>> owners = new HashMap<>();
    private long weight;

    private record Item<V>(V value, long weight) {}

    /// What one owner has, the one that was not used for longest first.
    private static final class Owned<K, V> {
        final LinkedHashMap<K, Item<V>> items = new LinkedHashMap<>(16, 0.75f, true);
        long weight;
    }

    /// @param most that all may weigh, in any unit
    /// @param mostOfOne that those of an owner may weigh
    public WeighedCache(long most, long mostOfOne) {
        this.most = most;
        this.mostOfOne = Math.min(most, mostOfOne);
    }

    /// What is kept; null when nothing is.
    public synchronized @Nullable V get(String owner, K key) {
        Owned<K, V> owned = owners.get(owner);
        Item<V> item = owned == null ? null : owned.items.get(key);
        return item == null ? null : item.value;
    }

    /// Keeps a value instead of what was kept under its key. One that is heavier than all of an owner may be is not kept.
    ///
    /// @param weight positive, in the same unit
    public synchronized void put(String owner, K key, V value, long weight) {
        remove(owner, key);
        if (weight > mostOfOne) {
            return;
        }
        Owned<K, V> owned = owners.computeIfAbsent(owner, _ -> new Owned<>());
        while (owned.weight + weight > mostOfOne) {
            dropEldest(owned);
        }
        owned.items.put(key, new Item<>(value, weight));
        owned.weight += weight;
        this.weight += weight;
        while (this.weight > most) {
            dropFromHeaviest();
        }
    }

    /// Keeps a value no longer.
    public synchronized void remove(String owner, K key) {
        Owned<K, V> owned = owners.get(owner);
        if (owned == null) {
            return;
        }
        Item<V> item = owned.items.remove(key);
        if (item != null) {
            owned.weight -= item.weight;
            weight -= item.weight;
        }
        if (owned.items.isEmpty()) {
            owners.remove(owner);
        }
    }

    /// What all weigh that are kept.
    public synchronized long weight() {
        return weight;
    }

    private void dropEldest(Owned<K, V> owned) {
        Item<V> eldest = owned.items.pollFirstEntry().getValue();
        owned.weight -= eldest.weight;
        weight -= eldest.weight;
    }

    private void dropFromHeaviest() {
        Map.Entry<String, Owned<K, V>> heaviest = null;
        for (Map.Entry<String, Owned<K, V>> each : owners.entrySet()) {
            if (heaviest == null || each.getValue().weight > heaviest.getValue().weight) {
                heaviest = each;
            }
        }
        if (heaviest == null) {
            throw new IllegalStateException("nothing is kept, and weighs " + weight);
        }
        dropEldest(heaviest.getValue());
        if (heaviest.getValue().items.isEmpty()) {
            owners.remove(heaviest.getKey());
        }
    }
}
