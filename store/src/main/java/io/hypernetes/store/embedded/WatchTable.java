package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.StoreException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The open watches, found by the key of a change. The owner holds a lock.
///
/// A key is looked up once for each length that some watched prefix has, so the cost of a change does not grow with the number
/// of watches that do not concern it.
final class WatchTable {
    private final Map<String, List<WatchQueue>> byPrefix = new HashMap<>();
    private final TreeMap<Integer, Integer> prefixesByLength = new TreeMap<>();

    void add(WatchQueue watch) {
        List<WatchQueue> same = byPrefix.computeIfAbsent(watch.prefix(), prefix -> {
            prefixesByLength.merge(prefix.length(), 1, Integer::sum);
            return new ArrayList<>(1);
        });
        same.add(watch);
    }

    void remove(WatchQueue watch) {
        List<WatchQueue> same = byPrefix.get(watch.prefix());
        if (same != null && same.remove(watch) && same.isEmpty()) {
            byPrefix.remove(watch.prefix());
            prefixesByLength.computeIfPresent(watch.prefix().length(), (length, n) -> n == 1 ? null : n - 1);
        }
    }

    void publish(Change change) {
        String key = change.entry().key();
        for (int length : prefixesByLength.keySet()) {
            if (length > key.length()) {
                break;
            }
            List<WatchQueue> watches = byPrefix.get(key.substring(0, length));
            if (watches != null) {
                for (WatchQueue watch : watches) {
                    watch.offer(change);
                }
            }
        }
    }

    void endAll(StoreException reason) {
        byPrefix.values().forEach(watches -> watches.forEach(watch -> watch.endWith(reason)));
        byPrefix.clear();
        prefixesByLength.clear();
    }
}
