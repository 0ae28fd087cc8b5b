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

    private final long most;
    private long counted;

    private Weight(long most) {
        this.most = most;
    }

    /// What it costs to walk a value: a unit for each value in it, and for ten characters of text. Of one that is heavier than any evaluation may
    /// cost, a cost that none may have.
    static long cost(Object value) {
        return cost(value, MOST);
    }

    /// As the other.
    ///
    /// @param most beyond which nobody counts
    static long cost(Object value, long most) {
        var weight = new Weight(most);
        weight.add(value);
        return weight.counted;
    }

    private void addItems(Collection<?> items) {
        for (Object item : items) {
            if (counted > most) {
                return;
            }
            add(item);
        }
    }

    /// Names are short as a rule, and walked once.
    private void addMembers(Map<?, ?> members) {
        for (Map.Entry<?, ?> member : members.entrySet()) {
            if (counted > most) {
                return;
            }
            if (member.getKey() instanceof String name) {
                counted += name.length() / LONG_NAME;
            }
            add(member.getValue());
        }
    }

    private void add(Object value) {
        counted++;
        if (counted > most) {
            return;
        }
        switch (value) {
            case Collection<?> many -> addItems(many);
            case Map<?, ?> map -> addMembers(map);
            case Constructed made -> addMembers(made.fields());
            case Optional<?> optional -> optional.ifPresent(this::add);
            case String text -> counted += text.length() / CHARACTERS;
            case CelByteString bytes -> counted += bytes.size() / CHARACTERS;
            case Url url -> counted += url.length() / CHARACTERS;
            case SemanticVersion version -> counted += version.length() / CHARACTERS;
            default -> {}
        }
    }
}
