package io.hypernetes.apiserver.fair;

import io.hypernetes.objects.ApiException;
import io.hypernetes.objects.ApiStatus;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What requests use that was made of what tenants have stored, and that is large: whoever waits for a webhook or a slow client holds it however little is kept elsewhere, so there is
/// room for so much at once, of all tenants and of each. However many use the same, it counts once. Who finds no room waits for it, and is told to come again
/// when there is none in time. Who uses little finds it in a room of its own, which others cannot fill with few large things. Thread-safe.
///
/// @param <K> what tells one thing from another, by equality
public final class InUse<K> {
    private static final int RETRY_SECONDS = 1;

    private final Room room;
    private final String things;
    private final String remedy;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<K, Use> uses = new HashMap<>();
    private final Map<String, Held> tenants = new HashMap<>();
    /// Those who find no room, in the order in which they came.
    private final Set<Waiter<K>> waiting = new LinkedHashSet<>();
    private long weight;
    private long littles;

    /// In bytes.
    ///
    /// @param most what all tenants may use together; one that is heavier is used while nothing else is
    /// @param mostOfATenant what each may use of it
    /// @param little what all may use beside it of their first
    /// @param littleOfATenant how much of it is for each
    /// @param patience how long one waits for room
    public record Room(long most, long mostOfATenant, long little, long littleOfATenant, Duration patience) {}

    /// What a tenant uses of both rooms.
    private static final class Held {
        private int uses;
        private long weight;
        private long little;
    }

    /// One thing that somebody uses.
    private static final class Use {
        private final String tenant;
        private final long weight;
        private final boolean little;
        private final ReentrantLock making = new ReentrantLock();
        private @Nullable Object made;
        private int users = 1;

        private Use(String tenant, long weight, boolean little) {
            this.tenant = tenant;
            this.weight = weight;
            this.little = little;
        }
    }

    private static final class Waiter<K> {
        private final String tenant;
        private final K what;
        private final long weight;
        private final Condition called;
        private InUse<K>.@Nullable Taken taken;

        private Waiter(String tenant, K what, long weight, Condition called) {
            this.tenant = tenant;
            this.what = what;
            this.weight = weight;
            this.called = called;
        }
    }

    /// The right to use one; to be closed once.
    public final class Taken implements AutoCloseable {
        private final K what;
        private final Use use;

        private Taken(K what, Use use) {
            this.what = what;
            this.use = use;
        }

        /// What is used, made by the first of those who use it at the same time.
        ///
        /// @param <V> the same for all of them
        @SuppressWarnings("unchecked")
        public <V> V once(Supplier<V> make) {
            use.making.lock();
            try {
                var known = (V) use.made;
                if (known == null) {
                    known = make.get();
                    use.made = known;
                }
                return known;
            } finally {
                use.making.unlock();
            }
        }

        @Override
        public void close() {
            release(what);
        }
    }

    /// @param things what they are, for who finds no room: `the definitions of custom resources`
    /// @param remedy what else can be done about it than to wait
    public InUse(Room room, String things, String remedy) {
        this.room = room;
        this.things = things;
        this.remedy = remedy;
    }

    /// Takes room for one thing; null when there is none now.
    ///
    /// @param weight of it, in bytes
    public @Nullable Taken takeAtOnce(String tenant, K what, long weight) {
        lock.lock();
        try {
            return isFree(tenant, what, weight) || mayPass(tenant) && fits(tenant, weight) ? use(tenant, what, weight) : null;
        } finally {
            lock.unlock();
        }
    }

    /// As the other, waiting for it.
    ///
    /// @throws ApiException 429 when there is none in time
    public Taken take(String tenant, K what, long weight) {
        var taken = takeAtOnce(tenant, what, weight);
        return taken == null ? Seat.away(0, () -> await(tenant, what, weight)) : taken;
    }

    /// As the other, by who keeps its seat meanwhile: what it has made is in memory, and more requests let in would only wait beside it.
    ///
    /// @throws ApiException 429 when there is none in time
    public Taken takeSeated(String tenant, K what, long weight) {
        var taken = takeAtOnce(tenant, what, weight);
        return taken == null ? await(tenant, what, weight) : taken;
    }

