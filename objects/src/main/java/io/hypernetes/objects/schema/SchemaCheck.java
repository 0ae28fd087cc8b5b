package io.hypernetes.objects.schema;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Quantity;
import io.hypernetes.objects.Repeats;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/// Brings a tree into the shape that its schema type says: reports and removes unknown fields, drops nulls, checks types,
/// makes quantities canonical. One use each.
final class SchemaCheck {
    /// As many as upstream tells (`saveStrictError` of `sigs.k8s.io/json`).
    private static final int MAX_REPORTED = 100;
    private static final int MOST_DIGITS = 100;
    private static final String SCHEMA = "apiextensions.v1.JSONSchemaProps";

    private final Schema schema;
    private final Repeats repeats;
    private final List<Oddity> odd = new ArrayList<>();
    /// Whether this is a part that upstream reads with a decoder that says nothing of what it does not know.
    private boolean silent;

    SchemaCheck(Schema schema, Repeats repeats) {
        this.schema = schema;
        this.repeats = repeats;
    }

    /// A member that is unknown or there again.
    ///
    /// @param what such as `unknown field`
    private record Oddity(String what, Place at) {
        String text() {
            return what + " " + FieldError.quoted(at.text());
        }
    }

    /// Checks and prunes in place.
    ///
    /// @return what is odd about it, such as `unknown field "spec.foo"`
    /// @throws MalformedJsonException when a value is of the wrong type
    List<String> run(ObjectNode object, String type) {
        Repeats.Way whole = repeats instanceof Repeats.Inside inside && !inside.paths().isEmpty() ? inside.whole() : null;
        object(object, schema.get(type), null, whole);
        if (!(repeats instanceof Repeats.Before before)) {
            return odd.stream().map(Oddity::text).toList();
        }
        odd.sort((one, other) -> one.at.compareTo(other.at));
        return Stream.concat(before.problems().stream(), odd.stream().map(Oddity::text)).toList();
    }

    private void tell(String what, Place at) {
        if (!silent && odd.size() < MAX_REPORTED) {
            odd.add(new Oddity(what, at));
        }
    }

    private static Repeats.@Nullable Way member(Repeats.@Nullable Way above, String name) {
        return above == null ? null : above.member(name);
    }

    private void tellRepeated(Repeats.@Nullable Way member, Place at) {
        if (member != null && member.repeated()) {
            tell("duplicate field", at);
        }
    }

    /// @param above where the object is; null for the whole
    /// @param on the way to what is repeated in it; null for nothing
    private void object(ObjectNode object, SchemaType type, @Nullable Place above, Repeats.@Nullable Way on) {
        List<String> drop = new ArrayList<>();
        for (Map.Entry<String, JsonNode> member : object.properties()) {
            String name = member.getKey();
            SchemaField field = type.field(name);
            if (field == null) {
                // What is in it, and whether it is there again, upstream does not look at.
                tell("unknown field", new Place(above, type, name, -1));
                drop.add(name);
                continue;
            }
            Place at = new Place(above, type, name, -1);
            Repeats.Way way = member(on, name);
            tellRepeated(way, at);
            if (member.getValue().isNull()) {
                drop.add(name);
            } else {
                JsonNode replaced = value(member.getValue(), field.type(), at, way);
                if (replaced != null && replaced.isNull()) {
                    drop.add(name);
                } else if (replaced != null) {
                    member.setValue(replaced);
                }
            }
        }
        drop.forEach(object::remove);
    }

