package io.hypernetes.objects.cel;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.navigation.CelNavigableAst;
import dev.cel.common.types.SimpleType;
import dev.cel.runtime.CelEvaluationException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Why an expression had no value, in the words that clients know from upstream. Immutable.
final class Failures {
    private static final Pattern ABSENT_KEY = Pattern.compile("^key '(.*)' is not present in map\\.$");
    private static final Pattern OUT_OF_RANGE = Pattern.compile("failure: (?:(?:Index|Offset) out of range: |Range \\[)(-?\\d+)");
    private static final Pattern PLACE = Pattern.compile("^evaluation error(?: at [^:]*:(\\d+))?: ");

    /// What texts are converted to by the functions that do so.
    private static final Map<String, String> CONVERSIONS = Map.of(
            "int", "int",
            "uint", "uint",
            "double", "double",
            "bool", "bool",
            "duration", "google.protobuf.Duration",
            "timestamp", "google.protobuf.Timestamp");

    /// The calls that fail with words of their own, by where they stand.
    private final Map<Integer, Call> calls = new HashMap<>();

    private record Call(String function, boolean unsigned) {}

    Failures(CelAbstractSyntaxTree tree) {
        Map<Long, Integer> positions = tree.getSource().getPositionsMap();
        CelNavigableAst.fromAst(tree).getRoot().allNodes().forEach(node -> {
            CelExpr expression = node.expr();
            Integer position = positions.get(expression.id());
            if (position != null && expression.getKind() == CelExpr.ExprKind.Kind.CALL) {
                String function = expression.call().function();
                boolean unsigned = tree.getType(expression.id()).filter(SimpleType.UINT::equals).isPresent();
                if (CONVERSIONS.containsKey(function) || function.equals("_%_") || unsigned) {
                    calls.putIfAbsent(position, new Call(function, unsigned));
                }
            }
        });
    }

    /// What to tell of a failure.
    String reason(CelEvaluationException e) {
        String message = String.valueOf(e.getMessage());
        var place = PLACE.matcher(message);
        boolean placed = place.find();
        String bare = placed ? message.substring(place.end()) : message;
        String at = placed ? place.group(1) : null;
        Call call = at == null ? null : calls.get(Integer.valueOf(at));
        return switch (e.getErrorCode()) {
            case ATTRIBUTE_NOT_FOUND -> "no such key: " + ABSENT_KEY.matcher(bare).replaceFirst("$1");
            case INDEX_OUT_OF_BOUNDS -> bare.replaceFirst("^I", "i");
            case DIVIDE_BY_ZERO -> call != null && call.function.equals("_%_") ? "modulus by zero" : "division by zero";
            case OVERLOAD_NOT_FOUND -> Expression.NO_SUCH_OVERLOAD;
            case NUMERIC_OVERFLOW -> call != null && call.unsigned ? "unsigned integer overflow" : "integer overflow";
            case BAD_FORMAT -> {
                String wanted = call == null ? null : CONVERSIONS.get(call.function);
                yield wanted == null ? ofFunction(e).orElse(bare) : "type conversion error from 'string' to '" + wanted + "'";
            }
            default -> ofLibrary(ofFunction(e).orElse(bare));
        };
    }

    /// What a function itself said of its argument.
    private static Optional<String> ofFunction(CelEvaluationException e) {
        Optional<String> said = Optional.empty();
        for (var cause = e.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof IllegalArgumentException && cause.getMessage() != null) {
                said = Optional.of(cause.getMessage());
            }
        }
        return said;
    }

    private static String ofLibrary(String bare) {
        if (bare.startsWith("Expected boolean value, found")) {
            return Expression.NO_SUCH_OVERLOAD;
        }
        var range = OUT_OF_RANGE.matcher(bare);
        if (range.find()) {
            return "index out of range: " + range.group(1);
        }
        return bare.startsWith("Function 'value' failed") ? "optional.none() dereference" : bare;
    }
}
