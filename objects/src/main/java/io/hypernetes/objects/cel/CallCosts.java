package io.hypernetes.objects.cel;

import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.CelType;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What functions cost at most by the sizes of their operands, without what the operands cost. The numbers are those by which upstream refuses rules.
final class CallCosts {
    /// What it costs to walk a character.
    static final double TEXT = 0.1;

    /// What it costs to try a character of a regular expression.
    private static final double PATTERN = 0.25;

    static final int MAKING_A_LIST = 10;

    /// As long as the pattern of a named format may be, and its name.
    private static final int FORMAT_PATTERN = 128;

    private static final int FORMAT_NAME = 64;

    /// The most bytes of an address.
    private static final Size ADDRESS = new Size(4, 16);

    private static final Set<String> SINGLE_VALUES =
            Set.of("kubernetes.Quantity", "net.IP", "net.CIDR", "kubernetes.Semver");

    /// An operand of a call.
    ///
    /// @param size null when it cannot be told
    /// @param elements the size of what it holds; null when it holds nothing
    record Operand(CelExpr expression, CelType type, @Nullable Size size, @Nullable Element element) {
        Size sizeOrUnknown() {
            return size == null ? Size.UNKNOWN : size;
        }
    }

    /// What a list holds.
    record Element(CelType type, Size size) {}

    /// @param size of the result; null when the call does not tell it
    record Cost(long cost, @Nullable Size size) {
        static Cost of(long cost) {
            return new Cost(cost, null);
        }
    }

    private CallCosts() {}

    /// The cost of a call; null when it is that of any call.
    static @Nullable Cost of(String function, String overload, @Nullable Operand target, List<Operand> arguments) {
        Cost ofSets = ofSets(function, arguments);
        if (ofSets != null) {
            return ofSets;
        }
        Cost ofTexts = target == null ? null : ofMember(function, overload, target, arguments);
        return ofTexts == null ? ofOverload(function, overload, target, arguments) : ofTexts;
    }

    private static @Nullable Cost ofSets(String function, List<Operand> arguments) {
        switch (function) {
            case "sets.contains", "sets.intersects", "sets.equivalent" -> {
                Size pairs = arguments.getFirst().sizeOrUnknown().times(arguments.getLast().sizeOrUnknown());
                return Cost.of(Size.sum(1, pairs.cost(function.equals("sets.equivalent") ? 2 : 1)));
            }
            default -> {
                return null;
            }
        }
    }

    private static @Nullable Cost ofMember(String function, String overload, Operand target, List<Operand> arguments) {
        Size size = target.sizeOrUnknown();
        return switch (function) {
            case "isSorted", "sum", "max", "min", "indexOf", "lastIndexOf" -> {
                Element element = target.element();
                if (element == null) {
                    yield Cost.of(size.cost(TEXT));
                }
                yield Cost.of(Size.product(size.most(), Size.sum(1, isText(element.type()) ? element.size().cost(TEXT) : 0)));
            }
            case "lowerAscii", "upperAscii", "substring", "trim" -> new Cost(size.cost(TEXT), size);
            case "replace" -> arguments.size() < 2
                    ? null
                    : new Cost(
                            size.cost(2 * TEXT),
                            replaced(size, arguments.get(0).sizeOrUnknown(), arguments.get(1).sizeOrUnknown()));
            case "split" -> {
                long most = arguments.size() > 1 ? number(arguments.get(1), size.most()) : size.most();
                yield new Cost(size.cost(2 * TEXT), new Size(0, most < 0 ? Long.MAX_VALUE : most));
            }
            case "join" -> joined(target, arguments);
            case "find", "findAll" -> new Cost(matching(size, arguments.getFirst()), new Size(0, size.most()));
            case "containsIP" -> Cost.of(Size.sum(
                    ADDRESS.plus(ADDRESS).cost(TEXT),
                    overload.endsWith("_string") ? arguments.getFirst().sizeOrUnknown().cost(TEXT) : 0));
            case "containsCIDR" -> Cost.of(Size.sum(
                    ADDRESS.plus(ADDRESS).cost(TEXT) + ADDRESS.cost(TEXT) + 1,
                    overload.endsWith("_string") ? arguments.getFirst().sizeOrUnknown().cost(TEXT) : 0));
            case "validate" -> Cost.of(Size.scaled(arguments.getFirst().sizeOrUnknown().cost(TEXT), FORMAT_PATTERN * PATTERN));
            default -> null;
        };
    }

