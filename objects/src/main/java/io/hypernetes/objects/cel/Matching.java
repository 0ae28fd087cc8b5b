package io.hypernetes.objects.cel;

import io.hypernetes.objects.TextPattern;
import java.util.ArrayList;
import java.util.List;

/// Regular expressions in expressions. What one costs depends on its program as much as on the text, and no caller sees either, so it is charged
/// when it is compiled, which is done once in a request, and by the steps that it took.
final class Matching {
    /// The meter of the evaluation that is running.
    static final ScopedValue<Budget.Meter> METER = ScopedValue.newInstance();

    /// As many steps of a search take as long as one of an evaluation.
    static final long STEPS = 160;

    /// What each text costs that is cut out of another, beside its characters.
    static final long PIECE = 2;

    private Matching() {}

    /// Charges the evaluation that is running; what is called outside of one is free.
    ///
    /// @throws Budget.SpentException when it may not go on
    static void charge(long cost) {
        if (METER.isBound()) {
            METER.get().charge(cost);
        }
    }

    static boolean matches(String text, String pattern) {
        return !findAll(text, pattern, 1).isEmpty();
    }

    /// What matches first; empty when nothing does.
    static String find(String text, String pattern) {
        List<String> found = findAll(text, pattern, 1);
        return found.isEmpty() ? "" : found.getFirst();
    }

    /// @param most how many at most; any number when negative
    static List<String> findAll(String text, String pattern, long most) {
        TextPattern.Search search = (METER.isBound() ? METER.get().pattern(pattern) : TextPattern.of(pattern)).in(text, STEPS * rest());
        List<String> found = new ArrayList<>();
        try {
            while ((most < 0 || found.size() < most) && search.find()) {
                // Each takes more room than its characters do.
                charge(PIECE);
                found.add(search.found());
            }
        } finally {
            charge(1 + search.steps() / STEPS);
        }
        return found;
    }

    private static long rest() {
        return METER.isBound() ? METER.get().rest() : Budget.EXPRESSION;
    }
}
