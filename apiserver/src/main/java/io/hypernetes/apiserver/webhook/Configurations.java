package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.WeighedCache;
import io.hypernetes.objects.cel.CompiledExpressions;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/// The objects of one resource of `admissionregistration.k8s.io` in a tenant, in a form made once a revision and kept as long as there is room; what their
/// expressions were compiled to is kept apart, by [CompiledExpressions]. Thread-safe.
final class Configurations<T> {
    /// A byte of JSON becomes so many of a tree.
    private static final long BYTES_A_BYTE = 20;

    private static final long BYTES_AN_OBJECT = 1000;

    /// There are six of these, one for each resource of policies, bindings and webhooks.
    private static final long MEMORY = Runtime.getRuntime().maxMemory();

    private final Store store;
    private final String resource;
    private final Function<ObjectNode, T> make;
    private final WeighedCache<String, Made<T>> made = new WeighedCache<>(MEMORY / 64, MEMORY / 256);

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
        entries.forEach(entry -> all.add(one(tenant, entry)));
        return all;
    }

    private T one(String tenant, Entry entry) {
        var known = made.get(tenant, entry.key());
        if (known != null && known.revision == entry.revision()) {
            return known.value;
        }
        var bytes = entry.value();
        var fresh = new Made<>(entry.revision(), CompiledExpressions.of(tenant, make, Json.readObject(bytes)));
        made.put(tenant, entry.key(), fresh, BYTES_AN_OBJECT + BYTES_A_BYTE * bytes.length);
        return fresh.value;
    }

    /// What all weigh that are kept, in bytes.
    long weight() {
        return made.weight();
    }
}
