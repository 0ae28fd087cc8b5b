package io.hypernetes.apiserver.fair;

import io.hypernetes.apiserver.request.Caller;
import io.hypernetes.apiserver.request.Target;
import io.hypernetes.apiserver.request.TenantPath;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.streams.StreamPlaces;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Holds each tenant, and in it each user, to a fair share of the server. Thread-safe.
///
/// Reads, to which discovery and OpenAPI belong, and writes have seats of their own: reads use the processor, writes also wait for the disk together. A request keeps its carrier to its end or to
/// where it waits, so a tenant beside others has no more running than there are carriers (the launcher asks for four a processor): another's request finds one
/// that is free. Writes with large bodies, of which a tenant that is alone could have all carriers read some for seconds, before anybody else is heard of, have
/// few seats, however alone; nor may a tenant read the files of the audit log more than once at a time. Nodes have seats of their own,
/// so that what they tell of a tenant's pods never waits behind that tenant; and by tenant, so that webhooks of one tenant that answer slowly to what
/// nodes tell keep no node from telling of others. By what a node tells of itself it is known to live: that needs no seat, and neither do requests
/// that last (watches, logs, commands in pods) once they are let in, operators and the components of the master. Nor is a seat held by a request that waits for a
/// webhook, a node or a slow reader ([Seat#away]).
///
/// Streams to nodes hold no seat, but places of their own ([StreamPlaces]): each has a connection to a node, threads and memory as long as its client likes. So do watches, which a connection can
/// have hundreds of; those of nodes need none. A tenant has so many of each; who would have more is told so at once.
public final class Fairness {
    private static final Set<String> STREAMS = Set.of("exec", "attach", "portforward", "log", "proxy");
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    /// The path of the audit log, which is read from its files.
    private static final String AUDIT = "/audit";
    /// How many requests may read files through, of all tenants, whose processors and memory they take for up to a second.
    private static final int READERS = 4;
    /// To all nodes.
    private static final int MOST_STREAMS = 2_048;
    private static final int MOST_STREAMS_OF_TENANT = 256;
    private static final int MOST_WATCHES = 16_384;
    private static final int MOST_WATCHES_OF_TENANT = 4_096;
    private static final int STREAM_RETRY_SECONDS = 5;
    private static final int PER_USER = 256;
    private static final int PER_TENANT = 1024;
    private static final int AWAY_PER_USER = 256;
    private static final int AWAY_PER_TENANT = 512;
    /// What a byte of a body takes once it is read, with the changed copies that admission makes of it.
    private static final long MEMORY_OF_A_BYTE = 8;

    /// From here on, in bytes, reading a body takes so long that not all carriers may do it at once: up to half a second for a megabyte of YAML.
    private static final int LARGE_BODY = 64 << 10;

    private final Seats reads;
    private final Seats writes;
    private final Seats largeWrites;
    private final Seats nodes;
    private final Seats files;
    private final StreamPlaces streams;
    private final StreamPlaces watches;

    /// @param processors how many the server has
    public Fairness(int processors) {
        this(processors, StreamPlaces.within(MOST_STREAMS, MOST_STREAMS_OF_TENANT), StreamPlaces.ofWatches(MOST_WATCHES, MOST_WATCHES_OF_TENANT));
    }

    Fairness(int processors, StreamPlaces streams, StreamPlaces watches) {
        this.streams = streams;
        this.watches = watches;
        // Two at least: what a tenant's webhooks do in the cluster before they answer must not wait for the one request that waits for them.
        reads = seats(64 * processors, 16 * processors, processors, 2, Fairness::after);
        nodes = seats(2048, 64, 64, 16, null);
        files = seats(READERS, 1, 1, 1, null);
        writes = seats(512, 256, 4 * processors, 2, null);
        // Many in all, as each tenant has few: whose webhooks keep theirs from them shall not keep others from theirs.
        largeWrites = seats(32 * processors, Math.max(2, processors), processors, 2, null);
    }

