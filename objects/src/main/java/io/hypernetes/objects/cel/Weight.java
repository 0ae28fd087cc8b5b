package io.hypernetes.objects.cel;

import java.util.Collection;
import java.util.Map;

/// How many values are in a value, to its depth. One that is in it several times counts each time, as whoever walks it meets it each time.
final class Weight {
    /// Beyond this nobody counts: more than any evaluation may cost.
    private static final long MOST = Budget.EXPRESSION + 1;

    private long counted;

    private Weight() {}

    /// What it costs to walk a value: a unit for each value in it, and for ten characters of text. Of one that is heavier than any evaluation may
    /// cost, a cost that none may have.
    static long cost(Object value) {
        var weight = new Weight();
        weight.add(value);
        return weight.counted;
    }

    private void add(Object value) {
        counted++;
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
