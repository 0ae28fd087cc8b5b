package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// The recent changes in order, bounded by number and age. The owner holds a lock.
final class History {
    private final int maxChanges;
    private final long maxAgeMicros;
    private final ArrayDeque<Change> changes = new ArrayDeque<>();
    private long complete;

    /// @param start revision since which everything is kept
    History(int maxChanges, Duration maxAge, long start) {
        this.maxChanges = maxChanges;
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
        long tooOld = batch.getLast().entry().revision() - maxAgeMicros;
        while (changes.size() > maxChanges
                || (!changes.isEmpty() && changes.getFirst().entry().revision() < tooOld)) {
            complete = changes.removeFirst().entry().revision();
        }
        // The changes of one commit share a revision: they are kept or dropped together.
        while (!changes.isEmpty() && changes.getFirst().entry().revision() == complete) {
            changes.removeFirst();
        }
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
