package io.hypernetes.objects.cel;

import dev.cel.common.values.NullValue;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// JSON trees as values of the language, and back.
public final class Values {
    private Values() {}

    /// A value without a schema: numbers with a fraction are doubles, others are ints.
    public static Object of(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT, POJO -> {
                Map<String, Object> map = LinkedHashMap.newLinkedHashMap(node.size());
                node.properties().forEach(member -> map.put(member.getKey(), of(member.getValue())));
                yield map;
            }
            case ARRAY -> {
                List<Object> list = new ArrayList<>(node.size());
                node.forEach(item -> list.add(of(item)));
                yield list;
            }
            case STRING, BINARY -> node.stringValue();
            case BOOLEAN -> node.booleanValue();
            case NUMBER -> number(node);
            case NULL, MISSING -> NullValue.NULL_VALUE;
        };
    }

    private static Object number(JsonNode node) {
        if (node.isIntegralNumber() && node.canConvertToLong()) {
            return node.longValue();
        }
        return node.doubleValue();
    }

    /// A value as JSON; what JSON does not know becomes its text.
    public static JsonNode toJson(Object value) {
        return switch (value) {
            case String text -> Json.text(text);
            case Long number -> Json.integer(number);
            case Integer number -> Json.integer(number);
            case Boolean flag -> Json.array().add(flag).path(0);
            case Double number -> Json.array().add(number).path(0);
            case Map<?, ?> map -> {
                ObjectNode object = Json.object();
                map.forEach((key, item) -> object.set(String.valueOf(key), toJson(item)));
                yield object;
            }
            case Collection<?> list -> {
                ArrayNode array = Json.array();
                list.forEach(item -> array.add(toJson(item)));
                yield array;
            }
            case Optional<?> optional -> optional.<JsonNode>map(Values::toJson).orElseGet(() -> Json.array().addNull().path(0));
            case NullValue _ -> Json.array().addNull().path(0);
            default -> Json.text(String.valueOf(value));
        };
    }
}
