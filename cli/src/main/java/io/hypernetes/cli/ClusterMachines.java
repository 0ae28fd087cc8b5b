package io.hypernetes.cli;

import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Whether a machine of the cluster is at an address. An engine serves before the master has told which there are; who asks before that waits for it, and
/// takes an address for a machine's when it does not come: a tenant's registry could else be a machine of the cluster for the moment of a start. Safe for
/// use by many threads.
final class ClusterMachines implements Predicate<InetAddress> {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterMachines.class);

    private final Duration patience;
    private final CountDownLatch told = new CountDownLatch(1);
    private volatile Predicate<InetAddress> known = _ -> true;

    /// @param patience how long a question waits for the master
    ClusterMachines(Duration patience) {
        this.patience = patience;
    }

    /// Tells which they are from now on; called once they are all known.
    void are(Predicate<InetAddress> now) {
        known = now;
        told.countDown();
    }

    @Override
    public boolean test(InetAddress address) {
        try {
            if (!told.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("event=machines-unknown address={} reason=\"the master has not told which machines the cluster has; the address is refused\"", address.getHostAddress());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return known.test(address);
    }
}
