package io.hypernetes.apiserver.custom;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.OneByOne;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.GroupVersion;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.node.ObjectNode;

/// Removes the objects of definitions that are being deleted, then lets go of the definitions.
///
/// A definition's are those that lie under its group and plural, unless they are the server's own: then it is let go and nothing else, as upstream does with what
/// overlaps built-in resources (`pkg/controller/finalizer/crd_finalizer.go` of apiextensions-apiserver).
///
/// One virtual thread for each; where finalizers hold objects it waits until something changes. Whatever is open when the server
/// ends is found again by [#resume].
public final class Cleanup implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Cleanup.class);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    private final Store store;
    private final TenantKinds kinds;
    private final InstantSource clock;
    private final Set<String> running = ConcurrentHashMap.newKeySet();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    public Cleanup(Store store, TenantKinds kinds, InstantSource clock) {
        this.store = store;
        this.kinds = kinds;
        this.clock = clock;
    }

    /// Goes on with what an earlier server has begun.
    ///
    /// @param tenants every tenant there is
    public void resume(List<String> tenants) {
        for (var tenant : tenants) {
            OneByOne.each(kinds.definitions(tenant), "cleanup-resumed", Entry::key, entry -> {
                if (TenantKinds.isDeleted(Json.readObject(entry.value()))) {
                    begin(tenant, entry.key());
                }
            });
        }
    }

    /// Begins with a definition that was marked for deletion.
    ///
    /// @param key its key in the store
    public void begin(String tenant, String key) {
        if (closed || !running.add(key)) {
            return;
        }
        Thread.ofVirtual().name("cleanup " + key).start(() -> {
            threads.add(Thread.currentThread());
            try {
                clean(tenant, key);
            } catch (StoreException e) {
                log.warn("event=custom-cleanup-stopped key={} cause={}", key, e.getMessage());
            } catch (RuntimeException e) {
                log.error("event=custom-cleanup-stopped key={} effect=\"the next start goes on\"", key, e);
            } catch (InterruptedException e) {
                // The server stops; the next one goes on.
                Thread.currentThread().interrupt();
            } finally {
                threads.remove(Thread.currentThread());
                running.remove(key);
            }
        });
    }

    private void clean(String tenant, String key) throws InterruptedException {
        while (!closed) {
            var entry = store.get(key).orElse(null);
            if (entry == null) {
                return;
            }
            var definition = Json.readObject(entry.value());
            if (!TenantKinds.isDeleted(definition)) {
                return;
            }
            if (!kinds.owns(tenant, key, definition)) {
                if (letGo(entry)) {
                    return;
                }
                continue;
            }
            var prefix = Definitions.prefix(tenant, definition);
            // In a group of the server's own, where an older release let kinds be defined, nothing of them is served: nobody can take a finalizer away.
            boolean served = !kinds.isOwn(Json.string(definition, "spec", "group"));
            long since = store.tick();
            var left = store.list(prefix, "", 0).entries();
            if (left.isEmpty()) {
                if (letGo(entry)) {
                    return;
                }
                continue;
            }
            boolean held = false;
            for (var each : left) {
                held |= !remove(definition, each, served);
            }
            if (held) {
                try (var changes = store.watch(prefix, since)) {
                    changes.next(LONGEST_WAIT);
                }
            }
        }
    }

    /// Removes an object, or marks it when finalizers hold it.
    ///
    /// @param held whether finalizers are waited for
    /// @return whether it is gone, or changed so that another look is due
    private boolean remove(ObjectNode definition, Entry entry, boolean held) {
        ObjectNode object;
        try {
            object = Json.readObject(entry.value());
        } catch (MalformedJsonException e) {
            // Nobody can take a finalizer from it.
            log.warn("event=unreadable-object-removed key={} cause={}", entry.key(), e.getMessage());
            return removeUnread(definition, entry);
        }
        try {
            if (!held || object.path("metadata").path("finalizers").isEmpty()) {
                store.commit(List.of(new Operation.Delete(entry.key(), entry.revision(), StoredForm.ending(object))));
                return true;
            }
            if (!TenantKinds.isDeleted(object)) {
                var metadata = Json.child(object, "metadata");
                metadata.put("deletionTimestamp", ApiTime.format(clock.instant()));
                metadata.put("deletionGracePeriodSeconds", 0);
                store.commit(List.of(new Operation.Put(entry.key(), entry.revision(), StoredForm.ending(object))));
            }
            return false;
        } catch (ConflictException e) {
            return true;
        }
    }

    private boolean removeUnread(ObjectNode definition, Entry entry) {
        var last = StoredForm.endingUnread(
                new GroupVersion(Json.string(definition, "spec", "group"), storedVersion(definition)), Json.string(definition, "spec", "names", "kind"), ObjectKey.parse(entry.key()));
        try {
            store.commit(List.of(new Operation.Delete(entry.key(), entry.revision(), last)));
        } catch (ConflictException e) {
            // It is another one now: looked at again.
        }
        return true;
    }

    private static String storedVersion(ObjectNode definition) {
        for (var version : definition.path("spec").path("versions")) {
            if (Json.flag(version, "storage")) {
                return Json.string(version, "name");
            }
        }
        return "";
    }

    /// Takes the finalizer from a definition, and the definition away when it was the last.
    private boolean letGo(Entry entry) {
        var definition = Json.readObject(entry.value());
        var finalizers = Json.child(definition, "metadata").withArray("finalizers");
        for (int i = finalizers.size() - 1; i >= 0; i--) {
            if (finalizers.path(i).asString("").equals(Definitions.FINALIZER)) {
                finalizers.remove(i);
            }
        }
        try {
            store.commit(List.of(
                    finalizers.isEmpty()
                            ? new Operation.Delete(entry.key(), entry.revision(), StoredForm.ending(definition))
                            : new Operation.Put(entry.key(), entry.revision(), StoredForm.ending(definition))));
            return true;
        } catch (ConflictException e) {
            return false;
        }
    }

    @Override
    public void close() {
        closed = true;
        threads.forEach(Thread::interrupt);
    }
}
