package io.hypernetes.store.embedded;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;

/// Gives revisions: microseconds of the wall clock, or one more than the last when the clock has not moved.
///
/// Ticks are not written to disk, yet a later start must not repeat them: all revisions stay below a durable `ceiling`,
/// above which the next start begins. Where that is ahead of the wall clock, after a crash or because the wall clock was set back, revisions go half as
/// fast as it until it has caught up. They must not stand: one more than the last for each would let anybody count the requests of everybody.
///
/// Not safe for use by several threads; the owner holds a lock.
final class RevisionClock {
    /// The ceiling is set as far ahead, microseconds, or up to twice as far: an idle store writes it twice a minute at most.
    private static final long RESERVE = 30_000_000;

    private final InstantSource wall;
    private long last;
    private long ceiling;
    /// What the wall clock showed last, and since when revisions are ahead of it.
    private long seen;
    private long aheadSince;
    private long aheadFrom;
    private long inFlight;
    /// The last revision given before the batch under way.
    private long before;
    private Set<String> changing = Set.of();
    private boolean frozen;

    /// @param ceiling the durable ceiling left by the last start; revisions begin above it
    RevisionClock(InstantSource wall, long ceiling) {
        this.wall = wall;
        this.last = ceiling;
        this.ceiling = ceiling;
        this.seen = wallMicros();
        this.aheadSince = seen;
        this.aheadFrom = ceiling;
    }

    /// What a key or a prefix begins with, through the second slash: what lies under different parts is never compared. Empty when a prefix spans many.
    static String part(String keyOrPrefix) {
        return keyOrPrefix.substring(0, keyOrPrefix.indexOf('/', 1) + 1);
    }

    /// A fresh revision for keys that start with `prefix`: above what is visible of them, below what the batch under way and all later ones change of
    /// them. 0 when the ceiling must be raised first.
    ///
    /// Only where the batch under way changes something is it the one before the batch; elsewhere it is the time and does not show that there is a batch.
    long tick(String prefix) {
        if (concerns(prefix)) {
            long below = Math.min(inFlight - 1, ceiling);
            return below > before ? below : frozen ? before : 0;
        }
        long next = Math.max(now(), last + 1);
        if (next > ceiling) {
            if (!frozen) {
                return 0;
            }
            next = Math.max(last, ceiling);
        }
        last = next;
        return next;
    }

    /// A revision up to which everything under `prefix` is visible, fresh when there is one.
    long reached(String prefix) {
        long tick = tick(prefix);
        // Others may have been given newer ones meanwhile, which say nothing of what the batch changes.
        return tick != 0 ? tick : concerns(prefix) ? before : last;
    }

    private boolean concerns(String prefix) {
        if (inFlight == 0) {
            return false;
        }
        String part = part(prefix);
        return part.isEmpty() || changing.contains(part);
    }

    /// The first revision of a new batch; leaves room below it for ticks while the batch is under way.
    ///
    /// @param parts of all keys that it may change
    long begin(Set<String> parts) {
        before = last;
        changing = Set.copyOf(parts);
        inFlight = Math.max(now(), last + 2);
        return inFlight;
    }

    /// Nothing is written any more: the batch under way stays so, and below the ceiling revisions are given twice rather than none.
    void freeze() {
        frozen = true;
    }

    /// The ceiling that has to become durable together with a batch that ends at `lastRevision`. All batches of half a minute have the same one: the
    /// revisions after a crash begin there, and would else tell when somebody wrote last.
    long ceilingFor(long lastRevision) {
        return Math.max(ceiling, (lastRevision / RESERVE + 2) * RESERVE);
    }

    /// The batch is over; its last revision and the ceiling are durable.
    void end(long lastRevision, long durableCeiling) {
        last = Math.max(last, lastRevision);
        ceiling = durableCeiling;
        inFlight = 0;
        changing = Set.of();
    }

    long ceiling() {
        return ceiling;
    }

    long last() {
        return last;
    }

    /// The time as revisions tell it, in microseconds: never less than before, but it may stand still.
    long now() {
        long wallNow = wallMicros();
        if (wallNow < seen) {
            aheadFrom = Math.max(last, at(seen));
            aheadSince = wallNow;
        }
        seen = wallNow;
        return at(wallNow);
    }

    private long at(long wallNow) {
        return Math.max(wallNow, aheadFrom + (wallNow - aheadSince) / 2);
    }

    private long wallMicros() {
        Instant now = wall.instant();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
    }
}
