package io.hypernetes.client;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Objects of an [Informer] by something other than their name, such as their owner or their node. Readers may be any thread; one
/// thread, the informer's, writes.
public final class Index<T> {
    private final Function<? super T, ? extends Collection<?>> keys;
    private final Map<Object, Map<ObjectKey, T>> found = new ConcurrentHashMap<>();

    Index(Function<? super T, ? extends Collection<?>> keys) {
        this.keys = keys;
    }

    /// What is found under a key; a snapshot.
    public List<T> get(Object key) {
        Map<ObjectKey, T> objects = found.get(key);
        return objects == null ? List.of() : List.copyOf(objects.values());
    }

    void replace(ObjectKey name, @Nullable T before, T now) {
        Collection<?> wanted = keys.apply(now);
        for (Object key : wanted) {
            found.compute(key, (same, objects) -> {
                Map<ObjectKey, T> target = objects == null ? new ConcurrentHashMap<>(4) : objects;
                target.put(name, now);
                return target;
            });
        }
        if (before != null) {
            for (Object key : keys.apply(before)) {
                if (!wanted.contains(key)) {
                    take(name, key);
                }
            }
        }
    }

    void remove(ObjectKey name, T last) {
        keys.apply(last).forEach(key -> take(name, key));
    }

    private void take(ObjectKey name, Object key) {
        found.computeIfPresent(key, (same, objects) -> {
            objects.remove(name);
            return objects.isEmpty() ? null : objects;
        });
    }
}
