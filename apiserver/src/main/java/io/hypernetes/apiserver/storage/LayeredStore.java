package io.hypernetes.apiserver.storage;

import io.hypernetes.objects.Json;
import io.hypernetes.store.Change;
import io.hypernetes.store.Commit;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Page;
import io.hypernetes.store.Store;
import io.hypernetes.store.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import tools.jackson.databind.node.ObjectNode;

/// A store in which every tenant has the objects of a [BaseLayer] too, until it changes them. Thread-safe as the store below.
///
/// The first write to such an object copies it into the tenant; from then on it is like any other. A deleted one leaves a grave: its last state
/// and a line feed, which no encoded object ends with. Readers, watchers and writers see none of this: revisions, preconditions and changes
/// are those of objects that have always been there.
///
/// A deletion without an expected revision clears what the tenant itself has at a key, grave or copy; it is for tenants that go as a whole.
public final class LayeredStore implements Store {
    private static final byte GRAVE = '\n';

    private final Store store;
    private final BaseLayer base;
    private final StorageLimits limits;
    private final List<Consumer<Commit>> listeners = new CopyOnWriteArrayList<>();

    /// One in which anybody may store as much as he likes.
    public LayeredStore(Store store, BaseLayer base) {
        this(store, base, StorageBounds.NONE);
    }

    public LayeredStore(Store store, BaseLayer base, StorageBounds bounds) {
        this.store = store;
        this.base = base;
        this.limits = new StorageLimits(store, bounds);
    }

    /// Makes `listener` hear of each commit made here before its writer does; it must be quick.
    public void onCommit(Consumer<Commit> listener) {
        listeners.add(listener);
    }

    /// The operations that let a commit fail when an object of the base, which the tenant has not changed yet, becomes the tenant's own before it:
    /// for who removes all that a tenant has, and lists it after this.
    public List<Operation> untouched(String tenant) {
        return base.of(tenant).stream()
                .filter(key -> store.get(key).isEmpty())
                .<Operation>map(key -> new Operation.Check(key, BaseLayer.REVISION))
                .toList();
    }

    @Override
    public long tick() {
        return store.tick();
    }

    @Override
    public long tick(String prefix) {
        return store.tick(prefix);
    }

    @Override
    public Optional<Entry> get(String key) {
        var own = store.get(key);
        var below = base.get(key);
        if (below == null) {
            return own;
        }
        return own.isEmpty() ? Optional.of(below) : own.filter(entry -> !isGrave(entry));
    }

    /// Whether an object is as every tenant has it from the start, not its tenant's own yet.
    public static boolean isOfBase(ObjectNode object) {
        return Json.string(object, "metadata", "resourceVersion").equals(Long.toString(BaseLayer.REVISION));
    }

    /// As [#isOfBase(ObjectNode)], of an object as this store gives it.
    public static boolean isOfBase(Entry entry) {
        return entry.revision() == BaseLayer.REVISION;
    }

    @Override
    public Page list(String prefix, String afterKey, int limit) {
        var below = base.below(prefix);
        if (below.isEmpty()) {
            return store.list(prefix, afterKey, limit);
        }
        var own = store.list(prefix, "", 0);
        var all = new TreeMap<String, Entry>();
        below.forEach(entry -> all.put(entry.key(), entry));
        own.entries().forEach(entry -> all.put(entry.key(), entry));
        all.values().removeIf(LayeredStore::isGrave);
        var rest = List.copyOf((afterKey.isEmpty() ? all : all.tailMap(afterKey, false)).values());
        int end = limit == 0 ? rest.size() : Math.min(limit, rest.size());
        return new Page(rest.subList(0, end), own.revision(), rest.size() - end);
    }

    /// As [#list], without the objects that a tenant has only because every tenant has them: who reads many tenants at once would else be shown the same ones
    /// for each.
    public Page listOwn(String prefix, String afterKey, int limit) {
        if (base.below(prefix).isEmpty()) {
            return store.list(prefix, afterKey, limit);
        }
        var page = store.list(prefix, afterKey, 0);
        if (page.entries().isEmpty()) {
            return page;
        }
        var own = page.entries().stream().filter(entry -> !isGrave(entry)).toList();
        int end = limit == 0 ? own.size() : Math.min(limit, own.size());
        return new Page(own.subList(0, end), page.revision(), own.size() - end);
    }

    @Override
    public long bytes(String prefix) {
        return store.bytes(prefix);
    }

    /// As of [Store#commit].
    ///
    /// @throws io.hypernetes.objects.ApiException 403 when a tenant would have more stored than it may, 507 when all would; nothing was changed
    @Override
    public Commit commit(List<Operation> operations) {
        var real = new ArrayList<Operation>(operations.size());
        boolean layered = false;
        for (var operation : operations) {
            var translated = translated(operation);
            layered |= translated != operation;
            real.add(translated);
        }
        Commit commit;
        try (var _ = limits.hold(operations)) {
            commit = store.commit(real);
        }
        if (layered) {
            commit = new Commit(
                    commit.revision(), commit.entries().stream().map(LayeredStore::withoutGrave).toList());
        }
        for (var listener : listeners) {
            listener.accept(commit);
        }
        return commit;
    }

    @Override
    public Watch watch(String prefix, long afterRevision) {
        var watch = store.watch(prefix, afterRevision);
        return new Watch() {
            @Override
            public Optional<Change> next(Duration timeout) throws InterruptedException {
                return watch.next(timeout).map(LayeredStore.this::seen);
            }

            @Override
            public long progress() {
                return watch.progress();
            }

            @Override
            public void close() {
                watch.close();
            }
        };
    }

    @Override
    public void close() {
        store.close();
    }

    private Operation translated(Operation operation) {
        var key = operation.key();
        long expected = operation.expectedRevision();
        if (base.get(key) == null || expected == Operation.ANY) {
            return operation;
        }
        long real = expected == BaseLayer.REVISION
                ? Operation.ABSENT
                : expected == Operation.ABSENT ? graveOf(key) : expected;
        return switch (operation) {
            case Operation.Put put -> new Operation.Put(key, real, put.value());
            case Operation.Check _ -> new Operation.Check(key, real);
            case Operation.Delete delete ->
                new Operation.Put(key, real, revision -> grave(delete.lastState().apply(revision)));
        };
    }

    /// The revision of the grave at a key.
    ///
    /// @throws ConflictException when there is an object, the base's or the tenant's own
    private long graveOf(String key) {
        var own = store.get(key).orElse(null);
        if (own == null || !isGrave(own)) {
            throw new ConflictException(key, own == null ? BaseLayer.REVISION : own.revision(), key + " is there already");
        }
        return own.revision();
    }

    private Change seen(Change change) {
        var below = base.get(change.entry().key());
        if (below == null) {
            return change;
        }
        var before = change.previous();
        var previous = before == null ? below : isGrave(before) ? null : before;
        return new Change(withoutGrave(change.entry()), previous, change.deleted() || isGrave(change.entry()));
    }

    private static boolean isGrave(Entry entry) {
        return entry.endsWith(GRAVE);
    }

    private static byte[] grave(byte[] last) {
        var value = Arrays.copyOf(last, last.length + 1);
        value[last.length] = GRAVE;
        return value;
    }

    private static Entry withoutGrave(Entry entry) {
        return isGrave(entry)
                ? new Entry(entry.key(), Arrays.copyOf(entry.value(), entry.length() - 1), entry.createRevision(), entry.revision())
                : entry;
    }
}
