package io.hypernetes.client;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Objects of an [Informer] by something other than their name, such as their owner or their node. Readers may be any thread; one
/// thread, the informer's, writes.
public final class Index<T> {
    private static final int FEW = 16;

    private final Function<? super T, ? extends Collection<?>> keys;
    /// By key a [Only], which all keys of an object share, or where a key has more than one object, a map of them: under most keys there is one.
    private final Map<Object, Object> found = new ConcurrentHashMap<>();

    /// The one object under a key.
    private record Only<T>(ObjectKey name, T object) {}

    Index(Function<? super T, ? extends Collection<?>> keys) {
        this.keys = keys;
    }

    /// What is found under a key; a snapshot.
    @SuppressWarnings("unchecked") // nothing else is put into the map
    public List<T> get(Object key) {
        Object held = found.get(key);
        return held == null ? List.of() : held instanceof Only<?> only ? List.of((T) only.object) : List.copyOf(((Map<ObjectKey, T>) held).values());
    }

    /// Whether one of those under a key is so; looks no further than the first that is.
    @SuppressWarnings("unchecked") // as of get
    public boolean any(Object key, Predicate<? super T> test) {
        Object held = found.get(key);
        if (held == null) {
            return false;
        }
        return held instanceof Only<?> only ? test.test((T) only.object) : ((Map<ObjectKey, T>) held).values().stream().anyMatch(test);
    }

    void replace(ObjectKey name, @Nullable T before, T now) {
        Collection<?> wanted = keys.apply(now);
        var only = new Only<>(name, now);
        for (Object key : wanted) {
            found.compute(key, (same, held) -> held == null || (held instanceof Only<?> other && other.name.equals(name)) ? only : with(held, only));
        }
        if (before == null) {
            return;
        }
        // An object may have as many keys as a tenant likes.
        Collection<?> kept = wanted.size() > FEW ? new HashSet<>(wanted) : wanted;
        for (Object key : keys.apply(before)) {
            if (!kept.contains(key)) {
                take(name, key);
            }
        }
    }

    void remove(ObjectKey name, T last) {
        keys.apply(last).forEach(key -> take(name, key));
    }

    @SuppressWarnings("unchecked") // as of get
    private static <T> Map<ObjectKey, T> with(Object held, Only<T> further) {
        Map<ObjectKey, T> objects;
        if (held instanceof Only<?> first) {
            objects = new ConcurrentHashMap<>(4);
            objects.put(first.name, (T) first.object);
        } else {
            objects = (Map<ObjectKey, T>) held;
        }
        objects.put(further.name, further.object);
        return objects;
    }

    private void take(ObjectKey name, Object key) {
        found.computeIfPresent(key, (same, held) -> {
            if (held instanceof Only<?> only) {
                return only.name.equals(name) ? null : held;
            }
            Map<?, ?> objects = (Map<?, ?>) held;
            objects.remove(name);
            return objects.isEmpty() ? null : objects;
        });
    }
}
