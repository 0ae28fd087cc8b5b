package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The caches of one process: of each kind in one scope there is one, which all of its components read and listen to. What several of them look at is so
/// listed, watched, decoded and kept once. Cached objects are shared: nobody may change one. Pods are lean ([LeanPod]), so nobody may write one back either.
///
/// Whoever wants a cache asks for it, adds handlers and indexes, and after all have done so the owner starts them. Thread-safe.
public final class Informers implements AutoCloseable {
    private final Client client;
    private final Map<Key, Informer<?>> informers = new LinkedHashMap<>();

    private record Key(String group, String plural, Scope scope, Selection selection, Class<?> type) {}

    /// @param client lists and watches for all
    public Informers(Client client) {
        this.client = client;
    }

    /// The cache of a kind in a scope.
    public <T extends HasMetadata> Informer<T> of(Kind<T> kind, Scope scope) {
        return of(kind, scope, Selection.everything());
    }

    /// The cache of what is selected of a kind in a scope.
    @SuppressWarnings("unchecked") // the key has the type of its objects
    public synchronized <T extends HasMetadata> Informer<T> of(Kind<T> kind, Scope scope, Selection selection) {
        return (Informer<T>) informers.computeIfAbsent(new Key(kind.group(), kind.plural(), scope, selection, kind.type()), fresh -> {
            Informer<T> informer = new Informer<>(client, kind, scope, selection);
            return kind.equals(Kind.POD) ? ((Informer<Pod>) informer).readBy(LeanPod.MAPPER).trimmedBy(LeanPod::trim) : informer;
        });
    }

    /// The cache of all of a kind in a scope that somebody asked for, whatever its objects are read as; empty where nobody did.
    public synchronized Optional<Informer<?>> known(Kind<?> kind, Scope scope) {
        return informers.entrySet().stream()
                .filter(each -> each.getKey().group().equals(kind.group()) && each.getKey().plural().equals(kind.plural()) && each.getKey().scope().equals(scope)
                        && each.getKey().selection().equals(Selection.everything()))
                .<Informer<?>>map(Map.Entry::getValue)
                .findFirst();
    }

    /// Begins to list and watch what was asked for.
    public Informers start() {
        all().forEach(Informer::start);
        return this;
    }

    @Override
    public void close() {
        all().forEach(Informer::close);
    }

    private synchronized List<Informer<?>> all() {
        return List.copyOf(informers.values());
    }
}
