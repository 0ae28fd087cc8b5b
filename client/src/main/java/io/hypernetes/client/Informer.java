package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.hypernetes.objects.Interner;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/// A local copy of one kind in one scope, kept current by list and watch.
///
/// One virtual thread lists, then watches from the list's resourceVersion. A watch that ends is resumed from the last
/// event or bookmark; only a 410 lists again. Handlers run on that thread, in order, so they must be quick: add a key to a
/// queue and return. The cache is updated before a handler hears of it. Readers may be any thread. After a broken connection
/// the copy is stale but whole.
public final class Informer<T extends HasMetadata> implements AutoCloseable {

    /// Hears what changed. `updated` is not called when a list finds the resourceVersion unchanged.
    public interface Handler<T> {
        void added(T object);

        void updated(T before, T now);

        void deleted(T last);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Informer.class);
    private static final Duration SHORTEST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);
    /// How many watches may break without an event before the informer lists again: whatever breaks them may be what comes next.
    private static final int MOST_FRUITLESS = 5;
    private static final Consumer<HasMetadata> WHOLE = object -> {};
    private static final Predicate<HasMetadata> ANY = object -> true;
    /// Labels and annotations that many objects have.
    private static final Interner<Map<String, String>> SAME = Interner.ofLabels(1 << 10);

    private final Resources<T> resources;
    private final Scope scope;
    private final Selection selection;
    private final int watchSeconds;
    private final Map<ObjectKey, T> cache = new ConcurrentHashMap<>();
    private final List<Handler<? super T>> handlers = new CopyOnWriteArrayList<>();
    private final CountDownLatch synced = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;
    private volatile @Nullable WatchStream<T> stream;
    private final List<Index<T>> indexes = new CopyOnWriteArrayList<>();
    private String resourceVersion = "";
    private volatile long revision;
    private Consumer<? super T> trim = WHOLE;
    private Predicate<? super T> wanted = ANY;
    private volatile boolean again;
    private JsonMapper mapper = Json.MAPPER;
    private Duration pause = SHORTEST_PAUSE;
    /// Before the next list, where the last was too old soon after it was read.
    private Duration relistPause = Duration.ZERO;
    private long listedNanos;
    private int fruitless;

    public Informer(Client client, Kind<T> kind, Scope scope, Selection selection) {
        this.resources = client.of(kind);
        this.scope = scope;
        this.selection = selection;
        this.watchSeconds = 300 + ThreadLocalRandom.current().nextInt(300);
        this.thread = Thread.ofVirtual().name("informer-" + kind.plural()).unstarted(this::run);
    }

    /// Adds a handler; before [#start] only, so that it hears of every object.
    public Informer<T> handler(Handler<? super T> handler) {
        handlers.add(handler);
        return this;
    }

    /// Changes each object before it is cached, to drop what nobody will read; before [#start] only. The name, the uid, the version and the
    /// tenant's annotation must stay.
    public Informer<T> trimmedBy(Consumer<? super T> trim) {
        this.trim = trim;
        return this;
    }

    /// Leaves out objects, as if they were not there; before [#start] only. One that was cached is told as deleted.
    ///
    /// @param wanted asked of each object when it comes or changes, as it was trimmed, on the informer's thread; of one that is gone handlers hear
    public Informer<T> onlyIf(Predicate<? super T> wanted) {
        this.wanted = wanted;
        return this;
    }

    /// Lists anew soon, as what [#onlyIf] says of objects may be another now.
    public void readAgain() {
        again = true;
        closeStream();
    }

    /// Reads objects with a mapper that leaves out what nobody will look at; before [#start] only.
    Informer<T> readBy(JsonMapper mapper) {
        this.mapper = mapper;
        return this;
    }

    /// A lookup by whatever an object is found by, kept current before handlers hear of a change; before [#start] only.
    ///
    /// @param keys the keys under which an object is found; quick, and the same for the same object
    public Index<T> index(Function<? super T, ? extends Collection<?>> keys) {
        Index<T> index = new Index<>(keys);
        indexes.add(index);
        return index;
    }

    /// Everything that happened up to this resourceVersion is in the cache; 0 before the first list.
    public long revision() {
        return revision;
    }

    /// Begins to list and watch.
    public Informer<T> start() {
        thread.start();
        return this;
    }

    /// True once the first list is in the cache and every handler has heard of it.
    public boolean synced() {
        return synced.getCount() == 0;
    }

    /// Waits for [#synced]; false when the time is over.
    public boolean awaitSynced(Duration atMost) throws InterruptedException {
        return synced.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    public Optional<T> get(ObjectKey key) {
        return Optional.ofNullable(cache.get(key));
    }

    /// Everything cached; a snapshot.
    public List<T> list() {
        return new ArrayList<>(cache.values());
    }

    /// What is cached and fits; a snapshot.
    public List<T> list(Predicate<? super T> filter) {
        return cache.values().stream().filter(filter).toList();
    }

    @Override
    public void close() {
        closed.countDown();
        closeStream();
        thread.interrupt();
    }

    private void run() {
        while (closed.getCount() > 0) {
            try {
                if (again) {
                    again = false;
                    resourceVersion = "";
                }
                if (resourceVersion.isEmpty()) {
                    relist();
                }
                watch();
            } catch (ApiException refused) {
                if (closed.getCount() == 0) {
                    return;
                }
                if (refused.isGone()) {
                    LOG.info("event=relist kind={} reason=\"{}\"", resources.kind().plural(), refused.getMessage());
                    if (restBeforeRelist()) {
                        return;
                    }
                    resourceVersion = "";
                    continue;
                }
                LOG.warn("event=watch-failed kind={} pauseMillis={} reason=\"{}\"",
                        resources.kind().plural(), pause.toMillis(), refused.getMessage());
                if (fruitless >= MOST_FRUITLESS) {
                    fruitless = 0;
                    resourceVersion = "";
                }
                if (rest()) {
                    return;
                }
            } catch (RuntimeException fault) {
                if (closed.getCount() == 0) {
                    return;
                }
                // A decoding fault: start from a clean list rather than with a copy that may lack an event.
                LOG.error("event=informer-fault kind={}", resources.kind().plural(), fault);
                resourceVersion = "";
                if (rest()) {
                    return;
                }
            }
        }
    }

    /// Pauses with jitter, longer each time; true when closed meanwhile.
    private boolean rest() {
        boolean isClosed = rest(pause);
        pause = longer(pause);
        return isClosed;
    }

    /// Where more changes during a list than the server keeps, the next list is too old as well, and each makes the server slower for all: an event or two in between
    /// make it no better. True when closed meanwhile.
    private boolean restBeforeRelist() {
        boolean soon = resourceVersion.isEmpty() || System.nanoTime() - listedNanos < LONGEST_PAUSE.toNanos();
        if (!soon) {
            relistPause = Duration.ZERO;
            return false;
        }
        Duration due = relistPause;
        relistPause = due.isZero() ? SHORTEST_PAUSE : longer(due);
        return !due.isZero() && rest(due);
    }

    private static Duration longer(Duration pause) {
        return pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause.multipliedBy(2);
    }

    private boolean rest(Duration about) {
        long millis = about.toMillis();
        try {
            return closed.await(millis / 2 + ThreadLocalRandom.current().nextLong(millis), TimeUnit.MILLISECONDS);
        } catch (InterruptedException stopped) {
            return true;
        }
    }

    /// Of what changed unseen, what is gone is told first: others may have its place. One that was deleted and made again is gone, too. What did not change is
    /// not held twice, what is left out not at all, and what cannot be decoded stays as it is known.
    private void relist() {
        Map<ObjectKey, T> gone = new HashMap<>(cache);
        boolean isFirst = gone.isEmpty();
        List<T> changed = new ArrayList<>();
        String version;
        try {
            version = resources.list(scope, selection, mapper, object -> {
                ObjectKey key = keyOf(object);
                T before = gone.get(key);
                if (isFirst) {
                    store(trimmed(object), "");
                    return;
                }
                if (before != null && Objects.equals(before.getMetadata().getUid(), object.getMetadata().getUid())) {
                    gone.remove(key);
                    String known = before.getMetadata().getResourceVersion();
                    if (known != null && known.equals(object.getMetadata().getResourceVersion())) {
                        return;
                    }
                }
                T now = trimmed(object);
                if (wanted.test(now)) {
                    changed.add(now);
                } else if (!gone.containsKey(key)) {
                    remove(key, now);
                }
            }, leftOut -> gone.remove(keyOf(leftOut.tenant(), leftOut.namespace(), leftOut.name())));
        } catch (RuntimeException broken) {
            // Whoever wants them counts on hearing when they go.
            if (wanted != ANY) {
                changed.forEach(object -> keep(keyOf(object), object, ""));
            }
            throw broken;
        }
        gone.forEach(this::remove);
        changed.forEach(object -> keep(keyOf(object), object, ""));
        reached(version);
        listedNanos = System.nanoTime();
        pause = SHORTEST_PAUSE;
        synced.countDown();
    }

    private void watch() {
        WatchStream<T> opened = resources.watch(scope, selection, resourceVersion, watchSeconds, mapper);
        stream = opened;
        if (closed.getCount() == 0) {
            opened.close();
            return;
        }
        if (again) {
            // Whoever wants that found no stream to close yet.
            stream = null;
            opened.close();
            return;
        }
        // A server that vanished without closing the connection sends neither events nor the end: then this ends it.
        Thread watchdog = Thread.ofVirtual().start(() -> {
            try {
                if (!closed.await(watchSeconds + 30L, TimeUnit.SECONDS)) {
                    opened.close();
                }
            } catch (InterruptedException ended) {
                // The watch ended by itself.
            }
        });
        try (opened) {
            fruitless++;
            while (true) {
                Optional<WatchEvent<T>> event = opened.next();
                fruitless = 0;
                if (event.isEmpty()) {
                    return;
                }
                apply(event.get());
                pause = SHORTEST_PAUSE;
            }
        } finally {
            watchdog.interrupt();
            stream = null;
        }
    }

    private void apply(WatchEvent<T> event) {
        switch (event) {
            case WatchEvent.Added<T>(T object) -> store(trimmed(object), object.getMetadata().getResourceVersion());
            case WatchEvent.Modified<T>(T object) -> store(trimmed(object), object.getMetadata().getResourceVersion());
            case WatchEvent.Deleted<T>(T object) -> {
                remove(keyOf(object), object);
                reached(object.getMetadata().getResourceVersion());
            }
            case WatchEvent.Bookmark<T>(String version) -> reached(version);
            case WatchEvent.LeftOut<T>(String tenant, String namespace, String name, String version, boolean deleted) -> {
                ObjectKey key = keyOf(tenant, namespace, name);
                T known = deleted ? cache.get(key) : null;
                if (known != null) {
                    remove(key, known);
                }
                reached(version);
            }
        }
    }

    private void reached(String version) {
        resourceVersion = version;
        try {
            revision = Long.parseLong(version);
        } catch (NumberFormatException opaque) {
            // Another server's versions may be anything; then nobody can wait for one.
        }
    }

    /// @param object as it is to be kept
    /// @param reached the version up to which the cache is current with this object; empty during a list
    private void store(T object, String reached) {
        ObjectKey key = keyOf(object);
        if (!wanted.test(object)) {
            remove(key, object);
            if (!reached.isEmpty()) {
                reached(reached);
            }
            return;
        }
        keep(key, object, reached);
    }

    private void keep(ObjectKey key, T object, String reached) {
        T before = cache.put(key, object);
        indexes.forEach(index -> index.replace(key, before, object));
        if (!reached.isEmpty()) {
            reached(reached);
        }
        tell(key, handler -> {
            if (before == null) {
                handler.added(object);
            } else if (!Objects.equals(before.getMetadata().getUid(), object.getMetadata().getUid())) {
                // Deleted and made again while nobody watched: two objects, so two events.
                handler.deleted(before);
                handler.added(object);
            } else if (!Objects.equals(before.getMetadata().getResourceVersion(), object.getMetadata().getResourceVersion())) {
                handler.updated(before, object);
            }
        });
    }

    /// A handler that fails is a fault of its own: the others hear of the change all the same.
    private void tell(ObjectKey key, Consumer<Handler<? super T>> change) {
        for (Handler<? super T> handler : handlers) {
            try {
                change.accept(handler);
            } catch (RuntimeException fault) {
                LOG.error("event=handler-fault kind={} object={}", resources.kind().plural(), key, fault);
            }
        }
    }

    private T trimmed(T object) {
        // Nobody reads them from a cache, and they are often larger than the rest.
        object.getMetadata().setManagedFields(null);
        trim.accept(object);
        lighten(object.getMetadata());
        return object;
    }

    /// The maps and lists that an object is read into take, of a small one, half of its memory. Nobody changes what is in a cache.
    private static void lighten(ObjectMeta metadata) {
        metadata.setLabels(light(metadata.getLabels()));
        metadata.setAnnotations(light(metadata.getAnnotations()));
        if (metadata.getAdditionalProperties().isEmpty()) {
            metadata.setAdditionalProperties(Map.of());
        }
        if (metadata.getFinalizers() != null && metadata.getFinalizers().isEmpty()) {
            metadata.setFinalizers(List.of());
        }
        if (metadata.getOwnerReferences() != null && metadata.getOwnerReferences().isEmpty()) {
            metadata.setOwnerReferences(List.of());
        }
        PackedMetadata.pack(metadata);
    }

    private static @Nullable Map<String, String> light(@Nullable Map<String, String> map) {
        if (map == null || map instanceof HashMap && map.containsValue(null)) {
            return map;
        }
        Map<String, String> light = map instanceof HashMap ? Map.copyOf(map) : map;
        // Pods of one controller have the same labels.
        return SAME.one(light);
    }

    private void remove(ObjectKey key, T last) {
        T known = cache.remove(key);
        if (known != null) {
            indexes.forEach(index -> index.remove(key, known));
            tell(key, handler -> handler.deleted(last));
        }
    }

    /// What an object says of its tenant counts in reads across tenants alone, where the server says it.
    private ObjectKey keyOf(T object) {
        return scope.isEverywhere() ? ObjectKey.of(object) : ObjectKey.of(scope.tenant(), object);
    }

    private ObjectKey keyOf(String tenant, String namespace, String name) {
        return new ObjectKey(!scope.isEverywhere() ? scope.tenant() : tenant.isEmpty() ? ObjectKey.ROOT : tenant, namespace, name);
    }

    /// The key under which this informer caches the object.
    public ObjectKey key(T object) {
        return keyOf(object);
    }

    private void closeStream() {
        WatchStream<T> open = stream;
        if (open != null) {
            open.close();
        }
    }
}