    /// As long as a text may be after each shortest match became the longest replacement.
    private static Size replaced(Size text, Size match, Size replacement) {
        long most;
        if (match.least() == 0) {
            // Nothing is found around each character, which stays.
            most = Size.sum(Size.product(Size.sum(text.most(), 1), replacement.most()), text.most());
        } else if (replacement.most() <= match.least()) {
            most = text.most();
        } else {
            most = Size.product((long) Math.ceil((double) text.most() / match.least()), replacement.most());
        }
        return new Size(0, most);
    }

    private static Cost joined(Operand list, List<Operand> arguments) {
        Size count = list.sizeOrUnknown();
        Element element = list.element();
        long most = element == null ? 0 : Size.product(count.most(), element.size().most());
        if (!arguments.isEmpty()) {
            most = Size.sum(most, Size.product(Math.max(0, count.most() - 1), arguments.getFirst().sizeOrUnknown().most()));
        }
        Size size = new Size(0, most);
        return new Cost(size.cost(TEXT), size);
    }

    private static long matching(Size text, Operand pattern) {
        return Size.product(text.plus(Size.exactly(1)).cost(TEXT), pattern.sizeOrUnknown().cost(PATTERN));
    }

    private static @Nullable Cost ofOverload(String function, String overload, @Nullable Operand target, List<Operand> arguments) {
        Size first = arguments.isEmpty() ? Size.UNKNOWN : arguments.getFirst().sizeOrUnknown();
        Size second = arguments.size() < 2 ? Size.UNKNOWN : arguments.get(1).sizeOrUnknown();
        if (function.equals("_==_") && arguments.getFirst().type().equals(arguments.getLast().type())) {
            String type = arguments.getFirst().type().name();
            if (SINGLE_VALUES.contains(type)) {
                return Cost.of(1);
            }
            if (type.equals("kubernetes.NamedFormat")) {
                return Cost.of(Size.scaled(FORMAT_NAME, TEXT));
            }
            if (type.equals("kubernetes.URL")) {
                Size size = arguments.getLast().size();
                return Cost.of(size == null ? 1 : size.cost(TEXT));
            }
        }
        return switch (overload) {
            case "string_to_url", "string_jsonpatch_escapeKey_string" -> new Cost(first.cost(TEXT), first);
            case "string_format" -> target == null ? null : new Cost(target.sizeOrUnknown().cost(TEXT), target.sizeOrUnknown().plus(first));
            case "string_to_bytes" -> new Cost(first.cost(TEXT), new Size(first.least(), Size.product(first.most(), 4)));
            case "bytes_to_string" -> new Cost(first.cost(TEXT), new Size(first.least() / 4, first.most()));
            case "strings_quote" -> new Cost(first.cost(TEXT), new Size(Size.sum(first.least(), 2), Size.sum(Size.product(first.most(), 2), 2)));
            case "starts_with_string", "ends_with_string" -> Cost.of(first.cost(TEXT));
            case "in_list" -> Cost.of(second.cost(1));
            case "matches_string" -> target == null ? null : Cost.of(matching(target.sizeOrUnknown(), arguments.getFirst()));
            case "contains_string" -> target == null ? null : Cost.of(Size.product(target.sizeOrUnknown().cost(TEXT), first.cost(TEXT)));
            case "add_string", "add_bytes" -> new Cost(first.plus(second).cost(TEXT), first.plus(second));
            case "add_list" -> new Cost(1, first.plus(second));
            case "equals", "not_equals",
                    "less_string", "less_equals_string", "greater_string", "greater_equals_string",
                    "less_bytes", "less_equals_bytes", "greater_bytes", "greater_equals_bytes" ->
                Cost.of(Size.scaled(Math.min(first.most(), second.most()), TEXT));
            default -> null;
        };
    }

    private static boolean isText(CelType type) {
        return type.kind() == CelKind.STRING || type.kind() == CelKind.BYTES;
    }

    /// The number that an operand is, if it is one that stands there.
    private static long number(Operand operand, long otherwise) {
        CelExpr expression = operand.expression();
        return expression.getKind() == CelExpr.ExprKind.Kind.CONSTANT
                        && expression.constant().getKind() == CelConstant.Kind.INT64_VALUE
                ? expression.constant().int64Value()
                : otherwise;
    }
}
