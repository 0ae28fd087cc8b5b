package io.hypernetes.objects.cel;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelReference;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import io.hypernetes.objects.cel.CallCosts.Cost;
import io.hypernetes.objects.cel.CallCosts.Element;
import io.hypernetes.objects.cel.CallCosts.Operand;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What an expression costs at most, by how large the values may become that it speaks of: upstream refuses rules by this number before they are ever
/// evaluated, so it has to be the same number here.
///
/// The unit is a step. Names, selections and calls are one each, walks through texts a tenth for each byte, and a loop costs its body times the items
/// of its range. What nobody can say the size of is taken for endless. For one expression.
final class CostEstimate {
    private static final int MAKING_A_MAP = 30;
    private static final int MAKING_AN_OBJECT = 40;

    private static final Set<CelKind> SCALARS =
            Set.of(CelKind.BOOL, CelKind.DOUBLE, CelKind.DURATION, CelKind.INT, CelKind.TIMESTAMP, CelKind.UINT);

    /// Where a value stands in what a variable holds.
    ///
    /// @param extent null where the place is not described
    private record Place(@Nullable Extent extent) {}

    /// The sizes of the keys and values of a list or map that the expression made.
    private record Entries(boolean ofList, Size keys, Size values) {
        static @Nullable Entries either(@Nullable Entries a, @Nullable Entries b) {
            return a == null || b == null ? null : new Entries(a.ofList, a.keys.or(b.keys), a.values.or(b.values));
        }
    }

    /// A name inside of a loop.
    private record Local(@Nullable Place place, @Nullable Size size, @Nullable Entries entries) {}

    private final CelAbstractSyntaxTree tree;
    private final Place root;
    private final Map<Long, Place> places = new HashMap<>();
    private final Map<Long, Size> sizes = new HashMap<>();
    private final Map<Long, Entries> entries = new HashMap<>();
    private final Map<String, Deque<Local>> locals = new HashMap<>();

    private CostEstimate(CelAbstractSyntaxTree tree, Extent root) {
        this.tree = tree;
        this.root = new Place(root);
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
        Local local = local(expression.ident().name());
        put(places, expression, local == null ? root : local.place);
        return 1;
    }

    private long select(CelExpr expression) {
        CelExpr operand = expression.select().operand();
        long cost = cost(operand);
        if (expression.select().testOnly()) {
            return cost;
        }
        put(places, expression, step(place(operand), expression.select().field()));
        return switch (type(operand).kind()) {
            case MAP, STRUCT, TYPE_PARAM -> Size.sum(cost, 1);
            default -> cost;
        };
    }

    private long list(CelExpr expression) {
        List<CelExpr> elements = expression.list().elements();
        long cost = Size.sum(CallCosts.MAKING_A_LIST, costs(elements));
        put(entries, expression, new Entries(true, Size.exactly(1), either(elements)));
        return cost;
    }

    private long map(CelExpr expression) {
        List<CelExpr> keys = expression.map().entries().stream().map(CelExpr.CelMap.Entry::key).toList();
        List<CelExpr> values = expression.map().entries().stream().map(CelExpr.CelMap.Entry::value).toList();
        long cost = Size.sum(MAKING_A_MAP, Size.sum(costs(keys), costs(values)));
        put(entries, expression, new Entries(false, either(keys), either(values)));
        return cost;
    }

    private Size either(List<CelExpr> expressions) {
        return expressions.stream().map(this::sizeOrUnknown).reduce(Size::or).orElse(Size.exactly(0));
    }

