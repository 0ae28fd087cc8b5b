package io.hypernetes.objects.cel;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import io.hypernetes.objects.cel.CallCosts.Element;
import io.hypernetes.objects.cel.CallCosts.Operand;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How large the values of an expression may become, told while it is walked from its leaves: by what stands there, by where in the variables they come
/// from, and by what made them. For one expression.
final class Sizes {
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

    /// @param root of the variables
    Sizes(CelAbstractSyntaxTree tree, Extent root) {
        this.tree = tree;
        this.root = new Place(root);
    }

    private Size either(List<CelExpr> expressions) {
        return expressions.stream().map(this::orUnknown).reduce(Size::or).orElse(Size.exactly(0));
    }

    /// An operand of a call.
    Operand operand(CelExpr expression) {
        CelType type = type(expression);
        Element element = null;
        if (!type.parameters().isEmpty()) {
            Place place = place(expression);
            Extent items = place == null ? null : extent(step(place, "@items"));
            element = new Element(type.parameters().getFirst(), items == null ? Size.UNKNOWN : new Size(0, items.most()));
        }
        return new Operand(expression, type, of(expression), element);
    }

    /// The value of a name stands where that of the variable does, or of what it was given to.
    void ofName(CelExpr expression) {
        Local local = local(expression.ident().name());
        put(places, expression, local == null ? root : local.place);
    }

    /// A member stands below its object.
    void ofMember(CelExpr expression, CelExpr object, String name) {
        put(places, expression, step(place(object), name));
    }

    /// An item stands below its list, a value below its map.
    ///
    /// @return its size when the expression itself made what it is in
    @Nullable Size ofIndexed(CelExpr expression, CelExpr container) {
        put(places, expression, step(place(container), "@items"));
        Entries inside = entries(container);
        return inside == null ? null : inside.values;
    }

    void ofList(CelExpr expression, List<CelExpr> elements) {
        put(entries, expression, new Entries(true, Size.exactly(1), either(elements)));
    }

    void ofMap(CelExpr expression, List<CelExpr> keys, List<CelExpr> values) {
        put(entries, expression, new Entries(false, either(keys), either(values)));
    }

    /// What is in one of two is in it.
    void ofEither(CelExpr expression, CelExpr a, CelExpr b) {
        put(entries, expression, Entries.either(entries(a), entries(b)));
    }

    /// @param rounds of the loop
    void ofLoop(CelExpr expression, Size rounds) {
        CelExpr.CelComprehension loop = expression.comprehension();
        switch (loop.accuInit().getKind()) {
            case CONSTANT -> put(sizes, expression, of(loop.accuInit()));
            case LIST, MAP -> {
                put(sizes, expression, rounds);
                put(entries, expression, entries(loop.loopStep()));
            }
            default -> {}
        }
    }

    /// Makes one as large as another.
    void copy(CelExpr to, CelExpr from) {
        put(sizes, to, of(from));
        put(entries, to, entries(from));
    }

    /// Remembers a size; null tells nothing.
    void set(CelExpr expression, @Nullable Size size) {
        put(sizes, expression, size);
    }

    /// Gives a value a name, until [#leave].
    void enter(String name, CelExpr value) {
        push(name, new Local(place(value), of(value), entries(value)));
    }

    /// Names the keys and values of a loop's range, until [#leaveItems].
    void enterItems(CelExpr.CelComprehension loop) {
        CelExpr range = loop.iterRange();
        Entries inside = entries(range);
        boolean ofList = inside == null ? type(range).kind() == CelKind.LIST : inside.ofList;
        Local key = new Local(step(place(range), ofList ? "@indices" : "@keys"), inside == null ? null : inside.keys, null);
        Local value = new Local(step(place(range), "@items"), inside == null ? null : inside.values, null);
        boolean pairs = !loop.iterVar2().isEmpty();
        push(loop.iterVar(), pairs || !ofList ? key : value);
        if (pairs) {
            push(loop.iterVar2(), value);
        }
    }

    void leaveItems(CelExpr.CelComprehension loop) {
        leave(loop.iterVar());
        if (!loop.iterVar2().isEmpty()) {
            leave(loop.iterVar2());
        }
    }

    /// The size of a value; the unknown one when it cannot be told.
    Size orUnknown(CelExpr expression) {
        Size size = of(expression);
        return size == null ? Size.UNKNOWN : size;
    }

    /// What was found, what stands there, what the place says, what the type says, what the name stands for.
    @Nullable Size of(CelExpr expression) {
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
                    case "@items" -> extent.items();
                    case "@keys" -> extent.keys();
                    default -> extent.members().get(name);
                });
    }

    /// The type of a value.
    CelType type(CelExpr expression) {
        return tree.getType(expression.id()).orElse(SimpleType.DYN);
    }

    private @Nullable Local local(String name) {
        Deque<Local> known = locals.get(name);
        return known == null ? null : known.peek();
    }

    private void push(String name, Local local) {
        locals.computeIfAbsent(name, _ -> new ArrayDeque<>()).push(local);
    }

    void leave(String name) {
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