    /// Returns what to put instead of the value, a null of JSON for nothing, or null to keep it.
    private @Nullable JsonNode value(JsonNode value, ValueType type, Place at, Repeats.@Nullable Way on) {
        switch (type) {
            case ValueType.Scalar scalar -> {
                return switch (scalar) {
                    case SCHEMA_OR_LIST, SCHEMA_OR_BOOLEAN, SCHEMA_OR_NAMES -> schema(value, scalar);
                    default -> scalar(value, scalar, at);
                };
            }
            case ValueType.Ref ref -> {
                if (!(value instanceof ObjectNode object)) {
                    throw wrongType(value, at, ref.type());
                }
                object(object, schema.get(ref.type()), at, on);
            }
            case ValueType.ListOf list -> {
                if (!(value instanceof ArrayNode array)) {
                    throw wrongType(value, at, "[]" + goName(list.item()));
                }
                for (int i = 0; i < array.size(); i++) {
                    JsonNode item = array.get(i);
                    JsonNode replaced = item.isNull() ? emptyOf(list.item()) : value(item, list.item(), new Place(at, null, "", i), on == null ? null : on.element(i));
                    if (replaced != null) {
                        array.set(i, replaced);
                    }
                }
            }
            case ValueType.MapOf map -> {
                if (!(value instanceof ObjectNode object)) {
                    throw wrongType(value, at, "map[string]" + goName(map.value()));
                }
                for (Map.Entry<String, JsonNode> entry : object.properties()) {
                    Place here = new Place(at, null, entry.getKey(), -1);
                    Repeats.Way way = member(on, entry.getKey());
                    tellRepeated(way, here);
                    JsonNode replaced = entry.getValue().isNull() ? emptyOf(map.value()) : value(entry.getValue(), map.value(), here, way);
                    if (replaced != null) {
                        entry.setValue(replaced);
                    }
                }
            }
        }
        return null;
    }

    /// A part of a schema that is one in its turn, or something else (`UnmarshalJSON` of `pkg/apis/apiextensions/v1/marshal.go` of apiextensions-apiserver). It is
    /// read apart, so that places are told from here on, and what is of neither form counts as left out.
    private @Nullable JsonNode schema(JsonNode value, ValueType.Scalar type) {
        ValueType within = type == ValueType.Scalar.SCHEMA_OR_NAMES ? ValueType.Scalar.STRING : new ValueType.Ref(SCHEMA);
        boolean outside = silent;
        silent = true;
        try {
            if (value instanceof ObjectNode object) {
                object(object, schema.get(SCHEMA), null, null);
                return null;
            }
            if (type == ValueType.Scalar.SCHEMA_OR_BOOLEAN) {
                if (!value.isBoolean()) {
                    throw new MalformedJsonException("boolean or JSON schema expected");
                }
                return null;
            }
            return value.isArray() ? value(value, new ValueType.ListOf(within), new Place(null, null, "", -1), null) : NullNode.getInstance();
        } finally {
            silent = outside;
        }
    }

    private static @Nullable JsonNode emptyOf(ValueType type) {
        return switch (type) {
            case ValueType.Scalar s when s == ValueType.Scalar.STRING || s == ValueType.Scalar.BYTES -> Json.text("");
            case ValueType.Scalar s when s == ValueType.Scalar.QUANTITY -> Json.text("0");
            case ValueType.Scalar _ -> null;
            case ValueType.ListOf _ -> Json.array();
            case ValueType.MapOf _, ValueType.Ref _ -> Json.object();
        };
    }

