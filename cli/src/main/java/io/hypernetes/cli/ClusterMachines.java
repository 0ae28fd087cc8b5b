package io.hypernetes.cli;

import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Whether a machine of the cluster is at an address. An engine serves before the master has told which there are; who asks before that waits for it, up to
/// a while after the start, and takes an address for a machine's when it does not come: a tenant's registry could else be a machine of the cluster for the
/// moment of a start. Safe for use by many threads.
final class ClusterMachines implements Predicate<InetAddress> {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterMachines.class);

    private final long until;
    private final CountDownLatch told = new CountDownLatch(1);
    private volatile @Nullable Predicate<InetAddress> known;

    /// @param patience how long from now on questions wait for the master
    ClusterMachines(Duration patience) {
        this.until = System.nanoTime() + patience.toNanos();
    }

    /// Where there is no cluster.
    static ClusterMachines none() {
        ClusterMachines none = new ClusterMachines(Duration.ZERO);
        none.are(_ -> false);
        return none;
    }

    /// Tells which they are from now on; called once they are all known.
    void are(Predicate<InetAddress> now) {
        known = now;
        told.countDown();
    }

    /// Whether a machine is known to be there; waits for nobody.
    boolean isKnown(InetAddress address) {
        Predicate<InetAddress> now = known;
        return now != null && now.test(address);
    }

    /// Whether a machine is there, as far as anybody can say.
    @Override
    public boolean test(InetAddress address) {
        try {
            if (told.await(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                return isKnown(address);
            }
            LOG.warn("event=machines-unknown address={} reason=\"the master has not told which machines the cluster has\" effect=\"the address is taken for one of them\"",
                    address.getHostAddress());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return true;
    }
}
