package io.hypernetes.objects.cel;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.Operator;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.navigation.CelNavigableAst;
import dev.cel.common.values.ErrorValue;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Where in an expression an error may be a value. `a || b` has one for a value when neither says enough, so that what is around it may still have a value
/// without it: another `||`, a loop. Anywhere else the library would go on with it, hold it in lists, and find it equal to nothing. Immutable.
final class Tolerated {
    private final Set<Long> places = new HashSet<>();

    Tolerated(CelAbstractSyntaxTree tree) {
        places.add(tree.getExpr().id());
        CelNavigableAst.fromAst(tree).getRoot().allNodes().forEach(node -> add(node.expr()));
    }

    private void add(CelExpr expression) {
        switch (expression.getKind()) {
            case CALL -> {
                List<CelExpr> operands = expression.call().args();
                String function = expression.call().function();
                if (is(Operator.LOGICAL_OR, function) || is(Operator.LOGICAL_AND, function) || is(Operator.NOT_STRICTLY_FALSE, function)) {
                    operands.forEach(this::mayFail);
                } else if (is(Operator.CONDITIONAL, function)) {
                    // Whether one may be the value is for what has that.
                    operands.subList(1, operands.size()).forEach(this::mayFail);
                }
            }
            case COMPREHENSION -> {
                mayFail(expression.comprehension().loopStep());
                mayFail(expression.comprehension().result());
            }
            default -> {}
        }
    }

    private static boolean is(Operator operator, String function) {
        return operator.getFunction().equals(function);
    }

    private void mayFail(CelExpr expression) {
        places.add(expression.id());
    }

    /// Throws what is the value of a part of the expression where it may not be.
    void check(CelExpr expression, Object value) {
        if (value instanceof ErrorValue error && !places.contains(expression.id())) {
            throw error.value() instanceof RuntimeException thrown ? thrown : new IllegalArgumentException(error.value().getMessage(), error.value());
        }
    }
}
