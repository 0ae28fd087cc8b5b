package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/// How many bytes each first part of the keys holds, keys and values as they were written. Exact, and known without a look at any value. One thread at a time
/// changes it, any reads it.
final class Holdings {
    private final ConcurrentHashMap<String, Long> byPart = new ConcurrentHashMap<>();
    private volatile long all;

    /// @param entries in the order of their keys
    Holdings(List<Entry> entries) {
        String part = "";
        long bytes = 0;
        for (Entry entry : entries) {
            // Those of one part follow each other.
            if (part.isEmpty() || !entry.key().startsWith(part)) {
                add(part, bytes);
                part = RevisionClock.part(entry.key());
                bytes = 0;
            }
            bytes += size(entry);
        }
        add(part, bytes);
    }

    void add(List<Change> changes) {
        for (Change change : changes) {
            Entry before = change.previous();
            add(RevisionClock.part(change.entry().key()), (change.deleted() ? 0 : size(change.entry())) - (before == null ? 0 : size(before)));
        }
    }

    /// @param prefix through the second slash, or one of many parts
    long of(String prefix) {
        String part = RevisionClock.part(prefix);
        return part.isEmpty() ? all : byPart.getOrDefault(part, 0L);
    }

    private void add(String part, long more) {
        if (more == 0) {
            return;
        }
        all += more;
        byPart.compute(part, (_, known) -> {
            long sum = (known == null ? 0 : known) + more;
            return sum == 0 ? null : sum;
        });
    }

    private static long size(Entry entry) {
        return entry.key().length() + (long) entry.knownLength();
    }
}
