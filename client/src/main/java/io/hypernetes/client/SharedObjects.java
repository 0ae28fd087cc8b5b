package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What the caches of one process have in common: an object that several of them hold at the same version, trimmed in the same way, is one
/// object in memory. Each goes on listing and watching for itself, as whoever it is. Thread-safe.
public final class SharedObjects {
    private final Map<Form, Group> groups = new ConcurrentHashMap<>();

    /// Objects of one form are equal when their versions are.
    ///
    /// @param everywhere whether they carry the annotation of their tenant
    private record Form(Kind<?> kind, boolean everywhere, Consumer<?> trim) {}

    private record Group(List<Informer<?>> informers, ReentrantLock lock) {}

    /// A cache's view of the others.
    static final class Others<T extends HasMetadata> {
        private final Group group;
        private final Informer<T> self;
        private final Class<T> type;

        private Others(Group group, Informer<T> self, Class<T> type) {
            this.group = group;
            this.self = self;
            this.type = type;
        }

        /// Held from the look at the others until an object is there to be found, since all hear of it at the same time.
        ReentrantLock lock() {
            return group.lock;
        }

        /// The same version of an object in another cache; null when none has it.
        @Nullable T find(ObjectKey key, @Nullable String uid, @Nullable String version) {
            for (Informer<?> other : group.informers) {
                HasMetadata known = other == self ? null : other.held(key, uid, version);
                if (known != null) {
                    return type.cast(known);
                }
            }
            return null;
        }

        void leave() {
            group.informers.remove(self);
        }
    }

    /// Joins the caches of the same form.
    ///
    /// @param trim the very same where the same is dropped
    <T extends HasMetadata> Others<T> join(Informer<T> informer, Kind<T> kind, boolean everywhere, Consumer<? super T> trim) {
        Group same = groups.computeIfAbsent(
                new Form(kind, everywhere, trim), fresh -> new Group(new CopyOnWriteArrayList<>(), new ReentrantLock()));
        same.informers.add(informer);
        return new Others<>(same, informer, kind.type());
    }
}
