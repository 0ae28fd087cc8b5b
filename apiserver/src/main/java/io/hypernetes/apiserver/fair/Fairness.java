package io.hypernetes.apiserver.fair;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import java.time.Duration;
import java.util.Set;

/// Holds each tenant, and in it each user, to a fair share of the server. Thread-safe.
///
/// Reads and writes have seats of their own: reads use the processor, writes also wait for the disk together. A request runs to its end or to
/// where it waits without being interrupted, so the few that a tenant has running are what another's request finds before it. Nodes share seats among themselves,
/// so that what they tell of a tenant's pods never waits behind that tenant. Requests that last (watches, logs, commands in pods) hold no seat, and
/// neither do operators and the components of the master.
public final class Fairness {
    private static final Set<String> STREAMS = Set.of("exec", "attach", "portforward", "log", "proxy");
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final int PER_USER = 256;
    private static final int PER_TENANT = 1024;

    private final Seats reads;
    private final Seats writes;
    private final Seats nodes;

    /// @param processors how many the server has
    public Fairness(int processors) {
        reads = new Seats(
                new Seats.Limits(64 * processors, 16 * processors, processors, PER_USER, PER_TENANT, PATIENCE), System::nanoTime);
        nodes = new Seats(new Seats.Limits(512, 64, 32, PER_USER, PER_TENANT, PATIENCE), System::nanoTime);
        writes = new Seats(new Seats.Limits(512, 256, 4 * processors, PER_USER, PER_TENANT, PATIENCE), System::nanoTime);
    }

    /// A seat, or none for who needs none. Closing gives it back, once however often.
    public static final class Seat implements AutoCloseable {
        private static final Seat NONE = new Seat(null, "");
        private final @org.jspecify.annotations.Nullable Seats seats;
        private final String party;
        private boolean left;

        private Seat(@org.jspecify.annotations.Nullable Seats seats, String party) {
            this.seats = seats;
            this.party = party;
        }

        @Override
        public void close() {
            if (seats != null && !left) {
                left = true;
                seats.leave(party);
            }
        }
    }

    /// Waits for a seat.
    ///
    /// @throws io.hypernetes.objects.ApiException 429 when there is none in time
    public Seat enter(Caller caller, TenantPath tenant, Target target) {
        boolean lasts = target.verb().equals("watch") || (target.resource() && STREAMS.contains(target.subresource()));
        if (lasts || !target.resource() || caller.isOperator() || caller.isControllerManager() || caller.isScheduler()) {
            return Seat.NONE;
        }
        var node = caller.node();
        var seats = node.isPresent() ? nodes : target.writes() ? writes : reads;
        var party = node.orElse(tenant.tenant());
        seats.enter(party, caller.user());
        return new Seat(seats, party);
    }
}
