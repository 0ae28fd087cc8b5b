package io.hypernetes.objects.cel;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelReference;
import dev.cel.common.types.CelType;
import dev.cel.common.values.CelByteString;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelFunctionResolver;
import dev.cel.runtime.CelResolvedOverload;
import dev.cel.runtime.planner.PlannedProgram;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// A compiled expression. Thread-safe.
public final class Expression {
    /// How many characters of a text are copied for one unit.
    private static final int LONG_TEXT = 1_000;

    /// Nothing is bound late.
    private static final CelFunctionResolver NO_FUNCTIONS = new CelFunctionResolver() {
        @Override
        public Optional<CelResolvedOverload> findOverloadMatchingArgs(String function, Collection<String> overloads, Object[] arguments) {
            return Optional.empty();
        }

        @Override
        public Optional<CelResolvedOverload> findOverloadMatchingArgs(String function, Object[] arguments) {
            return Optional.empty();
        }
    };

    /// What is said of an operator or function that has no form for its operands.
    public static final String NO_SUCH_OVERLOAD = "no such overload";

    private final String text;
    private final CelType type;
    private final Set<String> names;
    private final int nodes;
    private final Supplier<Compiled> compiled;

    /// What is evaluated.
    record Compiled(PlannedProgram program, Failures failures, Tolerated tolerated) {}

    /// @param nodes of its tree
    Expression(String text, CelAbstractSyntaxTree tree, PlannedProgram program, int nodes) {
        this.text = text;
        this.type = tree.getResultType();
        this.names = tree.getReferenceMap().values().stream()
                .map(CelReference::name)
                .filter(name -> !name.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
        this.nodes = nodes;
        Compiled all = new Compiled(program, new Failures(tree), new Tolerated(tree));
        this.compiled = () -> all;
    }

    private Expression(Expression same, Supplier<Compiled> compiled) {
        this.text = same.text;
        this.type = same.type;
        this.names = same.names;
        this.nodes = same.nodes;
        this.compiled = compiled;
    }

    /// The same, with another way to what it is compiled to.
    Expression with(Supplier<Compiled> another) {
        return new Expression(this, another);
    }

    Compiled compiled() {
        return compiled.get();
    }

    /// How many nodes its tree has: what it takes of memory.
    public int nodes() {
        return nodes;
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
        var current = compiled();
        try {
            Object value = ScopedValue.where(Matching.METER, meter)
                    .call(() -> current.program.trace(variables::get, NO_FUNCTIONS, null, (expression, each) -> {
                        meter.charge(cost(expression, each));
                        current.tolerated.check(expression, each);
                    }));
            if (!meter.complaint().isEmpty()) {
                // What came of a part that cost too much was of no matter to the rest.
                throw new Budget.SpentException(meter.complaint());
            }
            return value;
        } catch (CelEvaluationException e) {
            throw failed(meter, current.failures.reason(e), e);
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

    /// One unit a step, and what is made anew by its size: so neither time nor memory can be had for nothing. What a call walks and makes was charged before
    /// it worked, by [Charges]. What holds one value many times is walked as often, so its weight counts each time. A long text may be copied into an error.
    private static long cost(CelExpr expression, Object value) {
        return switch (expression.exprKind().getKind()) {
            case LIST, MAP, STRUCT -> 1 + Weight.cost(value);
            default -> 1 + shown(value) / LONG_TEXT;
        };
    }

    /// How many characters an error shows of a value. Lists and maps are [Told].
    private static int shown(Object value) {
        return switch (value) {
            case String text -> text.length();
            case CelByteString bytes -> bytes.size();
            case Url url -> url.length();
            case Optional<?> optional -> optional.isPresent() ? shown(optional.get()) : 0;
            default -> 0;
        };
    }

    @Override
    public String toString() {
        return text;
    }
}
