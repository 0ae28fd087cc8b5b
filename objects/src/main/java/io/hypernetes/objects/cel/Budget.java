package io.hypernetes.objects.cel;

import io.hypernetes.objects.TextPattern;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

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

    /// What all values may weigh together that are kept while a request is judged; a unit is up to fifty bytes.
    private static final long MOST_KEPT = 2_000_000;

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
    private long kept;

    public Budget(long limit) {
        this(limit, System::nanoTime);
    }

    /// @param clock in nanoseconds
    Budget(long limit, LongSupplier clock) {
        this.left = limit;
        this.clock = clock;
        this.begun = clock.getAsLong();
    }

    /// Whether nothing is left.
    public boolean isSpent() {
        return left <= 0 || interrupted;
    }

    /// The value of an expression that is kept until the request is judged.
    ///
    /// @throws ExpressionException as [Expression#evaluate], and when too much is kept
    public Object kept(Expression expression, Map<String, ?> variables) {
        long before = left;
        Object value = expression.evaluate(variables, this);
        // What costs little holds what there was: it made no more than it cost.
        long spent = before - left;
        kept += Math.min(Weight.cost(value, spent), spent);
        if (kept > MOST_KEPT) {
            throw new ExpressionException("what all variables hold together is too large: keep less in them, such as the parts of a text that are compared");
        }
        return value;
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
