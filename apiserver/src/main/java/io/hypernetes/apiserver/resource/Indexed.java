package io.hypernetes.apiserver.resource;

import io.hypernetes.objects.Interner;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.store.Entry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// What selectors look at in one object. Many are kept, so what others have too is one object: most labels, all names of fields and nearly all values.
///
/// @param kind as what it was looked at, its [Kind#identity]: a definition that has changed may select by other fields
/// @param names of the fields that can be selected
/// @param values of these fields, in the order of their names
record Indexed(Object kind, long revision, Map<String, String> labels, List<String> names, List<String> values) {
    private static final Logger log = LoggerFactory.getLogger(Indexed.class);
    private static final Interner<Map<String, String>> LABELS = Interner.ofLabels(1 << 10);
    private static final Interner<List<String>> NAMES = new Interner<>(1 << 8, names -> names.stream().mapToInt(String::length).sum() <= 1 << 10);
    private static final Interner<String> VALUES = Interner.ofTexts(1 << 12, 64);

    /// Of one that nobody can read nothing is known, and who selects among all does without it.
    static Indexed of(Kind kind, Entry entry) {
        try {
            return of(kind, entry, kind.isCustom() || !kind.type().isStored()
                    ? kind.fromStored(Json.readObject(entry.value()))
                    : Json.readObject(entry.value(), kind.unselectable()));
        } catch (MalformedJsonException e) {
            log.warn("event=unreadable-object-not-selected key={} cause={}", entry.key(), e.getMessage());
            return new Indexed(kind.identity(), entry.revision(), Map.of(), List.of(), List.of());
        }
    }

    private static Indexed of(Kind kind, Entry entry, ObjectNode object) {
        var fields = kind.selectableFields(object);
        return new Indexed(
                kind.identity(),
                entry.revision(),
                LABELS.one(Map.copyOf(LabelSelector.labelsOf(object))),
                NAMES.one(List.copyOf(fields.keySet())),
                fields.values().stream().map(VALUES::one).toList());
    }

    /// What it takes in memory, about: as if others had none of it.
    long bytes() {
        long characters = 0;
        for (var label : labels.entrySet()) {
            characters += label.getKey().length() + label.getValue().length() + 100L;
        }
        for (var value : values) {
            characters += value.length() + 50L;
        }
        return 200 + characters;
    }

    /// The value of a field; empty when the kind has no such field, or the object no value in it.
    String field(String name) {
        int place = names.indexOf(name);
        return place < 0 ? "" : values.get(place);
    }

    /// The indexes of objects that lists with selectors looked at, kept beside the store's bytes. Thread-safe, bounded.
    static final class Cache {
        private static final int MAX = 100_000;
        private final ConcurrentHashMap<String, Indexed> known = new ConcurrentHashMap<>();

        /// Hands over the index of each entry, in their order.
        void each(Kind kind, List<Entry> entries, BiConsumer<Entry, Indexed> consumer) {
            var unknown = entries.stream().filter(entry -> find(kind, entry) == null).toList();
            try {
                Forms.each(kind, unknown, (entry, object) -> keep(kind, entry, Indexed.of(kind, entry, object)));
            } catch (MalformedJsonException e) {
                // One of them: each by itself, so that it is found.
                unknown.forEach(entry -> keep(kind, entry, Indexed.of(kind, entry)));
            }
            for (var entry : entries) {
                var found = find(kind, entry);
                consumer.accept(entry, found == null ? Indexed.of(kind, entry) : found);
            }
        }

        private @Nullable Indexed find(Kind kind, Entry entry) {
            var found = known.get(place(kind, entry));
            return found != null && found.revision() == entry.revision() && found.kind().equals(kind.identity()) ? found : null;
        }

        private void keep(Kind kind, Entry entry, Indexed made) {
            if (known.size() >= MAX) {
                known.clear();
            }
            known.put(place(kind, entry), made);
        }

        /// Two faces of one object have fields of different names.
        private static String place(Kind kind, Entry entry) {
            return kind.type().isStored() ? entry.key() : kind.type().apiVersion() + entry.key();
        }

        void forget(String key) {
            known.remove(key);
        }
    }
}
