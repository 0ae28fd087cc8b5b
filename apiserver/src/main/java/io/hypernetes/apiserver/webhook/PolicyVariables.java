package io.hypernetes.apiserver.webhook;

import dev.cel.common.values.NullValue;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Expression;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// A policy's `variables` for one attempt: each is computed when an expression that names it is evaluated, once. For one thread.
///
/// The names are found in the text, because the language copies a map before it looks into it, which would compute them all.
final class PolicyVariables {
    private static final Pattern NAMED = Pattern.compile("\\bvariables\\s*\\.\\s*([A-Za-z_][A-Za-z0-9_]*)");

    private final Map<String, Expression> expressions;
    private final Map<String, Object> surroundings;
    private final Budget budget;
    private final Map<String, Object> computed = new HashMap<>();
    private final Set<String> computing = new HashSet<>();

    PolicyVariables(Map<String, Expression> expressions, Map<String, Object> surroundings, Budget budget) {
        this.expressions = expressions;
        this.surroundings = surroundings;
        this.budget = budget;
    }

    /// The value of an expression.
    ///
    /// @throws io.hypernetes.objects.cel.ExpressionException when it, or a variable that it names, has none
    Object evaluate(Expression expression) {
        var named = new HashMap<String, Object>();
        var matcher = NAMED.matcher(expression.text());
        while (matcher.find()) {
            var name = matcher.group(1);
            var variable = expressions.get(name);
            // One that depends on itself is not there for itself, which the evaluation tells.
            if (variable != null && !computing.contains(name)) {
                var value = value(name, variable);
                budget.hand(value);
                named.put(name, value);
            }
        }
        var all = new HashMap<>(surroundings);
        all.put("variables", named);
        return expression.evaluate(all, budget);
    }

    private Object value(String name, Expression variable) {
        var known = computed.get(name);
        if (known != null) {
            return known;
        }
        computing.add(name);
        try {
            var value = evaluate(variable);
            var present = value == null ? NullValue.NULL_VALUE : value;
            computed.put(name, present);
            return present;
        } finally {
            computing.remove(name);
        }
    }
}