    private Taken await(String tenant, K what, long weight) {
        lock.lock();
        try {
            var waiter = new Waiter<>(tenant, what, weight, lock.newCondition());
            waiting.add(waiter);
            // There may be room since it was looked for.
            callThose();
            long left = room.patience.toNanos();
            try {
                while (waiter.taken == null && left > 0) {
                    left = waiter.called.awaitNanos(left);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            var taken = waiter.taken;
            if (taken == null) {
                waiting.remove(waiter);
                // It may have been in the way of others.
                callThose();
                throw refused(tenant);
            }
            return taken;
        } finally {
            lock.unlock();
        }
    }

    private void release(K what) {
        lock.lock();
        try {
            var use = uses.get(what);
            if (use == null) {
                throw new IllegalStateException("nobody uses " + what);
            }
            if (--use.users > 0) {
                return;
            }
            uses.remove(what);
            var held = tenants.get(use.tenant);
            if (held == null) {
                throw new IllegalStateException("tenant " + use.tenant + " uses nothing");
            }
            if (use.little) {
                held.little -= use.weight;
                littles -= use.weight;
            } else {
                held.weight -= use.weight;
                weight -= use.weight;
            }
            if (--held.uses == 0) {
                tenants.remove(use.tenant);
            }
            callThose();
        } finally {
            lock.unlock();
        }
    }

    private Taken use(String tenant, K what, long weighs) {
        var known = uses.get(what);
        if (known != null) {
            known.users++;
            return new Taken(what, known);
        }
        var use = new Use(tenant, weighs, fitsAmongLittles(tenant, weighs));
        uses.put(what, use);
        var held = tenants.computeIfAbsent(tenant, _ -> new Held());
        held.uses++;
        if (use.little) {
            held.little += weighs;
            littles += weighs;
        } else {
            held.weight += weighs;
            weight += weighs;
        }
        return new Taken(what, use);
    }

    /// Whether to use one takes nothing of what others wait for.
    private boolean isFree(String tenant, K what, long weighs) {
        return uses.containsKey(what) || fitsAmongLittles(tenant, weighs);
    }

    private boolean fitsAmongLittles(String tenant, long weighs) {
        var held = tenants.get(tenant);
        return (held == null ? 0 : held.little) + weighs <= room.littleOfATenant && littles + weighs <= room.little;
    }

    private boolean fits(String tenant, long weighs) {
        return fitsTenant(tenant, weighs) && (weight == 0 || weight + weighs <= room.most);
    }

    private boolean fitsTenant(String tenant, long weighs) {
        long held = weightOf(tenant);
        return held == 0 || held + weighs <= room.mostOfATenant;
    }

    private long weightOf(String tenant) {
        var held = tenants.get(tenant);
        return held == null ? 0 : held.weight;
    }

    /// Whether nobody waits whose tenant uses less than this one.
    private boolean mayPass(String tenant) {
        long own = weightOf(tenant);
        return waiting.stream().noneMatch(waiter -> weightOf(waiter.tenant) < own);
    }

    /// Gives room to those who wait.
    private void callThose() {
        for (var next = next(); next != null; next = next()) {
            waiting.remove(next);
            next.taken = use(next.tenant, next.what, next.weight);
            next.called.signal();
        }
    }

    private @Nullable Waiter<K> next() {
        for (var waiter : waiting) {
            if (isFree(waiter.tenant, waiter.what, waiter.weight)) {
                return waiter;
            }
        }
        // Of those whose tenants have not all they may, one whose tenant uses least: none that needs less passes it.
        return waiting.stream()
                .filter(waiter -> fitsTenant(waiter.tenant, waiter.weight))
                .min(Comparator.comparingLong(waiter -> weightOf(waiter.tenant)))
                .filter(waiter -> fits(waiter.tenant, waiter.weight))
                .orElse(null);
    }

    private ApiException refused(String tenant) {
        return ApiStatus.tooManyRequests(
                        things + " that requests to tenant " + tenant + " use take too much memory together while webhooks and clients are waited for; try again later, or " + remedy,
                        RETRY_SECONDS)
                .asException();
    }
}
