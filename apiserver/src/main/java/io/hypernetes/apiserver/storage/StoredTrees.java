package io.hypernetes.apiserver.storage;

import io.hypernetes.objects.Json;
import io.hypernetes.store.Entry;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// The trees of stored objects that one request after the other looks at, such as a namespace: read once for all of them, as far as a small table
/// remembers. Thread-safe.
public final class StoredTrees {
    private static final int PLACES = 1 << 9;
    /// A tree is some eight times as large as its text: the table stays below 20 MB whatever is in it.
    private static final int LONGEST = 4 << 10;

    private final AtomicReferenceArray<@Nullable Known> remembered = new AtomicReferenceArray<>(PLACES);

    private record Known(Entry entry, ObjectNode tree) {}

    /// The object in an entry; others have the same tree, so nobody may change it.
    public ObjectNode of(Entry entry) {
        int place = (entry.key().hashCode() & Integer.MAX_VALUE) % PLACES;
        Known known = remembered.get(place);
        if (known != null && known.entry.equals(entry)) {
            return known.tree;
        }
        ObjectNode tree = Json.readObject(entry.value());
        if (entry.length() <= LONGEST) {
            remembered.set(place, new Known(entry, tree));
        }
        return tree;
    }
}
