package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// The recent changes in order, bounded by number, bytes and age. The owner holds a lock.
final class History {
    /// Most memory that kept values may hold.
    static final long MOST_BYTES = 128L << 20;

    private final int maxChanges;
    private final long maxBytes;
    private final long maxAgeMicros;
    private final ArrayDeque<Change> changes = new ArrayDeque<>();
    private long complete;
    private long bytes;

    /// @param start revision since which everything is kept
    History(int maxChanges, long maxBytes, Duration maxAge, long start) {
        this.maxChanges = maxChanges;
        this.maxBytes = maxBytes;
        this.maxAgeMicros = maxAge.toNanos() / 1_000;
        this.complete = start;
    }

    /// The oldest revision from which every later change is known.
    long oldest() {
        return complete;
    }

    void add(List<Change> batch) {
        if (batch.isEmpty()) {
            return;
        }
        changes.addAll(batch);
        batch.forEach(change -> bytes += size(change));
        long tooOld = batch.getLast().entry().revision() - maxAgeMicros;
        while (changes.size() > maxChanges
                || (bytes > maxBytes && !changes.isEmpty())
                || (!changes.isEmpty() && changes.getFirst().entry().revision() < tooOld)) {
            complete = removed().entry().revision();
        }
        // The changes of one commit share a revision: they are kept or dropped together.
        while (!changes.isEmpty() && changes.getFirst().entry().revision() == complete) {
            removed();
        }
    }

    private Change removed() {
        Change oldest = changes.removeFirst();
        bytes -= size(oldest);
        return oldest;
    }

    /// What a change holds in memory, about.
    static long size(Change change) {
        Entry previous = change.previous();
        return 200L + change.entry().key().length() + change.entry().value().length + (previous == null ? 0 : previous.value().length);
    }

    /// The changes after `revision` of keys that start with `prefix`.
    List<Change> since(long revision, String prefix) {
        List<Change> found = new ArrayList<>();
        for (var newest = changes.descendingIterator(); newest.hasNext(); ) {
            Change change = newest.next();
            if (change.entry().revision() <= revision) {
                break;
            }
            if (change.entry().key().startsWith(prefix)) {
                found.add(change);
            }
        }
        return found.reversed();
    }
}