    private static Seats seats(int total, int alone, int shared, int least, Seats.@Nullable Timer timer) {
        var absent = new Absent.Limits(
                AWAY_PER_TENANT, AWAY_PER_USER, Math.max(32L << 20, Runtime.getRuntime().maxMemory() / 16), Math.max(64L << 20, Runtime.getRuntime().maxMemory() / 4));
        return new Seats(new Seats.Limits(total, alone, shared, least, PER_USER, PER_TENANT, PATIENCE, absent), System::nanoTime, timer);
    }

    private static void after(long nanos, Runnable action) {
        Thread.ofVirtual().name("seat-rests").start(() -> {
            long end = System.nanoTime() + nanos;
            for (long left = nanos; left > 0; left = end - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            action.run();
        });
    }

    /// Waits for a seat, or takes a place for a stream.
    ///
    /// @param bodyBytes the length of the request's body
    /// @throws io.hypernetes.objects.ApiException 429 when there is none in time, or no place
    public Seat enter(Caller caller, TenantPath tenant, Target target, int bodyBytes) {
        boolean readsFiles = !target.resource() && target.path().equals(AUDIT);
        boolean describes = !target.resource() && describes(target.path());
        if (!target.resource() && !readsFiles && !describes || caller.isOperator() || caller.isControllerManager() || caller.isScheduler()) {
            return Seat.NONE;
        }
        if (target.resource() && STREAMS.contains(target.subresource())) {
            return Seat.of(streams.take(tenant.tenant()).orElseThrow(() ->
                    ApiStatus.tooManyRequests(StreamPlaces.refusal(tenant.tenant(), "through this API server"), STREAM_RETRY_SECONDS).asException()));
        }
        var node = caller.node();
        if (describes && node.isPresent()) {
            return Seat.NONE;
        }
        if (target.verb().equals("watch")) {
            return node.isPresent()
                    ? Seat.NONE
                    : Seat.of(watches.take(tenant.tenant()).orElseThrow(() -> ApiStatus.tooManyRequests(
                            "tenant " + tenant.tenant() + " has too many watches open at this API server; end some of them, or try again later", STREAM_RETRY_SECONDS)
                            .asException()));
        }
        if (node.isPresent() && tellsOfItself(node.get(), tenant, target)) {
            return Seat.NONE;
        }
        var seats = readsFiles ? files : node.isPresent() ? nodes : describes || !target.writes() ? reads : bodyBytes < LARGE_BODY ? writes : largeWrites;
        // What is not a tenant's a node does by itself, and shares with no other node.
        var party = node.isPresent() && !isTenants(tenant) ? "node " + node.get() : tenant.tenant();
        return new Seat(seats, party, caller.user(), MEMORY_OF_A_BYTE * bodyBytes, seats.enter(party, caller.user()));
    }

    /// Waits for a seat to find out who calls, or what they may, by the roles of their tenant: tenants write those, and there may be much to compute.
    ///
    /// @throws io.hypernetes.objects.ApiException 429 when there is none in time
    public Seat enterToLook(Caller caller) {
        if (caller.tenant().equals(Caller.ROOT)) {
            return Seat.NONE;
        }
        return new Seat(reads, caller.tenant(), caller.user(), 0, reads.enter(caller.tenant(), caller.user()));
    }

    /// Whether a path tells what the API has: with what its tenant has defined that may be megabytes, which a slow reader would hold as long as it likes.
    private static boolean describes(String path) {
        return path.isEmpty() || path.equals("/") || path.equals("/api") || path.startsWith("/api/") || path.equals("/apis") || path.startsWith("/apis/")
                || path.startsWith("/openapi/");
    }

    private static boolean tellsOfItself(String node, TenantPath tenant, Target target) {
        return tenant.tenant().equals(Caller.ROOT)
                && target.name().equals(node)
                && (target.plural().equals("nodes") && target.group().isEmpty()
                        || target.plural().equals("leases") && target.group().equals("coordination.k8s.io"));
    }

    private static boolean isTenants(TenantPath tenant) {
        return !tenant.everywhere() && !tenant.tenant().equals(Caller.ROOT);
    }
}