    private long call(CelExpr expression) {
        CelExpr.CelCall call = expression.call();
        if (call.function().equals("dyn")) {
            CelExpr argument = call.args().getFirst();
            long cost = Size.sum(1, cost(argument));
            copySizes(expression, argument);
            return cost;
        }
        List<Long> costs = new ArrayList<>();
        for (CelExpr argument : call.args()) {
            costs.add(cost(argument));
        }
        List<Operand> arguments = call.args().stream().map(this::operand).toList();
        long cost = call.target().map(this::cost).orElse(0L);
        Operand target = call.target().map(this::operand).orElse(null);
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
                CelExpr indexed = call.args().getFirst();
                Entries inside = entries(indexed);
                size = inside == null ? null : inside.values;
                put(places, expression, step(place(indexed), overload.equals("index_list") ? "@items" : "@values"));
            }
            size = size == null ? size(expression) : size;
        }
        put(sizes, expression, size);
        return Size.sum(cost, most);
    }

    private Cost overload(
            CelExpr expression, String overload, @Nullable Operand target, List<Operand> arguments, List<Long> costs) {
        long ofArguments = costs.stream().reduce(0L, Size::sum);
        Cost known = CallCosts.of(expression.call().function(), overload, target, arguments);
        switch (overload) {
            case "add_list", "add_string", "add_bytes" -> put(
                    entries,
                    expression,
                    Entries.either(entries(arguments.get(0).expression()), entries(arguments.get(1).expression())));
            case "logical_or", "logical_and" -> {
                return Cost.of(ofArguments);
            }
            case "conditional" -> {
                put(
                        entries,
                        expression,
                        Entries.either(entries(arguments.get(1).expression()), entries(arguments.get(2).expression())));
                return new Cost(
                        Size.sum(costs.get(0), Math.max(costs.get(1), costs.get(2))),
                        arguments.get(1).sizeOrUnknown().or(arguments.get(2).sizeOrUnknown()));
            }
            default -> {}
        }
        return known == null ? Cost.of(Size.sum(1, ofArguments)) : new Cost(Size.sum(known.cost(), ofArguments), known.size());
    }

    private Operand operand(CelExpr expression) {
        CelType type = type(expression);
        Element element = null;
        if (!type.parameters().isEmpty()) {
            Place place = place(expression);
            Extent items = place == null ? null : extent(step(place, "@items"));
            element = new Element(type.parameters().getFirst(), items == null ? Size.UNKNOWN : new Size(0, items.most()));
        }
        return new Operand(expression, type, size(expression), element);
    }

    private long loop(CelExpr expression) {
        CelExpr.CelComprehension loop = expression.comprehension();
        CelExpr range = loop.iterRange();
        long cost = Size.sum(cost(range), cost(loop.accuInit()));
        push(loop.accuVar(), new Local(place(loop.accuInit()), size(loop.accuInit()), entries(loop.accuInit())));
        boolean pairs = !loop.iterVar2().isEmpty();
        Entries inside = entries(range);
        boolean ofList = inside == null ? type(range).kind() == CelKind.LIST : inside.ofList;
        Local key = new Local(step(place(range), ofList ? "@indices" : "@keys"), inside == null ? null : inside.keys, null);
        Local value = new Local(step(place(range), ofList ? "@items" : "@values"), inside == null ? null : inside.values, null);
        push(loop.iterVar(), pairs || !ofList ? key : value);
        if (pairs) {
            push(loop.iterVar2(), value);
        }
        long body = Size.sum(cost(loop.loopCondition()), cost(loop.loopStep()));
        pop(loop.iterVar());
        if (pairs) {
            pop(loop.iterVar2());
        }
        cost = Size.sum(cost, cost(loop.result()));
        pop(loop.accuVar());
        Size rounds = sizeOrUnknown(range);
        switch (loop.accuInit().getKind()) {
            case CONSTANT -> put(sizes, expression, size(loop.accuInit()));
            case LIST, MAP -> {
                put(sizes, expression, rounds);
                put(entries, expression, entries(loop.loopStep()));
            }
            default -> {}
        }
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
        push(binding.accuVar(), new Local(place(binding.accuInit()), size(binding.accuInit()), entries(binding.accuInit())));
        cost = Size.sum(cost, cost(binding.result()));
        pop(binding.accuVar());
        copySizes(expression, binding.result());
        return cost;
    }

    private void copySizes(CelExpr to, CelExpr from) {
        put(sizes, to, size(from));
        put(entries, to, entries(from));
    }

    private Size sizeOrUnknown(CelExpr expression) {
        Size size = size(expression);
        return size == null ? Size.UNKNOWN : size;
    }

    /// What was found, what stands there, what the place says, what the type says, what the name stands for.
    private @Nullable Size size(CelExpr expression) {
        Size known = sizes.get(expression.id());
        if (known != null) {
            return known;
        }
        Size literal = literal(expression);
        if (literal != null) {
            return literal;
        }
        Extent extent = extent(place(expression));
        if (extent != null) {
            return new Size(0, extent.most());
        }
        if (isScalar(type(expression))) {
            return Size.exactly(1);
        }
        Local local = expression.getKind() == CelExpr.ExprKind.Kind.IDENT ? local(expression.ident().name()) : null;
        return local == null ? null : local.size;
    }

    private static @Nullable Size literal(CelExpr expression) {
        return switch (expression.getKind()) {
            case LIST -> Size.exactly(expression.list().elements().size());
            case MAP -> Size.exactly(expression.map().entries().size());
            case CONSTANT -> switch (expression.constant().getKind()) {
                case STRING_VALUE -> {
                    String text = expression.constant().stringValue();
                    yield Size.exactly(text.codePointCount(0, text.length()));
                }
                case BYTES_VALUE -> Size.exactly(expression.constant().bytesValue().size());
                default -> Size.exactly(1);
            };
            default -> null;
        };
    }

    private static boolean isScalar(CelType type) {
        return SCALARS.contains(type.kind()) || (type instanceof OptionalType optional && isScalar(optional.parameters().getFirst()));
    }

    private @Nullable Entries entries(CelExpr expression) {
        Entries known = entries.get(expression.id());
        if (known != null || expression.getKind() != CelExpr.ExprKind.Kind.IDENT) {
            return known;
        }
        Local local = local(expression.ident().name());
        return local == null ? null : local.entries;
    }

    private @Nullable Place place(CelExpr expression) {
        return places.get(expression.id());
    }

    private static @Nullable Extent extent(@Nullable Place place) {
        return place == null ? null : place.extent;
    }

    /// The place below another. What is inside of something that the expression made itself is measured from the variable, as upstream measures it: the
    /// first name of its path is lost there.
    private Place step(@Nullable Place from, String name) {
        if (from == null) {
            return root;
        }
        Extent extent = from.extent;
        if (extent == null) {
            return from;
        }
        return new Place(
                switch (name) {
                    case "@items", "@values" -> extent.items();
                    case "@keys" -> extent.keys();
                    default -> extent.members().get(name);
                });
    }

    private CelType type(CelExpr expression) {
        return tree.getType(expression.id()).orElse(SimpleType.DYN);
    }

    private @Nullable Local local(String name) {
        Deque<Local> known = locals.get(name);
        return known == null ? null : known.peek();
    }

    private void push(String name, Local local) {
        locals.computeIfAbsent(name, _ -> new ArrayDeque<>()).push(local);
    }

    private void pop(String name) {
        Deque<Local> known = locals.get(name);
        if (known != null) {
            known.pop();
        }
    }

    private static <V> void put(Map<Long, V> map, CelExpr expression, @Nullable V value) {
        if (value != null) {
            map.put(expression.id(), value);
        }
    }
}
