package io.hypernetes.apiserver.node;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.OneByOne;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Store;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// At which addresses the operator's nodes are, as their status says. Safe for use by many threads.
public final class NodePlaces implements Follower.Listener {
    private static final String NODES = ObjectKey.prefix(Caller.ROOT, "", "nodes");

    private final Store store;
    /// By the node's key; the follower's alone.
    private final Map<String, Set<InetAddress>> byNode = new HashMap<>();
    private volatile Set<InetAddress> all = Set.of();

    public NodePlaces(Store store) {
        this.store = store;
        refresh();
    }

    /// Whether a node is there.
    public boolean has(InetAddress address) {
        return all.contains(address);
    }

    @Override
    public void refresh() {
        byNode.clear();
        OneByOne.each(store.list(NODES, "", 0).entries(), "node-seen", Entry::key, node -> byNode.put(node.key(), addresses(node)));
        gather();
    }

    @Override
    public void changed(Change change) {
        var key = change.entry().key();
        if (!key.startsWith(NODES)) {
            return;
        }
        var before = byNode.get(key);
        if (change.deleted()) {
            byNode.remove(key);
        } else {
            byNode.put(key, addresses(change.entry()));
        }
        if (before == null || !before.equals(byNode.get(key))) {
            gather();
        }
    }

    private void gather() {
        var gathered = new HashSet<InetAddress>();
        byNode.values().forEach(gathered::addAll);
        all = Set.copyOf(gathered);
    }

    private static Set<InetAddress> addresses(Entry node) {
        var found = new HashSet<InetAddress>();
        for (var address : Json.objects(Json.child(Json.readObject(node.value()), "status"), "addresses")) {
            try {
                found.add(InetAddress.ofLiteral(Json.string(address, "address")));
            } catch (IllegalArgumentException e) {
                // A name: it is resolved, and then judged, where it is used.
            }
        }
        return found;
    }
}
