package io.hypernetes.apiserver.quota;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Objects that quotas may count otherwise than before, by namespaces, until somebody has the time to read them: of each its latest form, and the one that it had when
/// it was last read. Thread-safe.
final class Suspects {
    private final long room;
    private final Map<Place, Gathered> gathered = new HashMap<>();
    private final Map<String, Long> byTenant = new HashMap<>();
    private long held;

    /// @param before null when there was none, or it does not matter
    record Suspect(Entry now, @Nullable Entry before) {
        private long length() {
            return now.length() + (before == null ? 0 : before.length());
        }
    }

    private record Place(String tenant, String namespace) {}

    private static final class Gathered {
        private final Map<String, Suspect> byKey = new LinkedHashMap<>();
        private long length;
    }

    /// @param room how much may be held, in bytes; a tenant has an eighth of it
    Suspects(long room) {
        this.room = room;
    }

    /// Adds what was written.
    ///
    /// @return whether there is room for it: otherwise all that is in the namespace has to be counted, and nothing is held of it
    synchronized boolean add(String tenant, String namespace, Change change) {
        var place = new Place(tenant, namespace);
        var all = gathered.computeIfAbsent(place, _ -> new Gathered());
        var known = all.byKey.get(change.entry().key());
        var suspect = new Suspect(change.entry(), known == null ? change.previous() : known.before);
        long more = suspect.length() - (known == null ? 0 : known.length());
        if (byTenant.getOrDefault(tenant, 0L) + more > room / 8 || held + more > room) {
            hold(tenant, -all.length);
            gathered.remove(place);
            return false;
        }
        all.byKey.put(change.entry().key(), suspect);
        all.length += more;
        hold(tenant, more);
        return true;
    }

    /// Takes all of a namespace.
    synchronized List<Suspect> take(String tenant, String namespace) {
        var all = gathered.remove(new Place(tenant, namespace));
        if (all == null) {
            return List.of();
        }
        hold(tenant, -all.length);
        return List.copyOf(all.byKey.values());
    }

    private void hold(String tenant, long more) {
        held += more;
        byTenant.compute(tenant, (_, known) -> {
            long now = (known == null ? 0 : known) + more;
            return now == 0 ? null : now;
        });
    }
}
