package io.hypernetes.apiserver.storage;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The readers of one feed whose changes one event loop takes: it is woken once for a change, however many they are, and serves them in turns. Between two turns
/// it looks after its connections, those of other tenants among them, and after the rounds of other feeds. But for [#begin], on the loop alone.
final class Round {
    /// After this time the loop looks after the rest of its work; whoever is being served then gets one change whole.
    static final long TURN_NANOS = Duration.ofNanos(500_000).toNanos();

    private final ScheduledExecutorService loop;
    private final LongSupplier nanos;
    private final AtomicBoolean wanted = new AtomicBoolean();
    private final Set<Member> members = new LinkedHashSet<>();
    private final ArrayDeque<Member> due = new ArrayDeque<>();
    /// Whether the next turn is scheduled.
    private boolean going;

    /// A reader that has lent its place.
    interface Member {
        /// Takes a change, and more until a time of [System#nanoTime].
        Outcome serve(long until);

        /// Has its place again.
        void giveBack();
    }

    /// What has become of a member that was served.
    enum Outcome {
        /// It has all there is.
        WAITS,
        /// The time was over before.
        HAS_MORE,
        /// It goes on itself.
        LEAVES
    }

    /// @param loop one thread, on which what is scheduled comes behind all other work that waits
    Round(ScheduledExecutorService loop) {
        this(loop, System::nanoTime);
    }

    Round(ScheduledExecutorService loop, LongSupplier nanos) {
        this.loop = loop;
        this.nanos = nanos;
    }

    /// Has the loop look at all members again; from any thread.
    void begin() {
        if (!wanted.getAndSet(true)) {
            try {
                loop.execute(this::go);
            } catch (RejectedExecutionException stopped) {
                // Its connections are closed: their readers take their places back.
            }
        }
    }

    void admit(Member member) {
        members.add(member);
        // Something may have come on the way here.
        due.add(member);
        go();
    }

    void dismiss(Member member) {
        if (members.remove(member)) {
            member.giveBack();
        }
    }

    private void go() {
        if (!going) {
            turn();
        }
    }

    private void turn() {
        going = false;
        if (due.isEmpty() && wanted.getAndSet(false)) {
            due.addAll(members);
        }
        long until = nanos.getAsLong() + TURN_NANOS;
        do {
            serve(due.poll(), until);
        } while (!due.isEmpty() && nanos.getAsLong() - until < 0);
        if (!due.isEmpty() || wanted.get()) {
            try {
                // Not executed at once: a loop does that before it looks at its connections again.
                var _ = loop.schedule(this::turn, 0, TimeUnit.NANOSECONDS);
                going = true;
            } catch (RejectedExecutionException stopped) {
                // As above.
            }
        }
    }

    private void serve(@Nullable Member member, long until) {
        if (member == null || !members.contains(member)) {
            return;
        }
        switch (member.serve(until)) {
            case WAITS -> {}
            case HAS_MORE -> due.add(member);
            case LEAVES -> dismiss(member);
        }
    }
}
