package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The recent changes in order, bounded by age, and by number and bytes together. The owner holds a lock.
///
/// Each first part of the keys (a tenant, see [RevisionClock#part]) has a past of its own: how far back it is known depends on its own changes and the
/// time. When all together are too much, the part that holds most of them gives up its oldest; so one that writes a lot shortens its own past, and that of
/// another only if it holds more than an equal share itself. What is known of a part that is empty by now is kept, some hundred bytes.
///
/// At the start it keeps nothing: the past of each part begins with the last change of before.
final class History {
    /// Most memory that kept values may hold.
    static final long MOST_BYTES = 128L << 20;

    private final int maxChanges;
    private final long maxBytes;
    private final long maxAgeMicros;
    private final long others;
    private final Map<String, Part> parts = new HashMap<>();
    /// All parts that keep something; the last has most.
    private final TreeSet<Part> bySize =
            new TreeSet<>(Comparator.<Part>comparingLong(part -> part.weight).thenComparing(part -> part.name));
    /// All changes in the order of their revisions, with the places of those that are dropped already.
    private final ArrayDeque<Kept> all = new ArrayDeque<>();
    private int kept;
    private long bytes;
    private long lastDropped;

    /// @param maxChanges 0 keeps nothing
    /// @param before what was changed when before the start
    History(int maxChanges, long maxBytes, Duration maxAge, DurableLog.Content before) {
        this.maxChanges = maxChanges;
        this.maxBytes = maxBytes;
        this.maxAgeMicros = maxAge.toNanos() / 1_000;
        this.others = before.others();
        this.lastDropped = before.lastCommit();
        before.lastChanges().forEach((name, revision) -> parts.put(name, new Part(name, revision)));
    }

    private static final class Part {
        final String name;
        final ArrayDeque<Kept> changes = new ArrayDeque<>();
        long dropped;
        /// Its share of what is bounded: bytes, and as many more for each change as let both bounds be met at once.
        long weight;

        Part(String name, long start) {
            this.name = name;
            this.dropped = start;
        }
    }

    private static final class Kept {
        final Part part;
        @Nullable Change change;

        Kept(Part part, Change change) {
            this.part = part;
            this.change = change;
        }
    }

    /// The oldest revision from which every later change of keys that start with `prefix` is known.
    ///
    /// @param now the time, in microseconds like revisions
    long oldest(String prefix, long now) {
        dropOlderThan(now - maxAgeMicros);
        String name = RevisionClock.part(prefix);
        if (name.isEmpty()) {
            return lastDropped;
        }
        Part part = parts.get(name);
        return part == null ? others : part.dropped;
    }

    /// @param now as of [#oldest]
    void add(List<Change> batch, long now) {
        for (Change change : batch) {
            Part part = parts.computeIfAbsent(RevisionClock.part(change.entry().key()), name -> new Part(name, others));
            Kept added = new Kept(part, change);
            all.addLast(added);
            part.changes.addLast(added);
            kept++;
            bytes += size(change);
            weigh(part, weight(change));
        }
        dropOlderThan(now - maxAgeMicros);
        while (kept > maxChanges || (bytes > maxBytes && kept > 0)) {
            drop(bySize.getLast());
        }
        // Places of dropped changes are given back before they are more than those of kept ones.
        if (all.size() > 2 * kept + 1_000) {
            all.removeIf(one -> one.change == null);
        }
    }

    private void dropOlderThan(long revision) {
        while (!all.isEmpty()) {
            Kept first = all.getFirst();
            if (first.change != null) {
                if (first.change.entry().revision() >= revision) {
                    return;
                }
                // What is before it in its part was before it here too, and is dropped.
                drop(first.part);
            }
            all.removeFirst();
        }
    }

    private void drop(Part part) {
        Kept first = part.changes.removeFirst();
        Change change = Objects.requireNonNull(first.change);
        first.change = null;
        kept--;
        bytes -= size(change);
        part.dropped = change.entry().revision();
        lastDropped = Math.max(lastDropped, part.dropped);
        weigh(part, -weight(change));
    }

    private void weigh(Part part, long more) {
        bySize.remove(part);
        part.weight += more;
        if (!part.changes.isEmpty()) {
            bySize.add(part);
        }
    }

    private long weight(Change change) {
        return size(change) + maxBytes / Math.max(1, maxChanges);
    }

    /// What a change holds in memory, about.
    static long size(Change change) {
        Entry previous = change.previous();
        return 200L + change.entry().key().length() + change.entry().length() + (previous == null ? 0 : previous.length());
    }

    /// The changes after `revision` of keys that start with `prefix`, as far as they are kept.
    List<Change> since(long revision, String prefix) {
        String name = RevisionClock.part(prefix);
        Part part = parts.get(name);
        if (!name.isEmpty() && part == null) {
            return List.of();
        }
        Iterator<Kept> newest = (name.isEmpty() ? all : Objects.requireNonNull(part).changes).descendingIterator();
        List<Change> found = new ArrayList<>();
        while (newest.hasNext()) {
            Change change = newest.next().change;
            if (change == null) {
                continue;
            }
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
