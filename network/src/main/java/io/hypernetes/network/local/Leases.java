package io.hypernetes.network.local;

import io.hypernetes.network.NetworkException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Which sandbox has which address, durably. The store is the truth; memory only answers faster. An address given back is the last to
/// be given out again, so that what still speaks to a pod that has gone does not reach another.
final class Leases {
    private final Store store;
    private final String prefix;
    private final Cidr range;
    private final Map<String, Integer> hosts = new HashMap<>();
    private int last;

    /// @param prefix of the keys, ending in a slash
    Leases(Store store, String prefix, Cidr range) {
        this.store = store;
        this.prefix = prefix;
        this.range = range;
        // Number 1 is the gateway's.
        last = 1;
        for (Entry entry : store.list(prefix, "", 0).entries()) {
            int host = range.host(new String(entry.value(), StandardCharsets.UTF_8));
            String sandbox = entry.key().substring(prefix.length());
            if (host < 0) {
                throw new NetworkException("sandbox " + sandbox + " has the address " + new String(entry.value(), StandardCharsets.UTF_8)
                        + ", which is outside the node's pod range " + range + "; stop the pods of the node before changing its range");
            }
            hosts.put(sandbox, host);
            last = Math.max(last, host);
        }
    }

    /// The host number of the sandbox, reserved if it has none yet.
    synchronized int take(String sandbox) {
        Integer has = hosts.get(sandbox);
        if (has != null) {
            return has;
        }
        Set<Integer> taken = new HashSet<>(hosts.values());
        int usable = range.size() - 3; // without network, gateway and broadcast
        for (int i = 1; i <= usable; i++) {
            int host = 2 + (last - 2 + i + usable) % usable;
            if (!taken.contains(host)) {
                store.commit(List.of(Operation.put(prefix + sandbox, range.address(host).getBytes(StandardCharsets.UTF_8))));
                hosts.put(sandbox, host);
                last = host;
                return host;
            }
        }
        throw new NetworkException("no address is left for sandbox " + sandbox + ": all " + usable + " of " + range
                + " are in use; remove pods from this node or give it a larger range");
    }

    synchronized Optional<Integer> of(String sandbox) {
        return Optional.ofNullable(hosts.get(sandbox));
    }

    synchronized void giveBack(String sandbox) {
        if (hosts.containsKey(sandbox)) {
            store.commit(List.of(Operation.delete(prefix + sandbox)));
            hosts.remove(sandbox);
        }
    }

    synchronized Set<String> sandboxes() {
        return Set.copyOf(hosts.keySet());
    }
}
