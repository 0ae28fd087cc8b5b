package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/// The objects of one resource of `admissionregistration.k8s.io` in a tenant, in a form made once a revision. Thread-safe.
final class Configurations<T> {
    private static final int MOST_KEPT = 10_000;

    private final Store store;
    private final String resource;
    private final Function<ObjectNode, T> make;
    private final ConcurrentHashMap<String, Made<T>> made = new ConcurrentHashMap<>();

    private record Made<T>(long revision, T value) {}

    Configurations(Store store, String resource, Function<ObjectNode, T> make) {
        this.store = store;
        this.resource = resource;
        this.make = make;
    }

    /// Those of a tenant, by name.
    List<T> of(String tenant) {
        var entries = store.list(ObjectKey.prefix(tenant, "admissionregistration.k8s.io", resource), "", 0).entries();
        if (entries.isEmpty()) {
            return List.of();
        }
        var all = new ArrayList<T>(entries.size());
        entries.forEach(entry -> all.add(one(entry)));
        return all;
    }

    private T one(Entry entry) {
        var known = made.get(entry.key());
        if (known != null && known.revision == entry.revision()) {
            return known.value;
        }
        var fresh = new Made<>(entry.revision(), make.apply(Json.readObject(entry.value())));
        if (made.size() >= MOST_KEPT) {
            made.clear();
        }
        made.put(entry.key(), fresh);
        return fresh.value;
    }
}
