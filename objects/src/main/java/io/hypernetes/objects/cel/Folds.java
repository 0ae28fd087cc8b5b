package io.hypernetes.objects.cel;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What the steps of the folds (`map`, `filter`, `transformMap`) of one evaluation cost. For one thread.
///
/// At each step the library walks all that the fold has gathered, to its depth: a fold over lists costs the square of their size.
/// So a step is charged for all that it holds. Lists only grow at their end, and are not walked again here.
final class Folds {
    /// How many gathered values are walked for one unit of cost.
    private static final int WALKED = 20;

    private record Gathered(int size, long weight) {}

    private final Map<Long, Gathered> byExpression = new HashMap<>();

    /// The cost of a step.
    ///
    /// @param expression the step's id in its expression
    /// @param made what is gathered after it
    long cost(long expression, Object made) {
        if (!(made instanceof Collection<?>) && !(made instanceof Map<?, ?>)) {
            return 1;
        }
        long weight;
        if (made instanceof List<?> list) {
            var before = byExpression.getOrDefault(expression, new Gathered(0, 0));
            weight = !list.isEmpty() && list.size() == before.size + 1
                    ? before.weight + weight(list.getLast())
                    : list.size() == before.size ? before.weight : weight(list);
            byExpression.put(expression, new Gathered(list.size(), weight));
        } else {
            weight = weight(made);
        }
        return 1 + weight / WALKED;
    }

    private static long weight(Object value) {
        return 1
                + switch (value) {
                    case Collection<?> many -> many.stream().mapToLong(Folds::weight).sum();
                    case Map<?, ?> map -> 2 * map.values().stream().mapToLong(Folds::weight).sum();
                    default -> 0;
                };
    }
}