    private static @Nullable JsonNode scalar(JsonNode value, ValueType.Scalar type, Place at) {
        switch (type) {
            case SCHEMA_OR_LIST, SCHEMA_OR_BOOLEAN, SCHEMA_OR_NAMES, ANY -> {}
            case OPEN_OBJECT -> require(value.isObject(), value, at, "map[string]interface {}");
            case STRING -> require(value.isString(), value, at, "string");
            case BYTES -> {
                require(value.isString(), value, at, "[]uint8");
                int fault = Base64Text.fault(value.stringValue());
                if (fault >= 0) {
                    throw new MalformedJsonException("illegal base64 data at input byte " + fault + " (at " + at.text() + ")");
                }
            }
            case BOOLEAN -> require(value.isBoolean(), value, at, "bool");
            case NUMBER -> require(value.isNumber(), value, at, "float64");
            case INT32 -> {
                return integer(value, at, "int32", Integer.MIN_VALUE, Integer.MAX_VALUE);
            }
            case INT64 -> {
                return integer(value, at, "int64", Long.MIN_VALUE, Long.MAX_VALUE);
            }
            case INT_OR_STRING -> {
                if (!value.isString()) {
                    return integer(value, at, "int32", Integer.MIN_VALUE, Integer.MAX_VALUE);
                }
            }
            case TIME, MICRO_TIME -> {
                require(value.isString(), value, at, "string");
                try {
                    return Json.text(
                            type == ValueType.Scalar.TIME
                                    ? ApiTime.format(ApiTime.parse(value.stringValue()))
                                    : ApiTime.formatMicro(ApiTime.parse(value.stringValue())));
                } catch (IllegalArgumentException e) {
                    throw new MalformedJsonException(e.getMessage() + " (at " + at.text() + ")", e);
                }
            }
            case QUANTITY -> {
                require(value.isString() || value.isNumber(), value, at, "string");
                try {
                    String text = value.isString() ? value.stringValue() : plain(value.decimalValue());
                    return Json.text(Quantity.parse(text).settled());
                } catch (IllegalArgumentException e) {
                    throw new MalformedJsonException(
                            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' (at "
                                    + at.text() + ")");
                }
            }
        }
        return null;
    }

    /// A number as digits. One of a few characters can have a thousand million of them.
    private static String plain(BigDecimal number) {
        if (Math.abs((long) number.scale()) + number.precision() > MOST_DIGITS) {
            throw new IllegalArgumentException("a number of more than " + MOST_DIGITS + " digits");
        }
        return number.toPlainString();
    }

    private static @Nullable JsonNode integer(JsonNode value, Place at, String goType, long min, long max) {
        require(value.isNumber(), value, at, goType);
        if (value.isIntegralNumber()) {
            if (!value.canConvertToLong() || value.longValue() < min || value.longValue() > max) {
                throw new MalformedJsonException(
                        "json: cannot unmarshal number " + value.asString("") + " into Go struct field " + at.goText() + " of type " + goType);
            }
            return value.isInt() ? null : Json.integer(value.longValue());
        }
        BigDecimal exact = value.decimalValue().stripTrailingZeros();
        if (exact.scale() > 0
                || exact.compareTo(BigDecimal.valueOf(min)) < 0
                || exact.compareTo(BigDecimal.valueOf(max)) > 0) {
            throw new MalformedJsonException(
                    "json: cannot unmarshal number " + value.asString("") + " into Go struct field " + at.goText() + " of type " + goType);
        }
        return Json.integer(exact.longValueExact());
    }

    private static void require(boolean holds, JsonNode value, Place at, String goType) {
        if (!holds) {
            throw wrongType(value, at, goType);
        }
    }

    private static MalformedJsonException wrongType(JsonNode value, Place at, String goType) {
        String found = Json.typeName(value).equals("map") ? "object" : Json.typeName(value);
        return new MalformedJsonException(
                "json: cannot unmarshal " + found + " into Go struct field " + at.goText() + " of type " + goType(goType));
    }

    private static String goType(String type) {
        int marks = type.lastIndexOf(']') + 1;
        String base = type.substring(marks);
        int dot = base.lastIndexOf('.');
        if (dot < 0) {
            return type;
        }
        int group = base.lastIndexOf('.', dot - 1);
        return type.substring(0, marks) + base.substring(group + 1);
    }

    private static String goName(ValueType type) {
        return switch (type) {
            case ValueType.Ref ref -> ref.type();
            case ValueType.ListOf list -> "[]" + goName(list.item());
            case ValueType.MapOf map -> "map[string]" + goName(map.value());
            case ValueType.Scalar scalar -> switch (scalar) {
                case STRING, TIME, MICRO_TIME, QUANTITY, INT_OR_STRING -> "string";
                case BYTES -> "[]uint8";
                case INT32 -> "int32";
                case INT64 -> "int64";
                case NUMBER -> "float64";
                case BOOLEAN -> "bool";
                case SCHEMA_OR_LIST, SCHEMA_OR_BOOLEAN, SCHEMA_OR_NAMES, ANY, OPEN_OBJECT -> "interface {}";
            };
        };
    }
}
