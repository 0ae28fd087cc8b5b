package io.hypernetes.objects.cel;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelReference;
import io.hypernetes.objects.cel.CallCosts.Cost;
import io.hypernetes.objects.cel.CallCosts.Operand;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What an expression costs at most, by how large the values may become that it speaks of: upstream refuses rules by this number before they are ever
/// evaluated, so it has to be the same number here.
///
/// The unit is a step. Names, selections and calls are one each, walks through texts a tenth for each byte, and a loop costs its body times the items
/// of its range. What nobody can say the size of is taken for endless. For one expression.
final class CostEstimate {
    private static final int MAKING_A_MAP = 30;
    private static final int MAKING_AN_OBJECT = 40;

    private final CelAbstractSyntaxTree tree;
    private final Sizes sizes;

    private CostEstimate(CelAbstractSyntaxTree tree, Extent root) {
        this.tree = tree;
        this.sizes = new Sizes(tree, root);
    }

    /// @param root of the variables
    static long of(CelAbstractSyntaxTree tree, Extent root) {
        return new CostEstimate(tree, root).cost(tree.getExpr());
    }

    private long cost(CelExpr expression) {
        return switch (expression.getKind()) {
            case IDENT -> ident(expression);
            case SELECT -> select(expression);
            case CALL -> call(expression);
            case LIST -> list(expression);
            case MAP -> map(expression);
            case STRUCT -> Size.sum(
                    MAKING_AN_OBJECT,
                    costs(expression.struct().entries().stream().map(CelExpr.CelStruct.Entry::value).toList()));
            case COMPREHENSION -> isBinding(expression.comprehension()) ? binding(expression) : loop(expression);
            default -> 0;
        };
    }

    private long costs(List<CelExpr> expressions) {
        long sum = 0;
        for (CelExpr expression : expressions) {
            sum = Size.sum(sum, cost(expression));
        }
        return sum;
    }

    private long ident(CelExpr expression) {
        sizes.ofName(expression);
        return 1;
    }

    private long select(CelExpr expression) {
        CelExpr operand = expression.select().operand();
        long cost = cost(operand);
        if (expression.select().testOnly()) {
            return cost;
        }
        sizes.ofMember(expression, operand, expression.select().field());
        return switch (sizes.type(operand).kind()) {
            case MAP, STRUCT, TYPE_PARAM -> Size.sum(cost, 1);
            default -> cost;
        };
    }

    private long list(CelExpr expression) {
        List<CelExpr> elements = expression.list().elements();
        long cost = Size.sum(CallCosts.MAKING_A_LIST, costs(elements));
        sizes.ofList(expression, elements);
        return cost;
    }

    private long map(CelExpr expression) {
        List<CelExpr> keys = expression.map().entries().stream().map(CelExpr.CelMap.Entry::key).toList();
        List<CelExpr> values = expression.map().entries().stream().map(CelExpr.CelMap.Entry::value).toList();
        long cost = Size.sum(MAKING_A_MAP, Size.sum(costs(keys), costs(values)));
        sizes.ofMap(expression, keys, values);
        return cost;
    }

    private long call(CelExpr expression) {
        CelExpr.CelCall call = expression.call();
        if (call.function().equals("dyn")) {
            CelExpr argument = call.args().getFirst();
            long cost = Size.sum(1, cost(argument));
            sizes.copy(expression, argument);
            return cost;
        }
        List<Long> costs = new ArrayList<>();
        for (CelExpr argument : call.args()) {
            costs.add(cost(argument));
        }
        List<Operand> arguments = call.args().stream().map(sizes::operand).toList();
        long cost = call.target().map(this::cost).orElse(0L);
        Operand target = call.target().map(sizes::operand).orElse(null);
        List<String> overloads =
                tree.getReference(expression.id()).<List<String>>map(CelReference::overloadIds).orElse(List.of());
        long most = 0;
        Size size = null;
        for (String overload : overloads) {
            Cost each = overload(expression, overload, target, arguments, costs);
            most = Math.max(most, each.cost());
            Size made = each.size();
            if (made != null) {
                size = size == null ? made : size.or(made);
            }
            if (overload.equals("index_list") || overload.equals("index_map")) {
                size = sizes.ofIndexed(expression, call.args().getFirst());
            }
            size = size == null ? sizes.of(expression) : size;
        }
        sizes.set(expression, size);
        return Size.sum(cost, most);
    }

    private Cost overload(
            CelExpr expression, String overload, @Nullable Operand target, List<Operand> arguments, List<Long> costs) {
        long ofArguments = costs.stream().reduce(0L, Size::sum);
        Cost known = CallCosts.of(expression.call().function(), overload, target, arguments);
        switch (overload) {
            case "add_list", "add_string", "add_bytes" ->
                sizes.ofEither(expression, arguments.get(0).expression(), arguments.get(1).expression());
            case "logical_or", "logical_and" -> {
                return Cost.of(ofArguments);
            }
            case "conditional" -> {
                sizes.ofEither(expression, arguments.get(1).expression(), arguments.get(2).expression());
                return new Cost(
                        Size.sum(costs.get(0), Math.max(costs.get(1), costs.get(2))),
                        arguments.get(1).sizeOrUnknown().or(arguments.get(2).sizeOrUnknown()));
            }
            default -> {}
        }
        return known == null ? Cost.of(Size.sum(1, ofArguments)) : new Cost(Size.sum(known.cost(), ofArguments), known.size());
    }

    private long loop(CelExpr expression) {
        CelExpr.CelComprehension loop = expression.comprehension();
        CelExpr range = loop.iterRange();
        long cost = Size.sum(cost(range), cost(loop.accuInit()));
        sizes.enter(loop.accuVar(), loop.accuInit());
        sizes.enterItems(loop);
        long body = Size.sum(cost(loop.loopCondition()), cost(loop.loopStep()));
        sizes.leaveItems(loop);
        cost = Size.sum(cost, cost(loop.result()));
        sizes.leave(loop.accuVar());
        Size rounds = sizes.orUnknown(range);
        sizes.ofLoop(expression, rounds);
        return Size.sum(cost, Size.product(rounds.most(), body));
    }

    /// Whether it only gives a value a name.
    private static boolean isBinding(CelExpr.CelComprehension loop) {
        return loop.iterRange().getKind() == CelExpr.ExprKind.Kind.LIST
                && loop.iterRange().list().elements().isEmpty()
                && loop.loopCondition().getKind() == CelExpr.ExprKind.Kind.CONSTANT
                && loop.loopCondition().constant().getKind() == CelConstant.Kind.BOOLEAN_VALUE
                && !loop.loopCondition().constant().booleanValue()
                && !loop.accuVar().startsWith("__result") && !loop.accuVar().startsWith("@result");
    }

    private long binding(CelExpr expression) {
        CelExpr.CelComprehension binding = expression.comprehension();
        long cost = Size.sum(cost(binding.iterRange()), cost(binding.accuInit()));
        sizes.enter(binding.accuVar(), binding.accuInit());
        cost = Size.sum(cost, cost(binding.result()));
        sizes.leave(binding.accuVar());
        sizes.copy(expression, binding.result());
        return cost;
    }
}
