package io.hypernetes.store.embedded;

import io.hypernetes.store.Commit;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Page;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.Watch;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A [Store] in one folder of this machine, used by one process at a time.
///
/// Reads come from memory and never wait for a write. After a restart a watch can begin at the last change before it below the first part of
/// its prefix, not earlier. When the medium fails, writes are refused until the store is opened anew; when space runs short they are refused
/// until there is space again; reads go on in both cases.
public final class EmbeddedStore implements Store {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedStore.class);

    private final String name;
    private final DurableLog log;
    private final VisibleState visible;
    private final @Nullable Packing packing;
    private final Sequencer sequencer;
    private final AtomicBoolean closed = new AtomicBoolean();
    private @Nullable ValueOpening opening;

    private EmbeddedStore(String name, EmbeddedSettings settings, DurableLog log, DurableLog.Content content) {
        this.name = name;
        this.log = log;
        this.visible = new VisibleState(settings, content);
        this.packing = settings.packs() ? new Packing(name) : null;
        this.sequencer = new Sequencer(name, settings, log, visible, packing);
    }

    /// Opens the store in `folder`, making it when there is none.
    ///
    /// @throws StoreUnavailableException when another process has it open (the message names it), when it is damaged, or when
    /// the disk cannot be used
    public static EmbeddedStore open(Path folder, EmbeddedSettings settings) {
        long start = System.nanoTime();
        RocksLog log = RocksLog.open(folder, settings);
        EmbeddedStore store;
        try {
            DurableLog.Content content = log.load();
            store = over(folder.toString(), settings, log, content);
            store.opening = new ValueOpening(content.entries(), store.packing, store::damaged);
            if (!settings.opensAtLeisure()) {
                store.openValues();
            }
        } catch (RuntimeException e) {
            log.close();
            throw e;
        }
        LOG.info("event=store-opened folder={} entries={} ms={}",
                folder, store.visible.tree().size(), (System.nanoTime() - start) / 1_000_000);
        return store;
    }

    /// Opens the values that nobody has asked for yet, in the background, when that was not begun before.
    public void openValues() {
        if (opening != null) {
            opening.begin();
        }
    }

    static EmbeddedStore over(String name, EmbeddedSettings settings, DurableLog log, DurableLog.Content content) {
        EmbeddedStore store = new EmbeddedStore(name, settings, log, content);
        store.sequencer.start();
        return store;
    }

    @Override
    public long tick() {
        return snapshot("").revision();
    }

    @Override
    public long tick(String prefix) {
        return snapshot(prefix).revision();
    }

    @Override
    public Optional<Entry> get(String key) {
        requireOpen();
        return Optional.ofNullable(visible.tree().get(key));
    }

    @Override
    public Page list(String prefix, String afterKey, int limit) {
        if (limit < 0) {
            throw new IllegalArgumentException("limit must not be negative: " + limit);
        }
        VisibleState.Snapshot now = snapshot(prefix);
        EntryTree tree = now.tree();
        String first = tree.ceilingKey(prefix);
        if (first == null || !first.startsWith(prefix)) {
            // The answer to most lists: a write looks for many kinds of things that few namespaces have.
            return new Page(List.of(), now.revision(), 0);
        }
        int from = tree.count(key -> Utf8Order.compare(key, prefix) < 0);
        if (!afterKey.isEmpty()) {
            from = Math.max(from, tree.count(key -> Utf8Order.compare(key, afterKey) <= 0));
        }
        int end = tree.count(key -> key.startsWith(prefix) || Utf8Order.compare(key, prefix) < 0);
        int to = limit == 0 || end - from <= limit ? Math.max(from, end) : from + limit;
        return new Page(List.of(tree.slice(from, to)), now.revision(), Math.max(0, end - to));
    }

    @Override
    public long bytes(String prefix) {
        requireOpen();
        return visible.bytes(prefix);
    }

    @Override
    public Commit commit(List<Operation> operations) {
        if (operations.isEmpty()) {
            throw new IllegalArgumentException("a commit needs an operation");
        }
        return sequencer.commit(operations);
    }

    @Override
    public Watch watch(String prefix, long afterRevision) {
        return visible.watch(prefix, afterRevision);
    }

    @Override
    public synchronized void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        if (opening != null) {
            opening.close();
        }
        sequencer.stop();
        if (packing != null) {
            packing.close();
        }
        visible.close("store " + name + " is closed");
        if (sequencer.isSound()) {
            writeLastRevision();
        }
        log.close();
        LOG.info("event=store-closed folder={}", name);
    }

    /// What else was changed behind our back nobody knows: nothing is written over it. Values that open can be read.
    private void damaged(StoreUnavailableException reason) {
        LOG.error("event=store-damaged store={} error=\"{}\" effect=\"nothing is written any more\"", name, reason.getMessage());
        sequencer.refuse(reason);
    }

    /// Lets the next start continue right here instead of at the ceiling.
    private void writeLastRevision() {
        try {
            log.write(List.of(), 0, visible.last());
        } catch (StoreUnavailableException e) {
            LOG.warn("event=store-close-unclean folder={} error=\"{}\"", name, e.getMessage());
        }
    }

    private VisibleState.Snapshot snapshot(String prefix) {
        requireOpen();
        VisibleState.Snapshot now = visible.snapshot(prefix);
        while (now.revision() == 0) {
            sequencer.commit(List.of());
            now = visible.snapshot(prefix);
        }
        return now;
    }

    private void requireOpen() {
        if (closed.get()) {
            throw new StoreUnavailableException("store " + name + " is closed");
        }
    }
}
