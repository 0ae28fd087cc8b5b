package io.hypernetes.proxy;

import java.time.Duration;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the log of a tenant's services that are not served whole: when they are others than was told last, and once a minute at most, as tenants can change them all the
/// time. For one thread.
final class Shortage {
    private static final Logger LOG = LoggerFactory.getLogger(Shortage.class);
    private static final long PAUSE_NANOS = Duration.ofMinutes(1).toNanos();

    private final String tenant;
    private final LongSupplier nanos;
    private List<Room.LeftOut> told = List.of();
    private long toldAt;

    /// @param nanos a clock, as [System#nanoTime]
    Shortage(String tenant, LongSupplier nanos) {
        this.tenant = tenant;
        this.nanos = nanos;
        this.toldAt = nanos.getAsLong() - PAUSE_NANOS;
    }

    /// @return whether it was logged
    boolean tell(List<Room.LeftOut> left) {
        if (left.equals(told) || nanos.getAsLong() - toldAt < PAUSE_NANOS) {
            return false;
        }
        told = List.copyOf(left);
        toldAt = nanos.getAsLong();
        if (left.isEmpty()) {
            LOG.info("event=services-whole-again tenant={}", tenant);
            return true;
        }
        Room.LeftOut first = left.getFirst();
        LOG.warn("event=services-not-whole tenant={} services={} first={} ports-left-out={} endpoints-left-out={} most-of-service={} most-of-tenant={} effect=\"connections on this node"
                        + " do not reach these ports and endpoints\" next=\"let services have fewer ports, or fewer endpoints\"",
                tenant, left.size(), first.service(), first.ports(), first.endpoints(), Room.MOST_OF_SERVICE, Room.MOST_OF_TENANT);
        return true;
    }
}
