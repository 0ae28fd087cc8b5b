package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.fair.InUse;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.WeighedCache;
import io.hypernetes.objects.cel.CompiledExpressions;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The objects of one resource of `admissionregistration.k8s.io` in a tenant, in a form made once a revision and kept as long as there is room; what their
/// expressions were compiled to is kept apart, by [CompiledExpressions]. All of a tenant may be more than any memory, and so may those that its requests wait with for
/// webhooks: each is used by itself, and what is used at once is bounded ([InUse]). Thread-safe.
final class Configurations<T> {
    /// A byte of JSON becomes so many of a tree.
    private static final long BYTES_A_BYTE = 20;

    private static final long BYTES_AN_OBJECT = 1000;
    private static final long LITTLE = 1 << 20;
    /// In bytes, of the heaviest that can be stored.
    private static final long HEAVIEST = 32 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /// There are six of these, one for each resource of policies, bindings and webhooks.
    private static final long MEMORY = Runtime.getRuntime().maxMemory();

    private final Store store;
    private final InUse<Form> inUse;
    private final String resource;
    private final Function<ObjectNode, T> make;
    private final WeighedCache<String, Made<T>> made = new WeighedCache<>(MEMORY / 64, MEMORY / 256);

    private record Made<T>(long revision, T value) {}

    /// @param inUse of all tenants and resources
    Configurations(Store store, InUse<Form> inUse, String resource, Function<ObjectNode, T> make) {
        this.store = store;
        this.inUse = inUse;
        this.resource = resource;
        this.make = make;
    }

    /// Of one object one revision.
    record Form(String key, long revision) {}

    /// One while it is used.
    final class Use implements AutoCloseable {
        private final InUse<Form>.Taken taken;
        private final T value;

        private Use(InUse<Form>.Taken taken, T value) {
            this.taken = taken;
            this.value = value;
        }

        T value() {
            return value;
        }

        @Override
        public void close() {
            taken.close();
        }
    }

    /// The room for what is used at once of all resources: for two of the heaviest by each tenant.
    static InUse<Form> room() {
        long ofATenant = Math.max(2 * HEAVIEST, MEMORY / 16);
        return new InUse<>(
                new InUse.Room(2 * ofATenant, ofATenant, MEMORY / 32, LITTLE, PATIENCE),
                "the configurations of webhooks and policies",
                "put less into one of them");
    }

    /// What a tenant has stored, by name.
    List<Entry> entries(String tenant) {
        return store.list(ObjectKey.prefix(tenant, "admissionregistration.k8s.io", resource), "", 0).entries();
    }

    /// One of [#entries]; to be closed.
    ///
    /// @throws io.hypernetes.objects.ApiException 429 when there is no room for it in time
    Use use(String tenant, Entry entry) {
        return use(tenant, entry, inUse.take(tenant, form(entry), weight(entry)));
    }

    /// As the other; null when there is no room for it now.
    @Nullable Use useAtOnce(String tenant, Entry entry) {
        var taken = inUse.takeAtOnce(tenant, form(entry), weight(entry));
        return taken == null ? null : use(tenant, entry, taken);
    }

    private Use use(String tenant, Entry entry, InUse<Form>.Taken taken) {
        Use use = null;
        try {
            use = new Use(taken, taken.once(() -> one(tenant, entry)));
            return use;
        } finally {
            if (use == null) {
                taken.close();
            }
        }
    }

    private static Form form(Entry entry) {
        return new Form(entry.key(), entry.revision());
    }

    private static long weight(Entry entry) {
        return BYTES_AN_OBJECT + BYTES_A_BYTE * entry.length();
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
