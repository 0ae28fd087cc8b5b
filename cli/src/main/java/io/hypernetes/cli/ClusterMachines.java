package io.hypernetes.cli;

import java.net.InetAddress;
import java.util.function.Predicate;

/// Whether a machine of the cluster is at an address, as far as this node knows: an engine does not wait for the master to tell. Safe for use by many threads.
final class ClusterMachines implements Predicate<InetAddress> {
    private volatile Predicate<InetAddress> known = _ -> false;

    void are(Predicate<InetAddress> now) {
        known = now;
    }

    @Override
    public boolean test(InetAddress address) {
        return known.test(address);
    }
}
