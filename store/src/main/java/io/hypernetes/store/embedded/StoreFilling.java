package io.hypernetes.store.embedded;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.StoreUnavailableException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Makes a store of entries that another store had, under the revisions that they had there. For one thread; the store can be opened when
/// [#finish] and [#close] have returned.
public final class StoreFilling implements AutoCloseable {
    private static final int AT_ONCE = 500;

    private final Path folder;
    private final RocksLog log;
    private final EmbeddedSettings settings;
    private final List<Change> waiting = new ArrayList<>();
    private long highest;

    private StoreFilling(Path folder, EmbeddedSettings settings, RocksLog log) {
        this.folder = folder;
        this.settings = settings;
        this.log = log;
    }

    /// Begins with a folder in which there is no store.
    ///
    /// @throws StoreUnavailableException when there is one, or the disk cannot be used
    public static StoreFilling begin(Path folder, EmbeddedSettings settings) {
        RocksLog log = RocksLog.open(folder, settings);
        try {
            DurableLog.Content content = log.load();
            if (!content.entries().isEmpty() || content.ceiling() > 0) {
                throw new StoreUnavailableException("there is a store in " + folder + " already; it is not written over");
            }
            return new StoreFilling(folder, settings, log);
        } catch (RuntimeException e) {
            log.close();
            throw e;
        }
    }

    /// Adds an entry; each key once.
    public void add(Entry entry) {
        if (entry.length() > settings.maxValueBytes() || entry.createRevision() > entry.revision() || entry.revision() <= 0) {
            throw new StoreUnavailableException("the entry '" + entry.key() + "' cannot have been in a store");
        }
        if (waiting.size() == AT_ONCE) {
            write(highest);
        }
        highest = Math.max(highest, entry.revision());
        waiting.add(new Change(entry, null, false));
    }

    /// Ends it. The new store goes on above `revision` and above the present time, and knows no history before: who followed the former store, also
    /// through what came after it was copied, is told to read all anew.
    ///
    /// @param revision of the state that the entries show
    public void finish(long revision) {
        if (highest > revision) {
            throw new StoreUnavailableException("an entry for " + folder + " has revision " + highest + ", newer than the " + revision + " that all are said to be of");
        }
        RevisionClock clock = new RevisionClock(settings.clock(), revision);
        long begin = clock.begin(Set.of());
        write(begin);
        log.forgetPast(begin);
    }

    private void write(long lastCommit) {
        if (waiting.isEmpty()) {
            throw new StoreUnavailableException("there is nothing to make the store " + folder + " of");
        }
        log.write(waiting, lastCommit, lastCommit);
        waiting.clear();
    }

    @Override
    public void close() {
        log.close();
    }
}
