package io.hypernetes.objects.cel;

import dev.cel.common.values.CelByteString;
import dev.cel.common.values.NullValue;
import io.hypernetes.objects.Json;
import java.util.Base64;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Values of the language as JSON. A list that holds one value many times costs the language next to nothing, and unfolds here: so what
/// comes of one expression is no larger than a body may be. For one value.
final class Unfolding {
    /// The most that is made, in characters and values together.
    static final int MOST = 3 << 20;

    private static final int DEEPEST = 1000;

    private int left = MOST;

    /// @throws ExpressionException when there is no JSON for it, or it is too large
    JsonNode json(Object value) {
        return json(value, 0);
    }

    private JsonNode json(Object value, int depth) {
        spend(1);
        if (depth > DEEPEST) {
            throw new ExpressionException("the result is nested too deeply");
        }
        var make = JsonNodeFactory.instance;
        return switch (value) {
            case String text -> {
                spend(text.length());
                yield Json.text(text);
            }
            case Boolean flag -> make.booleanNode(flag);
            case Double number when !Double.isFinite(number) -> throw new ExpressionException("there is no JSON for " + number);
            case Double number -> make.numberNode(number);
            case Long number -> make.numberNode(number);
            case Integer number -> make.numberNode(number);
            case Number number -> Json.integer(number.longValue());
            case NullValue _ -> make.nullNode();
            case CelByteString bytes -> json(Base64.getEncoder().encodeToString(bytes.toByteArray()), depth);
            case Optional<?> optional when optional.isEmpty() -> make.nullNode();
            case Optional<?> optional -> json(optional.get(), depth + 1);
            case Constructed made -> members(made.fields(), depth);
            case Map<?, ?> map -> members(map, depth);
            case Collection<?> list -> {
                var array = Json.array();
                for (var item : list) {
                    array.add(json(item, depth + 1));
                }
                yield array;
            }
            // What JSON does not know becomes its text: quantities, addresses, times.
            default -> json(Formatting.text(value), depth);
        };
    }

    private JsonNode members(Map<?, ?> members, int depth) {
        var object = Json.object();
        for (var member : members.entrySet()) {
            if (!(member.getKey() instanceof String name)) {
                throw new ExpressionException("a map has the key " + member.getKey() + ", which is no string");
            }
            spend(name.length());
            object.set(name, json(member.getValue(), depth + 1));
        }
        return object;
    }

    private void spend(int amount) {
        left -= amount;
        if (left < 0) {
            throw new ExpressionException("the result is larger than " + MOST + " bytes");
        }
    }
}
