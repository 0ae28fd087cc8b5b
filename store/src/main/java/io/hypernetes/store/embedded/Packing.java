package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Holds values as what makes them differ from others of their kind: a replica of a pod differs from the next one by a few hundred bytes of thousands.
///
/// A base is of the same folder of keys as what is packed against it, and its name begins in the same way; so nothing of an owner (the first part of a key) is
/// held as what it has in common with another's, nor with what an owner of that name had before it was empty. It is one of the values themselves and costs
/// nothing as long as that one lives; as it is no longer than twice what is packed against it, little when it does not. What is like no base stays as it is.
///
/// Values that were just written are read once more by everyone who watches: they are packed a moment later. Thread-safe.
final class Packing implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Packing.class);
    static final int SHORTEST_BYTES = 256;
    private static final Duration REST = Duration.ofMillis(100);
    /// Groups of values whose bases are known; each base has 24 KiB with its index at most.
    private static final int GROUPS = 256;
    /// A group that was of no use for so long is given up, as its bases may be values that are gone.
    private static final Duration IDLE = Duration.ofMinutes(2);
    private static final int BASES = 2;
    /// A base is given up when a value is not much like it, but no more often than once for as many values.
    private static final int PATIENCE = 32;
    /// More waits only if nothing is packed for long; it stays as it is then.
    private static final long MOST_WAITING_BYTES = 16 << 20;

    private final Map<String, Group> groups = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Group> eldest) {
            return size() > GROUPS;
        }
    };
    private final LinkedBlockingQueue<Written> written = new LinkedBlockingQueue<>();
    private final AtomicLong waitingBytes = new AtomicLong();
    private final Thread thread;
    private volatile boolean over;

    private record Written(List<Change> changes, Set<String> emptied, long bytes) {}

    /// @param name of the store
    Packing(String name) {
        // One that computes for long would keep a carrier of virtual threads from others.
        thread = Thread.ofPlatform().daemon().name("store-packing-" + name).start(this::run);
    }

    private record Fit(PackedValue.Base base, PackedValue packed) {}

    private static final class Group {
        /// The last one that was of use is first.
        private final ArrayDeque<PackedValue.Base> bases = new ArrayDeque<>(BASES);
        private int sinceNew = PATIENCE;
        private long used;

        /// The first that is much like a value, else the one that is most like it; null when it would not be half as long.
        @Nullable Fit best(byte[] value) {
            Fit best = null;
            for (var base : bases) {
                // Else a short value could keep a long one that is gone.
                if (base.bytes.length > 2 * value.length) {
                    continue;
                }
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
    ///
    /// @param emptied owners of whom nothing is left since
    void written(List<Change> changes, Set<String> emptied) {
        if (changes.isEmpty() || over) {
            return;
        }
        long bytes = 0;
        for (var change : changes) {
            bytes += change.entry().length();
        }
        // That an owner is gone must be heard in any case.
        boolean fits = waitingBytes.get() + bytes <= MOST_WAITING_BYTES;
        if (fits || !emptied.isEmpty()) {
            waitingBytes.addAndGet(fits ? bytes : 0);
            written.add(fits ? new Written(changes, emptied, bytes) : new Written(List.of(), emptied, 0));
        }
    }

    private void run() {
        var batches = new ArrayList<Written>();
        try {
            while (true) {
                var first = written.poll(IDLE.toMillis(), TimeUnit.MILLISECONDS);
                forgetIdle();
                if (first == null) {
                    continue;
                }
                batches.add(first);
                Thread.sleep(REST);
                written.drainTo(batches);
                for (var batch : batches) {
                    take(batch);
                }
                batches.clear();
            }
        } catch (InterruptedException closed) {
            // What is left is not needed packed any more.
        } catch (RuntimeException | Error fault) {
            LOG.error("event=store-packing-failed effect=\"values stay as they were written, which takes more memory\"", fault);
        } finally {
            over = true;
            written.clear();
        }
    }

    private void take(Written batch) {
        for (var change : batch.changes) {
            pack(change.entry(), !change.deleted());
        }
        waitingBytes.addAndGet(-batch.bytes);
        batch.emptied.forEach(this::forget);
    }

    /// Packs the value of an entry that was there at the start, if it is like others of its group. Nothing that goes wrong with it concerns the caller.
    void found(Entry entry) {
        try {
            pack(entry, true);
        } catch (RuntimeException fault) {
            LOG.warn("event=store-packing-failed key={} effect=\"the value stays as it is\"", entry.key(), fault);
        }
    }

    /// @param lives whether it may be the base of others
    synchronized void pack(Entry entry, boolean lives) {
        int length = entry.length();
        if (length < SHORTEST_BYTES || length > PackedValue.Base.LONGEST || entry.isPacked()) {
            return;
        }
        byte[] value = entry.value();
        Group group = groups.computeIfAbsent(group(entry.key()), _ -> new Group());
        group.used = System.nanoTime();
        group.sinceNew++;
        Fit best = group.best(value);
        if (best != null && (isMuchAlike(best.packed) || group.sinceNew < PATIENCE || !lives)) {
            group.wasUseful(best.base);
            entry.pack(best.packed);
        } else if (lives && (group.sinceNew >= PATIENCE || group.bases.size() < BASES)) {
            group.begin(new PackedValue.Base(value));
        }
    }

    private synchronized void forget(String owner) {
        groups.keySet().removeIf(group -> group.startsWith("/" + owner + "/"));
    }

    private synchronized void forgetIdle() {
        long now = System.nanoTime();
        for (Iterator<Group> eldest = groups.values().iterator(); eldest.hasNext(); ) {
            if (now - eldest.next().used < IDLE.toNanos()) {
                return;
            }
            eldest.remove();
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
