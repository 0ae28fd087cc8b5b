package io.hypernetes.apiserver.fair;

import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// A number of seats for requests that run, given to tenants in turn and within a tenant to its users in turn. Thread-safe.
///
/// A tenant that is alone may use many seats; as soon as another tenant is about, each is held to its share of a few, at least a floor, so that a
/// flood of one leaves the processor to the others. While it alone has requests that wait, each of its seats also rests as long as it was used before
/// the next request has it: processors that one tenant can keep busy for ever would answer the others no sooner than it lets go of them. Who finds no seat waits in a queue of bounded length for a bounded time and is then asked to come again.
///
/// A request that waits for somebody else goes away from its seat and comes back before all of its tenant that wait to begin. How many may be away
/// is bounded by not seating further ones of their tenant or user.
final class Seats {
    private static final long ABOUT_NANOS = Duration.ofSeconds(1).toNanos();
    /// A request may be long for its client's slowness, which needs no rest.
    private static final long LONGEST_REST_NANOS = Duration.ofMillis(50).toNanos();
    /// Whoever comes back holds what others with seats may wait for, should somebody forget that it must not; so it does not wait for them for ever.
    private static final long LONGEST_RETURN_NANOS = Duration.ofSeconds(1).toNanos();

    /// @param total seats there are
    /// @param alone how many a tenant may use while no other is about
    /// @param shared how many all tenants share while there are several
    /// @param least how many each may use however many are about
    /// @param waitingPerUser how many requests of one user may wait
    /// @param waitingPerTenant how many of one tenant
    /// @param patience how long a request waits
    /// @param absent how many may be away from their seats
    record Limits(int total, int alone, int shared, int least, int waitingPerUser, int waitingPerTenant, Duration patience, Absent.Limits absent) {}

    /// Tells when a time is over.
    interface Timer {
        void after(long nanos, Runnable action);
    }

    private static final class Waiter {
        private final Condition called;
        private boolean seated;

        Waiter(Condition called) {
            this.called = called;
        }
    }

    /// A tenant with requests that run or wait.
    private static final class Party {
        private int running;
        /// How many of those that run took a seat that there was not; they count for their tenant alone.
        private int forced;
        private int resting;
        private int waiting;
        /// Who was seated before and comes back.
        private final ArrayDeque<Waiter> returning = new ArrayDeque<>();
        /// Who waits, by user; the user at the front is next, and then goes to the end.
        private final LinkedHashMap<String, ArrayDeque<Waiter>> users = new LinkedHashMap<>();
    }

    private final Limits limits;
    private final LongSupplier nanos;
    private final @Nullable Timer timer;
    private final ReentrantLock lock = new ReentrantLock();
    /// Tenants in the order of their turns.
    private final LinkedHashMap<String, Party> parties = new LinkedHashMap<>();
    /// When each of the tenants that came lately came last.
    private final Map<String, Long> seen = new HashMap<>();
    private final Absent absent;
    /// Seats that are taken, without those that were forced.
    private int running;

    /// @param nanos a monotonic clock
    /// @param timer ends the rest of seats; null where none rest, as what requests wait for is no processor
    Seats(Limits limits, LongSupplier nanos, @Nullable Timer timer) {
        this.limits = limits;
        this.nanos = nanos;
        this.timer = timer;
        this.absent = new Absent(limits.absent());
    }

    /// Takes a seat, waiting for it if need be; whoever has one gives it back with [#leave].
    ///
    /// @return when it was taken
    /// @throws ApiException 429 when too many wait already or the wait was too long
    long enter(String tenant, String user) {
        lock.lock();
        try {
            note(tenant);
            var party = parties.computeIfAbsent(tenant, _ -> new Party());
            if (party.waiting == 0 && party.returning.isEmpty() && mayRun(tenant, party) && absent.admits(tenant, user)) {
                party.running++;
                running++;
                return nanos.getAsLong();
            }
            var line = party.users.computeIfAbsent(user, _ -> new ArrayDeque<>());
            if (line.size() >= limits.waitingPerUser() || party.waiting >= limits.waitingPerTenant()) {
                if (line.isEmpty()) {
                    party.users.remove(user);
                }
                forget(tenant, party);
                throw refused();
            }
            var waiter = new Waiter(lock.newCondition());
            line.add(waiter);
            party.waiting++;
            // Those before it may be held up by what their user has away.
            seatNext();
            await(tenant, party, user, waiter);
            return nanos.getAsLong();
        } finally {
            lock.unlock();
        }
    }

    /// Gives a seat back.
    ///
    /// @param since when it was taken
    void leave(String tenant, long since) {
        lock.lock();
        try {
            giveBack(tenant, since);
        } finally {
            lock.unlock();
        }
    }

