package io.hypernetes.store.embedded;

import java.time.Instant;
import java.time.InstantSource;

/// Gives revisions: microseconds of the wall clock, or one more than the last when the clock has not moved or went back.
///
/// Ticks are not written to disk, yet a later start must not repeat them: all revisions stay below a durable `ceiling`,
/// above which the next start begins. Not safe for use by several threads; the owner holds a lock.
final class RevisionClock {
    /// How far ahead the ceiling is set, microseconds: an idle store writes it about once a minute at most.
    static final long RESERVE = 60_000_000;

    private final InstantSource wall;
    private long last;
    private long ceiling;
    private long inFlight;

    /// @param ceiling the durable ceiling left by the last start; revisions begin above it
    RevisionClock(InstantSource wall, long ceiling) {
        this.wall = wall;
        this.last = ceiling;
        this.ceiling = ceiling;
    }

    /// A fresh revision below those of the batch under way and of all later ones; 0 when the ceiling must be raised first.
    long tick() {
        if (inFlight != 0) {
            long below = Math.min(inFlight - 1, ceiling);
            return below > last ? below : 0;
        }
        long next = Math.max(now(), last + 1);
        if (next > ceiling) {
            return 0;
        }
        last = next;
        return next;
    }

    /// The first revision of a new batch; leaves room below it for ticks while the batch is under way.
    long begin() {
        inFlight = Math.max(now(), last + 2);
        return inFlight;
    }

    /// The ceiling that has to become durable together with a batch that ends at `lastRevision`.
    long ceilingFor(long lastRevision) {
        return lastRevision + RESERVE / 2 > ceiling ? lastRevision + RESERVE : ceiling;
    }

    /// The batch is over; its last revision and the ceiling are durable.
    void end(long lastRevision, long durableCeiling) {
        last = Math.max(last, lastRevision);
        ceiling = durableCeiling;
        inFlight = 0;
    }

    long ceiling() {
        return ceiling;
    }

    long last() {
        return last;
    }

    private long now() {
        Instant now = wall.instant();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
    }
}
