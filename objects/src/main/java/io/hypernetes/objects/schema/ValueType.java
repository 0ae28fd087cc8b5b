package io.hypernetes.objects.schema;

/// What may stand at a place in an object.
public sealed interface ValueType {
    /// A single value.
    enum Scalar implements ValueType {
        STRING,
        /// Base64 text.
        BYTES,
        /// RFC 3339 text or null.
        TIME,
        /// RFC 3339 text with microseconds, or null.
        MICRO_TIME,
        /// A quantity: text, or a plain number that becomes text.
        QUANTITY,
        INT32,
        INT64,
        NUMBER,
        BOOLEAN,
        INT_OR_STRING,
        /// A schema of a definition, or a list of such.
        SCHEMA_OR_LIST,
        /// A schema of a definition, or whether anything may stand there.
        SCHEMA_OR_BOOLEAN,
        /// A schema of a definition, or a list of names.
        SCHEMA_OR_NAMES,
        /// Anything at all.
        ANY,
        /// Any object; its members are not ours to know.
        OPEN_OBJECT
    }

    /// A list.
    record ListOf(ValueType item) implements ValueType {}

    /// An object whose member names are data.
    record MapOf(ValueType value) implements ValueType {}

    /// An object of a named type, such as `core.v1.PodSpec`.
    record Ref(String type) implements ValueType {}

    /// Reads the notation of the field table.
    static ValueType parse(String text) {
        if (text.startsWith("[")) {
            return new ListOf(parse(text.substring(1, text.length() - 1)));
        }
        if (text.startsWith("{")) {
            return new MapOf(parse(text.substring(1, text.length() - 1)));
        }
        return switch (text) {
            case "" -> Scalar.ANY;
            case "string" -> Scalar.STRING;
            case "string:byte" -> Scalar.BYTES;
            case "string:date-time", "meta.v1.Time" -> Scalar.TIME;
            case "meta.v1.MicroTime" -> Scalar.MICRO_TIME;
            case "api.resource.Quantity" -> Scalar.QUANTITY;
            case "util.intstr.IntOrString" -> Scalar.INT_OR_STRING;
            case "integer:int32" -> Scalar.INT32;
            case "integer:int64" -> Scalar.INT64;
            case "number:double" -> Scalar.NUMBER;
            case "boolean" -> Scalar.BOOLEAN;
            case "object", "runtime.RawExtension", "meta.v1.FieldsV1", "meta.v1.Patch" -> Scalar.OPEN_OBJECT;
            case "apiextensions.v1.JSON" -> Scalar.ANY;
            case "apiextensions.v1.JSONSchemaPropsOrArray" -> Scalar.SCHEMA_OR_LIST;
            case "apiextensions.v1.JSONSchemaPropsOrBool" -> Scalar.SCHEMA_OR_BOOLEAN;
            case "apiextensions.v1.JSONSchemaPropsOrStringArray" -> Scalar.SCHEMA_OR_NAMES;
            default -> {
                if (!text.contains(".")) {
                    throw new IllegalArgumentException("unknown value type in the field table: " + text);
                }
                yield new Ref(text);
            }
        };
    }
}
