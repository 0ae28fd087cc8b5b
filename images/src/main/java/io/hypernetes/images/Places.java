package io.hypernetes.images;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/// So many at a time, over all requesters: whoever has the fewest places comes next, and among those who waits the longest. One who has none when all are taken
/// gets one beyond the number, within limits but for the operator, so that nobody keeps the others out by taking long. Safe for use by many threads.
final class Places {
    private final int number;
    private final int most;
    private final Map<String, Integer> taken = new HashMap<>(); // by tenant; guarded by this, as all that follows
    private final Set<Waiting> waiting = new LinkedHashSet<>();
    private int all;

    private static final class Waiting {
        final Requester who;
        final CountDownLatch granted = new CountDownLatch(1);

        Waiting(Requester who) {
            this.who = who;
        }
    }

    /// @param most how many there may be with those beyond the number, the operator's not counted
    Places(int number, int most) {
        this.number = number;
        this.most = most;
    }

    /// Waits for a place.
    void acquire(Requester who) throws InterruptedException {
        Waiting me = new Waiting(who);
        synchronized (this) {
            waiting.add(me);
            grant();
        }
        try {
            me.granted.await();
        } catch (InterruptedException stopped) {
            synchronized (this) {
                if (!waiting.remove(me)) {
                    release(who);
                }
            }
            throw stopped;
        }
    }

    synchronized void release(Requester who) {
        all--;
        taken.computeIfPresent(who.tenant(), (_, places) -> places == 1 ? null : places - 1);
        grant();
    }

    private void grant() {
        for (Waiting next = next(); next != null; next = next()) {
            waiting.remove(next);
            all++;
            taken.merge(next.who.tenant(), 1, Integer::sum);
            next.granted.countDown();
        }
    }

    private @Nullable Waiting next() {
        Waiting next = null;
        for (Waiting each : waiting) {
            if (isFree(each) && (next == null || places(each) < places(next))) {
                next = each;
            }
        }
        return next;
    }

    private boolean isFree(Waiting each) {
        return all < number || (places(each) == 0 && (all < most || each.who.isOperator()));
    }

    private int places(Waiting each) {
        return taken.getOrDefault(each.who.tenant(), 0);
    }
}
