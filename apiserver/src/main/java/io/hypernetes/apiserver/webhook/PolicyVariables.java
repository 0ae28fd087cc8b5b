package io.hypernetes.apiserver.webhook;

import dev.cel.common.values.NullValue;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.AbstractMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A policy's `variables` for one attempt, as its expressions see them: each is computed when an expression first asks for it, once. For one thread.
final class PolicyVariables extends AbstractMap<String, Object> {
    private final Map<String, Expression> expressions;
    private final Map<String, Object> surroundings;
    private final Budget budget;
    private final Map<String, Object> computed = new HashMap<>();
    private final Set<String> computing = new HashSet<>();

    PolicyVariables(Map<String, Expression> expressions, Map<String, Object> surroundings, Budget budget) {
        this.expressions = expressions;
        this.surroundings = new HashMap<>(surroundings);
        this.surroundings.put("variables", this);
        this.budget = budget;
    }

    /// The value of an expression.
    ///
    /// @throws ExpressionException when it, or a variable that it asks for, has none
    Object evaluate(Expression expression) {
        return expression.evaluate(surroundings, budget);
    }

    /// Whether there is one. One that depends on itself is not there for itself.
    @Override
    public boolean containsKey(Object name) {
        return expressions.containsKey(name) && !computing.contains(name);
    }

    /// The value of one.
    ///
    /// @throws IllegalArgumentException when it has none; the language tells it as the reason of what asked
    @Override
    public @Nullable Object get(Object name) {
        var expression = expressions.get(name);
        var known = computed.get(name);
        if (known != null || expression == null || computing.contains(name)) {
            return known;
        }
        computing.add((String) name);
        try {
            var value = evaluate(expression);
            var present = value == null ? NullValue.NULL_VALUE : value;
            computed.put((String) name, present);
            return present;
        } catch (ExpressionException e) {
            throw new IllegalArgumentException("composited variable \"" + name + "\" fails to evaluate: " + e.text(), e);
        } finally {
            computing.remove(name);
        }
    }

    /// Computes them all.
    @Override
    public Set<Entry<String, Object>> entrySet() {
        return expressions.keySet().stream()
                .filter(this::containsKey)
                .map(name -> new SimpleImmutableEntry<>(name, get(name)))
                .collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public int size() {
        return expressions.size();
    }

    @Override
    public String toString() {
        return "map of " + size();
    }
}
