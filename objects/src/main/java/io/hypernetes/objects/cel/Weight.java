package io.hypernetes.objects.cel;

import java.util.Collection;
import java.util.Map;

/// How many values are in a value, to its depth. One that is in it several times counts each time, as whoever walks it meets it each time.
final class Weight {
    /// Beyond this nobody counts: more than any evaluation may cost.
    private static final long MOST = Budget.EXPRESSION + 1;

    /// How often the language walks what an expression made or was handed, with each step that names it.
    private static final int WALKS = 4;

    private final int each;
    private long counted;

    private Weight(int each) {
        this.each = each;
    }

    /// What it costs to walk a value: a unit for each value in it, and for ten characters of text. Of one that is heavier than any evaluation may
    /// cost, a cost that none may have.
    static long cost(Object value) {
        return cost(value, 1);
    }

    /// What it costs to make a value, or to hand it to an expression: it is walked again and again afterwards.
    static long costOfMaking(Object value) {
        return cost(value, WALKS);
    }

    private static long cost(Object value, int each) {
        var weight = new Weight(each);
        weight.add(value);
        return weight.counted;
    }

    private void add(Object value) {
        counted += each;
        if (counted > MOST) {
            return;
        }
        switch (value) {
            case Collection<?> many -> many.forEach(this::add);
            case Map<?, ?> map -> map.values().forEach(this::add);
            case Constructed made -> made.fields().values().forEach(this::add);
            case String text -> counted += text.length() / 10;
            default -> {}
        }
    }
}
