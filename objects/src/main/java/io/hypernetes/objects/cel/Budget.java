package io.hypernetes.objects.cel;

import io.hypernetes.objects.TextPattern;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What the expressions of one request may cost together, in steps of evaluation. For one thread.
public final class Budget {
    /// The most that one expression may cost.
    public static final long EXPRESSION = 1_000_000;

    /// The most that all rules over one custom resource may cost, or all policies over one request.
    public static final long REQUEST = 10_000_000;

    /// The most that the match conditions of one webhook may cost.
    public static final long CONDITIONS = 2_500_000;

    /// What is said when the rules together cost too much.
    public static final String SPENT = "validation failed due to running out of cost budget, no further validation rules will be run";

    /// What is said when one expression costs too much.
    public static final String EXCEEDED = "operation cancelled: actual cost limit exceeded";

    /// In instructions.
    private static final int MOST_HELD = 100_000;

    /// What values may weigh together that are kept at once; a unit is up to fifty bytes. What is only named of
    /// what there was weighs next to nothing.
    private static final long MOST_KEPT = 400_000;

    /// What needs no room of its own while values are kept.
    private static final long LIGHT = 20_000;

    /// What is said when there was no room for an evaluation.
    public static final String CROWDED = "operation interrupted: too many policies are evaluated at once that need much memory: try again later, or let them compute less";

    /// What is said when a request was evaluated for too long. A step has its cost for how long it takes; this is for what nobody thought of.
    public static final String INTERRUPTED = "operation interrupted: took longer than 20 s";

    private static final long LONGEST = TimeUnit.SECONDS.toNanos(20);

    /// How many charges are made between two looks at the clock.
    private static final int UNTIMED = 64;

    private final Map<String, TextPattern> patterns = new HashMap<>();
    private final LongSupplier clock;
    private int held;
    private long left;
    private final long begun;
    private boolean interrupted;
    private int charges;
    private final Supplier<@Nullable Runnable> room;
    private boolean crowded;
    private @Nullable Kept open;

    public Budget(long limit) {
        this(limit, System::nanoTime);
    }

    /// @param room waits for room among all evaluations that need much memory, once for each [Kept] that does; what gives it back, or null when there is none
    public Budget(long limit, Supplier<@Nullable Runnable> room) {
        this(limit, System::nanoTime, room);
    }

    /// @param clock in nanoseconds
    Budget(long limit, LongSupplier clock) {
        this(limit, clock, () -> () -> {});
    }

    private Budget(long limit, LongSupplier clock, Supplier<@Nullable Runnable> room) {
        this.left = limit;
        this.clock = clock;
        this.room = room;
        this.begun = clock.getAsLong();
    }

    /// Whether nothing is left.
    public boolean isSpent() {
        return left <= 0 || interrupted || crowded;
    }

    /// Begins to keep values.
    ///
    /// @throws IllegalStateException when others are kept still
    public Kept keep() {
        if (open != null) {
            throw new IllegalStateException("values are kept of this budget still: close what keeps them first");
        }
        var kept = new Kept();
        open = kept;
        return kept;
    }

    /// Values that are kept until it is closed. What is evaluated meanwhile may need room among all evaluations, which it has until then, too.
    public final class Kept implements AutoCloseable {
        private long weight;
        /// On the values that the one asked for which is computed.
        private long spent;
        private long charged;
        private @Nullable Runnable release;

        private Kept() {}

        /// The value of an expression, to be kept.
        ///
        /// @throws ExpressionException as [Expression#evaluate], and when too much is kept
        public Object value(Expression expression, Map<String, ?> variables) {
            long before = left;
            long beside = spent;
            spent = 0;
            Object value;
            long own;
            try {
                value = expression.evaluate(variables, Budget.this);
            } finally {
                // Without those that it asked for, which were kept already.
                own = before - left - spent;
                spent = beside + before - left;
            }
            // What costs little holds what there was: it made no more than it cost.
            weight += Math.min(Weight.cost(value, own), own);
            if (weight > MOST_KEPT) {
                throw new ExpressionException("what all variables hold together is too large: keep less in them, such as the parts of a text that are compared");
            }
            return value;
        }

        private void charge(long cost) {
            charged = Size.sum(charged, cost);
            if (charged > LIGHT && release == null) {
                release = room.get();
                crowded = release == null;
            }
        }

        @Override
        public void close() {
            if (open == this) {
                open = null;
            }
            var held = release;
            release = null;
            if (held != null) {
                held.run();
            }
        }
    }

    Meter meter() {
        return new Meter();
    }

    /// Thrown through the evaluation when it must stop.
    static final class SpentException extends RuntimeException {
        private static final long serialVersionUID = 1;

        SpentException(String message) {
            super(message, null, false, false);
        }
    }

    /// Counts the cost of one evaluation.
    final class Meter {
        private long used;

        void charge(long cost) {
            if (++charges % UNTIMED == 0) {
                interrupted |= clock.getAsLong() - begun > LONGEST;
            }
            // What costs more than any evaluation may is not done, and costs the others no more than that.
            used = Math.min(EXPRESSION + 1, Size.sum(used, cost));
            stop();
            if (open != null) {
                open.charge(cost);
                stop();
            }
        }

        private void stop() {
            var complaint = complaint();
            if (!complaint.isEmpty()) {
                throw new SpentException(complaint);
            }
        }

        /// A regular expression, charged for unless this request had it lately.
        ///
        /// @throws IllegalArgumentException when it is none
        TextPattern pattern(String text) {
            TextPattern known = patterns.get(text);
            if (known != null) {
                return known;
            }
            TextPattern read = TextPattern.of(text);
            charge(read.stepsToCompile() / Matching.STEPS);
            held += read.size();
            if (held > MOST_HELD) {
                patterns.clear();
                held = read.size();
            }
            patterns.put(text, read);
            return read;
        }

        /// What it may cost still, and never less than a little.
        long rest() {
            return Math.max(1, Math.min(left, EXPRESSION) - used);
        }

        /// Why the evaluation may not go on; empty when it may.
        String complaint() {
            if (interrupted) {
                return INTERRUPTED;
            }
            if (crowded) {
                return CROWDED;
            }
            if (used > left) {
                return SPENT;
            }
            return used > EXPRESSION ? EXCEEDED : "";
        }

        void settle() {
            left -= used;
        }
    }
}
