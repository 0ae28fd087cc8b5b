package io.hypernetes.objects.cel;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelReference;
import dev.cel.common.types.CelType;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// A compiled expression. Thread-safe.
public final class Expression {
    /// The operators that make nothing: they give one of their operands, or a part of it.
    private static final Set<String> CHOOSING = Set.of("_?_:_", "_[_]", "_[?_]");

    /// What costs the same however large its operands are.
    private static final Set<String> CONSTANT = Set.of("size", "_&&_", "_||_", "!_");

    /// What is said of an operator or function that has no form for its operands.
    public static final String NO_SUCH_OVERLOAD = "no such overload";

    private final String text;
    private final CelType type;
    private final Set<String> names;
    private final CelRuntime.Program program;
    private final Failures failures;

    Expression(String text, CelAbstractSyntaxTree tree, dev.cel.runtime.Program program) {
        this.text = text;
        this.type = tree.getResultType();
        this.names = tree.getReferenceMap().values().stream()
                .map(CelReference::name)
                .filter(name -> !name.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
        this.program = (CelRuntime.Program) program;
        this.failures = new Failures(tree);
    }

    /// As it was written.
    public String text() {
        return text;
    }

    /// What it evaluates to.
    public CelType type() {
        return type;
    }

    /// The names of the variables that it speaks of.
    public Set<String> names() {
        return names;
    }

    /// The value of the expression.
    ///
    /// @param variables by name, as [Values] makes them
    /// @param budget what it may cost; shared by the expressions of one request
    /// @throws ExpressionException when there is no value, or it would cost too much
    public Object evaluate(Map<String, ?> variables, Budget budget) {
        var meter = budget.meter();
        var folds = new Folds();
        var latest = new HashMap<Long, Object>();
        try {
            return ScopedValue.where(Matching.METER, meter).call(() -> program.trace(variables, (expression, value) -> {
                latest.put(expression.id(), value);
                meter.charge(cost(expression, value, folds, latest));
            }));
        } catch (CelEvaluationException e) {
            throw failed(meter, failures.reason(e), e);
        } catch (RuntimeException e) {
            throw failed(meter, String.valueOf(e.getMessage()), e);
        } catch (StackOverflowError e) {
            throw new ExpressionException("is nested too deeply", e);
        } finally {
            meter.settle();
        }
    }

    /// The library wraps what stops an evaluation, so the meter is asked first.
    private static ExpressionException failed(Budget.Meter meter, String why, Exception cause) {
        var spent = meter.complaint();
        return new ExpressionException(spent.isEmpty() ? why : spent, cause);
    }

    /// One unit a step, what is made anew by its size, and what is walked by its weight: so neither time nor memory can be had for nothing.
    /// What holds one value many times is walked as often, so its weight counts each time.
    private static long cost(CelExpr expression, Object value, Folds folds, Map<Long, Object> latest) {
        switch (expression.exprKind().getKind()) {
            case LIST, MAP, STRUCT -> {
                return 1 + Weight.costOfMaking(value);
            }
            case CALL -> {}
            default -> {
                return 1;
            }
        }
        var function = expression.call().function();
        if (CHOOSING.contains(function) || CONSTANT.contains(function)) {
            return 1;
        }
        if (value instanceof String made) {
            return 1 + made.length() / 10;
        }
        if (value instanceof Rights.Decision && function.equals(Authorizer.CHECK)) {
            return Authorizer.COST;
        }
        boolean folding = expression.call().args().stream()
                .findFirst()
                .filter(first -> first.exprKind().getKind() == CelExpr.ExprKind.Kind.IDENT)
                .filter(first -> first.ident().name().startsWith("@") || first.ident().name().startsWith("__result"))
                .isPresent();
        if (folding) {
            return folds.cost(expression.id(), value);
        }
        if (value instanceof Collection<?> made) {
            return 1 + made.size();
        }
        long walked = expression.call().target().map(target -> walked(target, latest)).orElse(0L);
        for (var argument : expression.call().args()) {
            walked += walked(argument, latest);
        }
        return 1 + walked;
    }

    private static long walked(CelExpr operand, Map<Long, Object> latest) {
        var value = latest.get(operand.id());
        return value == null ? 0 : Weight.cost(value);
    }

    @Override
    public String toString() {
        return text;
    }
}
