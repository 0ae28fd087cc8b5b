package io.hypernetes.apiserver.custom;

import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.kind.ResourceType;
import io.hypernetes.store.Change;
import io.hypernetes.store.StoreException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells watches of custom objects that what they watch is served no more as it was: its definition is gone, or has another spec or other names. They end then, as
/// upstream's do (`removeDeadStorage` and `updateCustomResourceDefinition` of `pkg/apiserver/customresource_handler.go` in apiextensions-apiserver), and their clients
/// list again and learn it. Thread-safe.
///
/// To look means to read a definition, which takes as long as its tenant likes. So each tenant whose definitions changed has a thread for it, until it
/// has looked at the latest form of each; nobody else waits.
public final class DefinitionEnds implements Follower.Listener {
    private static final Logger log = LoggerFactory.getLogger(DefinitionEnds.class);

    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final TenantKinds kinds;
    private final ConcurrentHashMap<String, Set<Waiting>> waiting = new ConcurrentHashMap<>();
    /// The keys of the definitions that are to be looked at, by tenants that have a thread; guarded by itself.
    private final Map<String, LinkedHashSet<String>> due = new HashMap<>();

    DefinitionEnds(TenantKinds kinds) {
        this.kinds = kinds;
    }

    /// One that waits; closing it takes it back.
    public final class Waiting implements AutoCloseable {
        private final String tenant;
        private final ResourceType type;
        private final Object identity;
        private final Runnable ended;

        private Waiting(String tenant, ResourceType type, Object identity, Runnable ended) {
            this.tenant = tenant;
            this.type = type;
            this.identity = identity;
            this.ended = ended;
        }

        private String definition() {
            return TenantKinds.key(tenant, type.resource() + "." + type.group());
        }

        /// @param now the identity of its kind
        private void compare(@Nullable Object now) {
            if (!identity.equals(now)) {
                ended.run();
            }
        }

        @Override
        public void close() {
            waiting.computeIfPresent(definition(), (key, all) -> {
                all.remove(this);
                return all.isEmpty() ? null : all;
            });
        }
    }

    /// Calls `ended` when a custom kind is served no more as it is, from any thread, perhaps at once and perhaps more than once; it must be quick.
    ///
    /// @param type of the kind, which itself is not held: all that is compiled would be with it
    /// @param identity its [io.hypernetes.objects.kind.Kind#identity]
    public Waiting await(String tenant, ResourceType type, Object identity, Runnable ended) {
        var one = new Waiting(tenant, type, identity, ended);
        waiting.compute(one.definition(), (key, all) -> {
            var set = all == null ? ConcurrentHashMap.<Waiting>newKeySet() : all;
            set.add(one);
            return set;
        });
        try {
            one.compare(kinds.identity(tenant, type));
        } catch (RuntimeException | Error e) {
            // Nobody gets it to close it.
            one.close();
            throw e;
        }
        return one;
    }

    /// Looks for all who wait at a definition, at each of its versions once.
    private void look(String definition) {
        // Before the identities are found: none is compared with one that is older than its own.
        var all = List.copyOf(waiting.getOrDefault(definition, Set.of()));
        var now = new HashMap<String, Optional<Object>>();
        for (var one : all) {
            one.compare(now.computeIfAbsent(one.type.version(), _ -> Optional.ofNullable(kinds.identity(one.tenant, one.type))).orElse(null));
        }
    }

    @Override
    public void refresh() {
        waiting.keySet().forEach(this::later);
    }

    @Override
    public void changed(Change change) {
        if (waiting.containsKey(change.entry().key())) {
            later(change.entry().key());
        }
    }

    private void later(String definition) {
        var tenant = ObjectKey.tenantOf(definition);
        synchronized (due) {
            var known = due.get(tenant);
            if (known != null) {
                known.add(definition);
                return;
            }
            due.put(tenant, new LinkedHashSet<>(Set.of(definition)));
        }
        Thread.ofVirtual().name("definition-ends").start(() -> lookThrough(tenant));
    }

    private void lookThrough(String tenant) {
        while (true) {
            String definition;
            synchronized (due) {
                var left = due.get(tenant);
                if (left == null || left.isEmpty()) {
                    due.remove(tenant);
                    return;
                }
                definition = left.removeFirst();
            }
            try {
                look(definition);
                continue;
            } catch (StoreException e) {
                log.debug("event=definition-not-seen key={} cause={}", definition, e.getMessage());
            } catch (RuntimeException | Error e) {
                log.error("event=definition-not-seen key={}", definition, e);
            }
            try {
                Thread.sleep(AGAIN);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                synchronized (due) {
                    due.remove(tenant);
                }
                return;
            }
            if (waiting.containsKey(definition)) {
                synchronized (due) {
                    due.computeIfAbsent(tenant, _ -> new LinkedHashSet<>()).add(definition);
                }
            }
        }
    }
}
