package io.hypernetes.objects.cel;

import dev.cel.common.values.CelByteString;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/// How many values are in a value, to its depth. One that is in it several times counts each time, as whoever walks it meets it each time.
final class Weight {
    /// Beyond this nobody counts: more than any evaluation may cost.
    private static final long MOST = Budget.EXPRESSION + 1;

    /// How many characters of text are walked for one unit.
    private static final int CHARACTERS = 10;

    /// How many characters of a name are.
    private static final int LONG_NAME = 100;

    private long counted;

    private Weight() {}

    /// What it costs to walk a value: a unit for each value in it, and for ten characters of text. Of one that is heavier than any evaluation may
    /// cost, a cost that none may have.
    static long cost(Object value) {
        var weight = new Weight();
        weight.add(value);
        return weight.counted;
    }

    /// Names are short as a rule, and walked once.
    private void addMember(Object key, Object value) {
        if (key instanceof String name) {
            counted += name.length() / LONG_NAME;
        }
        add(value);
    }

    private void add(Object value) {
        counted++;
        if (counted > MOST) {
            return;
        }
        switch (value) {
            case Collection<?> many -> many.forEach(this::add);
            case Map<?, ?> map -> map.forEach(this::addMember);
            case Constructed made -> made.fields().forEach(this::addMember);
            case Optional<?> optional -> optional.ifPresent(this::add);
            case String text -> counted += text.length() / CHARACTERS;
            case CelByteString bytes -> counted += bytes.size() / CHARACTERS;
            default -> {}
        }
    }
}
