package io.hypernetes.apiserver.webhook;

import dev.cel.common.values.NullValue;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A policy's `variables` for one attempt, as its expressions see them: each is computed when an expression first asks for it, once, also when it has no
/// value, as upstream's is (`lazy.go` of apiserver's `pkg/cel`). To be closed before the next of one budget are made. For one thread.
final class PolicyVariables extends AbstractMap<String, Object> implements AutoCloseable {
    /// How many may be computed for each other at once. Of ours: each takes of the stack of a thread.
    private static final int DEEPEST = 100;

    private final Map<String, Expression> expressions;
    private final Map<String, Object> surroundings;
    private final Budget budget;
    private final Budget.Kept kept;
    private final Map<String, Object> computed = new HashMap<>();
    private final Map<String, String> failed = new HashMap<>();
    private final Set<String> computing = new HashSet<>();

    PolicyVariables(Map<String, Expression> expressions, Map<String, Object> surroundings, Budget budget) {
        this.expressions = expressions;
        this.surroundings = new HashMap<>(surroundings);
        this.surroundings.put("variables", this);
        this.budget = budget;
        this.kept = budget.keep();
    }

    @Override
    public void close() {
        kept.close();
    }

    /// The value of an expression.
    ///
    /// @throws ExpressionException when it, or a variable that it asks for, has none
    Object evaluate(Expression expression) {
        return expression.evaluate(surroundings, budget);
    }

    /// Whether there is one. One that depends on itself is not there for itself.
    ///
    /// @throws FailedVariableException when it has no value: upstream computes it to see whether it is there, too
    @Override
    public boolean containsKey(Object name) {
        return get(name) != null;
    }

    private boolean isThere(String name) {
        return !computing.contains(name);
    }

    /// The value of one.
    ///
    /// @throws FailedVariableException when it has none; the language tells it as the reason of what asked
    @Override
    public @Nullable Object get(Object name) {
        var expression = expressions.get(name);
        var known = computed.get(name);
        if (known != null || expression == null || computing.contains(name)) {
            return known;
        }
        var fault = failed.get(name);
        if (fault != null) {
            throw new FailedVariableException(fault);
        }
        return compute((String) name, expression);
    }

    private Object compute(String name, Expression expression) {
        try {
            if (computing.size() == DEEPEST) {
                throw new FailedVariableException("more than " + DEEPEST + " variables ask for each other, one for the next: put some of them together");
            }
            computing.add(name);
            var value = kept.value(expression, surroundings);
            var present = value == null ? NullValue.NULL_VALUE : value;
            computed.put(name, present);
            return present;
        } catch (ExpressionException | FailedVariableException e) {
            // Each of a row tells of those behind it, so none tells all that the next says; and none keeps how it came about.
            var fault = "composited variable \"" + Excerpt.of(name) + "\" fails to evaluate: " + Excerpt.of(String.valueOf(e.getMessage()));
            failed.put(name, fault);
            throw new FailedVariableException(fault);
        } finally {
            computing.remove(name);
        }
    }

    /// In their order. Each is computed when its value is asked for.
    @Override
    public Set<Entry<String, Object>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public Iterator<Entry<String, Object>> iterator() {
                return expressions.keySet().stream().filter(PolicyVariables.this::isThere).map(PolicyVariables.this::entry).iterator();
            }

            @Override
            public int size() {
                return PolicyVariables.this.size();
            }
        };
    }

    private Entry<String, Object> entry(String name) {
        return new Variable(name);
    }

    @Override
    public int size() {
        return expressions.size();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return "map of " + size();
    }

    private final class Variable implements Entry<String, Object> {
        private final String name;

        Variable(String name) {
            this.name = name;
        }

        @Override
        public String getKey() {
            return name;
        }

        @Override
        public @Nullable Object getValue() {
            return get(name);
        }

        @Override
        public Object setValue(Object value) {
            throw new UnsupportedOperationException("a variable is what its expression says");
        }
    }

    /// A variable has no value. It may be asked for at each step of a loop, and where it was asked is of no use to anybody.
    private static final class FailedVariableException extends IllegalArgumentException {
        private static final long serialVersionUID = 1;

        FailedVariableException(String message) {
            super(message);
        }

        @Override
        public Throwable fillInStackTrace() {
            return this;
        }
    }
}
