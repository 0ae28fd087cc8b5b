package io.hypernetes.objects.cel;

import dev.cel.common.values.NullValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// JSON trees as values of the language.
public final class Values {
    private Values() {}

    /// A value without a schema: numbers with a fraction are doubles, others are ints.
    public static Object of(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT, POJO -> {
                Map<String, Object> map = map(node.size());
                node.properties().forEach(member -> map.put(member.getKey(), of(member.getValue())));
                yield map;
            }
            case ARRAY -> {
                List<Object> list = list(node.size());
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
        return node.decimalValue().doubleValue();
    }

    /// An empty map to be filled and handed to expressions.
    public static Map<String, Object> map(int size) {
        return new Members(size);
    }

    /// An empty list to be filled and handed to expressions.
    public static List<Object> list(int size) {
        return new Items(size);
    }

    private static final class Members extends LinkedHashMap<String, Object> implements Told {
        private static final long serialVersionUID = 1;

        Members(int size) {
            super((int) Math.min(1 << 30, size * 4L / 3 + 1));
        }

        @Override
        public String toString() {
            return Told.text(this);
        }
    }

    private static final class Items extends ArrayList<Object> implements Told {
        private static final long serialVersionUID = 1;

        Items(int size) {
            super(size);
        }

        @Override
        public String toString() {
            return Told.text(this);
        }
    }
}
