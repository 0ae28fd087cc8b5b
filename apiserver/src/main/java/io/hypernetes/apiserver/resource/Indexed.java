package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.store.Entry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// What selectors look at in one object.
record Indexed(long revision, Map<String, String> labels, Map<String, String> fields) {

    static Indexed of(Kind kind, Entry entry) {
        var object = kind.fromStored(Json.readObject(entry.value()));
        return new Indexed(
                entry.revision(), Map.copyOf(LabelSelector.labelsOf(object)), Map.copyOf(kind.selectableFields(object)));
    }

    /// The indexes of objects that lists with selectors looked at, kept beside the store's bytes. Thread-safe, bounded.
    static final class Cache {
        private static final int MAX = 100_000;
        private final ConcurrentHashMap<String, Indexed> known = new ConcurrentHashMap<>();

        Indexed of(Kind kind, Entry entry) {
            // Two faces of one object have fields of different names.
            var key = kind.type().isStored() ? entry.key() : kind.type().apiVersion() + entry.key();
            var found = known.get(key);
            if (found != null && found.revision() == entry.revision()) {
                return found;
            }
            var made = Indexed.of(kind, entry);
            if (known.size() >= MAX) {
                known.clear();
            }
            known.put(key, made);
            return made;
        }

        void forget(String key) {
            known.remove(key);
        }
    }
}
