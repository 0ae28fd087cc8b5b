package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.StoreUnavailableException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Holds values as what makes them differ from others of their kind: a replica of a pod differs from the next one by a few hundred bytes of thousands.
///
/// A base is of the same folder of keys as what is packed against it, and its name begins in the same way; so nothing of a tenant is
/// held as what it has in common with another's. It is one of the values themselves and costs nothing as long as that one lives. What is like no base stays as it is.
///
/// Values that were just written are read once more by everyone who watches: they are packed a moment later. Thread-safe.
final class Packing implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Packing.class);
    static final int SHORTEST_BYTES = 256;
    private static final Duration REST = Duration.ofMillis(100);
    /// Groups of values whose bases are known; each has some 20 KB of indexes at most usually.
    private static final int GROUPS = 256;
    private static final int BASES = 2;
    /// A base is given up when a value is not much like it, but no more often than once for as many values.
    private static final int PATIENCE = 32;
    /// More waits only if nothing is packed for long; it stays as it is then.
    private static final int MOST_WAITING = 10_000;

    private final Map<String, Group> groups = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Group> eldest) {
            return size() > GROUPS;
        }
    };
    private final LinkedBlockingQueue<List<Change>> written = new LinkedBlockingQueue<>(MOST_WAITING);
    private final Thread thread;
    private volatile boolean failed;

    /// @param name of the store
    Packing(String name) {
        thread = Thread.ofVirtual().name("store-packing-" + name).start(this::run);
    }

    private record Fit(PackedValue.Base base, PackedValue packed) {}

    private static final class Group {
        /// The last one that was of use is first.
        private final ArrayDeque<PackedValue.Base> bases = new ArrayDeque<>(BASES);
        private int sinceNew = PATIENCE;

        /// The first that is much like a value, else the one that is most like it; null when it would not be half as long.
        @Nullable Fit best(byte[] value) {
            Fit best = null;
            for (var base : bases) {
                var packed = PackedValue.of(value, base, best == null ? value.length / 2 : best.packed.packedLength());
                if (packed != null) {
                    best = new Fit(base, packed);
                    if (isMuchAlike(packed)) {
                        return best;
                    }
                }
            }
            return best;
        }

        void wasUseful(PackedValue.Base base) {
            if (bases.getFirst() != base) {
                bases.remove(base);
                bases.addFirst(base);
            }
        }

        void begin(PackedValue.Base base) {
            if (bases.size() == BASES) {
                bases.removeLast();
            }
            bases.addFirst(base);
            sinceNew = 0;
        }
    }

    /// What was written and can be seen; returns at once.
    void written(List<Change> changes) {
        if (!changes.isEmpty() && !failed) {
            written.offer(changes);
        }
    }

    private void run() {
        var changes = new ArrayList<List<Change>>();
        try {
            while (true) {
                changes.add(written.take());
                Thread.sleep(REST);
                written.drainTo(changes);
                for (var batch : changes) {
                    for (var change : batch) {
                        pack(change.entry());
                    }
                }
                changes.clear();
            }
        } catch (InterruptedException closed) {
            // What is left is not needed packed any more.
        } catch (RuntimeException e) {
            failed = true;
            written.clear();
            LOG.error("event=store-packing-failed effect=\"values stay as they were written, which takes more memory\"", e);
        }
    }

    /// Packs the value of an entry if it is like others of its group.
    ///
    /// @throws StoreUnavailableException as of [Entry#value]
    synchronized void pack(Entry entry) {
        int length = entry.length();
        if (length < SHORTEST_BYTES || length > PackedValue.Base.LONGEST || entry.isPacked()) {
            return;
        }
        byte[] value = entry.value();
        Group group = groups.computeIfAbsent(group(entry.key()), _ -> new Group());
        group.sinceNew++;
        Fit best = group.best(value);
        if (best != null && (isMuchAlike(best.packed) || group.sinceNew < PATIENCE)) {
            group.wasUseful(best.base);
            entry.pack(best.packed);
        } else if (group.sinceNew >= PATIENCE || group.bases.size() < BASES) {
            group.begin(new PackedValue.Base(value));
        }
    }

    private static boolean isMuchAlike(PackedValue packed) {
        return packed.packedLength() <= packed.length() / 8;
    }

    /// The folder of a key and its name as far as it is shared by what one thing makes, such as the pods of a set: up to the last dash or dot.
    static String group(String key) {
        int end = key.length() - 1;
        while (end >= 0 && "/-.".indexOf(key.charAt(end)) < 0) {
            end--;
        }
        return key.substring(0, end + 1);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
