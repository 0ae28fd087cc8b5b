package io.hypernetes.objects.cel;

import dev.cel.common.ast.CelExpr;
import java.util.ArrayDeque;
import java.util.Deque;

/// How many nodes an expression has: names, constants, selections, calls, what makes lists, maps and objects, and loops, whose parts the language writes. Each
/// takes some hundred bytes once it is compiled, whereas it may be two characters of text. For one expression.
final class Nodes {
    private final Deque<CelExpr> left = new ArrayDeque<>();

    private Nodes() {}

    /// Counts no further than a number.
    static int count(CelExpr expression, int most) {
        Nodes nodes = new Nodes();
        nodes.left.push(expression);
        int count = 0;
        while (!nodes.left.isEmpty() && count < most) {
            count++;
            nodes.parts(nodes.left.pop());
        }
        return count;
    }

    private void parts(CelExpr expression) {
        switch (expression.getKind()) {
            case SELECT -> left.push(expression.select().operand());
            case CALL -> {
                expression.call().target().ifPresent(left::push);
                expression.call().args().forEach(left::push);
            }
            case LIST -> expression.list().elements().forEach(left::push);
            case MAP -> expression.map().entries().forEach(entry -> {
                left.push(entry.key());
                left.push(entry.value());
            });
            case STRUCT -> expression.struct().entries().forEach(entry -> left.push(entry.value()));
            case COMPREHENSION -> {
                CelExpr.CelComprehension loop = expression.comprehension();
                left.push(loop.iterRange());
                left.push(loop.accuInit());
                left.push(loop.loopCondition());
                left.push(loop.loopStep());
                left.push(loop.result());
            }
            default -> {}
        }
    }
}