    /// Gives a seat back for a while, until [#comeBack].
    ///
    /// @param since when it was taken
    /// @param bytes of memory that the request holds meanwhile
    /// @return false when its tenant holds so much in this way already that the request keeps its seat
    boolean goAway(String tenant, String user, long since, long bytes) {
        lock.lock();
        try {
            if (!absent.goes(tenant, user, bytes)) {
                return false;
            }
            giveBack(tenant, since);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Takes a seat again, before all of the tenant that have none yet, and after a second whether there is one or not; a seat that there is not
    /// counts for the tenant alone.
    ///
    /// @param bytes as said to [#goAway]
    /// @return when it was taken
    long comeBack(String tenant, String user, long bytes) {
        lock.lock();
        try {
            absent.returns(tenant, user, bytes);
            return comeBack(tenant);
        } finally {
            lock.unlock();
        }
    }

    /// As the other, for a further thread of a request.
    long comeBack(String tenant) {
        lock.lock();
        try {
            var party = parties.computeIfAbsent(tenant, _ -> new Party());
            var waiter = new Waiter(lock.newCondition());
            party.returning.add(waiter);
            seatNext();
            try {
                for (long left = LONGEST_RETURN_NANOS; !waiter.seated && left > 0; ) {
                    left = waiter.called.awaitNanos(left);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (!waiter.seated) {
                party.returning.remove(waiter);
                // Not among all that are taken: a tenant whose many come back at once would leave the others none.
                party.running++;
                party.forced++;
            }
            return nanos.getAsLong();
        } finally {
            lock.unlock();
        }
    }

    private void giveBack(String tenant, long since) {
        var party = parties.get(tenant);
        if (party == null) {
            throw new IllegalStateException("tenant " + tenant + " has no seat to give back");
        }
        party.running--;
        if (party.forced > 0) {
            // Whichever it is: as long as a tenant has more than there are for it, it gives back none that others could have.
            party.forced--;
        } else {
            running--;
        }
        if (timer != null && floods(tenant, party)) {
            party.resting++;
            timer.after(Math.min(nanos.getAsLong() - since, LONGEST_REST_NANOS), () -> rested(tenant, party));
        }
        forget(tenant, party);
        seatNext();
    }

    /// Whether a tenant alone has requests that wait, while others are about.
    private boolean floods(String tenant, Party party) {
        return party.waiting > 0 && parties.values().stream().noneMatch(other -> other != party && other.waiting > 0) && othersAbout(tenant);
    }

    private void rested(String tenant, Party party) {
        lock.lock();
        try {
            party.resting--;
            forget(tenant, party);
            seatNext();
        } finally {
            lock.unlock();
        }
    }

    private void await(String tenant, Party party, String user, Waiter waiter) {
        long left = limits.patience().toNanos();
        try {
            while (!waiter.seated && left > 0) {
                left = waiter.called.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (waiter.seated) {
            return;
        }
        var line = party.users.get(user);
        if (line != null && line.remove(waiter)) {
            party.waiting--;
            if (line.isEmpty()) {
                party.users.remove(user);
            }
            forget(tenant, party);
        }
        throw refused();
    }

    /// Seats whoever is next, as long as there are seats.
    private void seatNext() {
        while (running < limits.total()) {
            var next = next();
            if (next == null) {
                return;
            }
            next.seated = true;
            next.called.signal();
        }
    }

    private @Nullable Waiter next() {
        for (var entry : parties.entrySet()) {
            var tenant = entry.getKey();
            var party = entry.getValue();
            var waiter = mayRun(tenant, party) ? first(tenant, party) : null;
            if (waiter != null) {
                party.running++;
                running++;
                // Its turn is over: the others come first.
                parties.remove(tenant);
                parties.put(tenant, party);
                return waiter;
            }
        }
        return null;
    }

    /// Takes out who is next of a tenant: whoever comes back, or else the first of the user whose turn it is.
    private @Nullable Waiter first(String tenant, Party party) {
        if (!party.returning.isEmpty()) {
            return party.returning.removeFirst();
        }
        for (var user : party.users.entrySet()) {
            if (absent.admits(tenant, user.getKey())) {
                var line = user.getValue();
                var waiter = line.removeFirst();
                party.users.remove(user.getKey());
                if (!line.isEmpty()) {
                    party.users.put(user.getKey(), line);
                }
                party.waiting--;
                return waiter;
            }
        }
        return null;
    }

    private boolean mayRun(String tenant, Party party) {
        return running < limits.total() && party.running + party.resting < (othersAbout(tenant) ? share() : limits.alone());
    }

    /// What a tenant may use while others are about, of whom one at least is always counted.
    private int share() {
        return Math.max(limits.least(), limits.shared() / Math.max(2, parties.size()));
    }

    private boolean othersAbout(String tenant) {
        if (parties.size() > 1 || !parties.containsKey(tenant)) {
            return true;
        }
        long now = nanos.getAsLong();
        return seen.entrySet().stream().anyMatch(entry -> !entry.getKey().equals(tenant) && now - entry.getValue() < ABOUT_NANOS);
    }

    private void note(String tenant) {
        long now = nanos.getAsLong();
        if (seen.size() > 8) {
            seen.values().removeIf(last -> now - last >= ABOUT_NANOS);
        }
        if (seen.size() <= 64 || seen.containsKey(tenant)) {
            // With so many about, one more makes no difference.
            seen.put(tenant, now);
        }
    }

    private void forget(String tenant, Party party) {
        if (party.running == 0 && party.resting == 0 && party.waiting == 0 && party.returning.isEmpty()) {
            parties.remove(tenant);
        }
    }

    private static ApiException refused() {
        return ApiStatus.tooManyRequests("too many requests, please try again later", 1).asException();
    }
}
