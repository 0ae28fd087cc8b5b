package io.hypernetes.apiserver.fair;

import io.hypernetes.streams.StreamPlaces;
import java.lang.ScopedValue.CallableOp;
import org.jspecify.annotations.Nullable;

/// The seat of a request that runs; none for who needs none. Closing gives it back, once however often.
///
/// While a request waits for somebody else, a webhook, a node or a slow reader, it goes [#away] from its seat, which others use meanwhile: a
/// tenant whose webhook hangs has its other requests served as before. It comes back before all that wait to begin. Code far from where the
/// request began finds the seat by its thread; elsewhere than in a request there is none, and everything runs as it is.
///
/// Owned by the thread of the request.
public final class Seat implements AutoCloseable {
    static final Seat NONE = new Seat(null, "", "", 0, 0);
    private static final ScopedValue<Seat> CURRENT = ScopedValue.newInstance();

    private final @Nullable Seats seats;
    private final String tenant;
    private final String user;
    private long bytes;
    private long since;
    private boolean held;
    private final StreamPlaces.@Nullable Place place;

    /// @param bytes of memory that the request holds as long as it lasts
    /// @param since when it was taken
    Seat(@Nullable Seats seats, String tenant, String user, long bytes, long since) {
        this(seats, tenant, user, bytes, since, null);
    }

    private Seat(@Nullable Seats seats, String tenant, String user, long bytes, long since, StreamPlaces.@Nullable Place place) {
        this.place = place;
        this.seats = seats;
        this.tenant = tenant;
        this.user = user;
        this.bytes = bytes;
        this.since = since;
        this.held = seats != null;
    }

    /// None, but a place among the streams.
    static Seat of(StreamPlaces.Place place) {
        return new Seat(null, "", "", 0, 0, place);
    }

    /// Whether this is none, at most a place among the streams.
    public boolean isNone() {
        return seats == null;
    }

    /// Serves the request on this thread.
    public <T, X extends Throwable> T during(CallableOp<? extends T, X> request) throws X {
        return ScopedValue.where(CURRENT, this).call(request);
    }

    /// Waits for something without the seat that this thread's request has, if it has one.
    ///
    /// What is waited for should take no processor of its own. No lock may be held that a request with a seat may wait for.
    ///
    /// @param more memory that is held only while this waits, in bytes
    public static <T, X extends Throwable> T away(long more, CallableOp<? extends T, X> wait) throws X {
        var seat = current();
        if (!seat.goes(seat.bytes + more)) {
            return wait.call();
        }
        try {
            return wait.call();
        } finally {
            seat.returns(seat.bytes + more);
        }
    }

    /// Does something for this thread's request that holds memory until it is done, and counts wherever it waits meanwhile.
    ///
    /// @param more that memory, in bytes
    public static <T, X extends Throwable> T holding(long more, CallableOp<? extends T, X> work) throws X {
        var seat = current();
        if (seat.seats == null) {
            return work.call();
        }
        seat.bytes += more;
        try {
            return work.call();
        } finally {
            seat.bytes -= more;
        }
    }

    /// Whether this thread's request has a seat to go away from.
    static boolean isHeld() {
        return current().held;
    }

    /// A part of this thread's request for another thread, where it has a seat of its own; the request itself should be [#away] until it is done.
    public static Runnable beside(Runnable part) {
        var seat = current();
        var seats = seat.seats;
        if (seats == null) {
            return part;
        }
        return () -> {
            try (var own = new Seat(seats, seat.tenant, seat.user, 0, seats.comeBack(seat.tenant))) {
                ScopedValue.where(CURRENT, own).run(part);
            }
        };
    }

    private static Seat current() {
        return CURRENT.isBound() ? CURRENT.get() : NONE;
    }

    private boolean goes(long bytes) {
        if (seats == null || !held || !seats.goAway(tenant, user, since, bytes)) {
            return false;
        }
        held = false;
        return true;
    }

    private void returns(long bytes) {
        if (seats != null) {
            since = seats.comeBack(tenant, user, bytes);
            held = true;
        }
    }

    @Override
    public void close() {
        if (place != null) {
            place.close();
        }
        if (seats != null && held) {
            held = false;
            seats.leave(tenant, since);
        }
    }
}
