package io.hypernetes.apiserver.custom;

import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.store.Change;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Tells watches of custom objects that what they watch is served no more: its definition is gone, or its version was taken back. They end then, as upstream's do
/// (`removeDeadStorage` of `pkg/apiserver/customresource_handler.go` in apiextensions-apiserver), and their clients list again and learn it. Thread-safe.
public final class DefinitionEnds implements Follower.Listener {
    private final TenantKinds kinds;
    private final ConcurrentHashMap<String, Set<Waiting>> waiting = new ConcurrentHashMap<>();

    DefinitionEnds(TenantKinds kinds) {
        this.kinds = kinds;
    }

    /// One that waits; closing it takes it back.
    public final class Waiting implements AutoCloseable {
        private final String tenant;
        private final Kind kind;
        private final Runnable ended;

        private Waiting(String tenant, Kind kind, Runnable ended) {
            this.tenant = tenant;
            this.kind = kind;
            this.ended = ended;
        }

        private String definition() {
            return TenantKinds.key(tenant, kind.type().resource() + "." + kind.type().group());
        }

        private void look() {
            if (kinds.find(tenant, kind.type().group(), kind.type().version(), kind.type().resource()) == null) {
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

    /// Calls `ended` when a custom kind is served no more, from any thread, perhaps at once and perhaps more than once; it must be quick.
    public Waiting await(String tenant, Kind kind, Runnable ended) {
        var one = new Waiting(tenant, kind, ended);
        waiting.compute(one.definition(), (key, all) -> {
            var set = all == null ? ConcurrentHashMap.<Waiting>newKeySet() : all;
            set.add(one);
            return set;
        });
        one.look();
        return one;
    }

    @Override
    public void refresh() {
        waiting.values().forEach(all -> all.forEach(Waiting::look));
    }

    @Override
    public void changed(Change change) {
        var concerned = waiting.get(change.entry().key());
        if (concerned != null) {
            List.copyOf(concerned).forEach(Waiting::look);
        }
    }
}
