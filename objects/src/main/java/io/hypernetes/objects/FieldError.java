package io.hypernetes.objects;

import java.util.List;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// One thing wrong with one field: a cause in a Status of reason Invalid.
///
/// @param path the field, such as `spec.containers[0].name`
/// @param reason the machine-readable cause
/// @param message the sentence without the path, such as `Required value`
public record FieldError(String path, Reason reason, String message) {
    /// The path of what is wrong with an object as a whole, as upstream spells it.
    public static final String WHOLE_OBJECT = "<nil>";

    /// The closed set of causes, spelled in Status objects as [#text] says.
    public enum Reason {
        REQUIRED("FieldValueRequired"),
        INVALID("FieldValueInvalid"),
        TYPE_INVALID("FieldValueTypeInvalid"),
        NOT_SUPPORTED("FieldValueNotSupported"),
        FORBIDDEN("FieldValueForbidden"),
        DUPLICATE("FieldValueDuplicate"),
        NOT_FOUND("FieldValueNotFound"),
        TOO_LONG("FieldValueTooLong"),
        TOO_MANY("FieldValueTooMany"),
        INTERNAL("InternalError");

        private final String text;

        Reason(String text) {
            this.text = text;
        }

        /// The spelling in the API.
        public String text() {
            return text;
        }
    }

    /// A value must be given.
    public static FieldError required(String path, String detail) {
        return new FieldError(path, Reason.REQUIRED, detail.isEmpty() ? "Required value" : "Required value: " + detail);
    }

    /// A value is of the right type but wrong.
    public static FieldError invalid(String path, JsonNode value, String detail) {
        return new FieldError(path, Reason.INVALID, "Invalid value: " + shown(value) + ": " + detail);
    }

    /// A value is wrong that is too large to be shown.
    public static FieldError invalidUnshown(String path, String detail) {
        return new FieldError(path, Reason.INVALID, "Invalid value: " + detail);
    }

    /// A text is wrong.
    public static FieldError invalid(String path, String value, String detail) {
        return new FieldError(path, Reason.INVALID, "Invalid value: " + quoted(value) + ": " + detail);
    }

    /// A number is wrong.
    public static FieldError invalid(String path, long value, String detail) {
        return new FieldError(path, Reason.INVALID, "Invalid value: " + value + ": " + detail);
    }

    /// A value is of the wrong type.
    public static FieldError typeInvalid(String path, String typeName, String detail) {
        return new FieldError(path, Reason.TYPE_INVALID, "Invalid value: " + quoted(typeName) + ": " + detail);
    }

    /// A value is not one of a closed set, whose members are told in their order, as upstream's `field.NotSupported` does.
    public static FieldError notSupported(String path, String value, List<String> supported) {
        return notSupported(path, Json.text(value), supported);
    }

    /// A value of several members is not one of a closed set, or a part of it.
    public static FieldError notSupported(String path, JsonNode value, List<String> supported) {
        String list = supported.stream().map(FieldError::quoted).collect(Collectors.joining(", "));
        return new FieldError(
                path,
                Reason.NOT_SUPPORTED,
                "Unsupported value: " + shown(value) + (list.isEmpty() ? "" : ": supported values: " + list));
    }

    /// A value may not be given or changed here.
    public static FieldError forbidden(String path, String detail) {
        return new FieldError(path, Reason.FORBIDDEN, "Forbidden: " + detail);
    }

    /// A value that must be unique occurs twice.
    public static FieldError duplicate(String path, String value) {
        return new FieldError(path, Reason.DUPLICATE, "Duplicate value: " + quoted(value));
    }

    /// A value of several members that must be unique occurs twice.
    public static FieldError duplicate(String path, JsonNode value) {
        return new FieldError(path, Reason.DUPLICATE, "Duplicate value: " + shown(value));
    }

    /// A value that must be unique occurs twice, and is too large to be shown.
    public static FieldError duplicateUnshown(String path) {
        return new FieldError(path, Reason.DUPLICATE, "Duplicate value");
    }

    /// A value names a thing that is not there.
    public static FieldError notFound(String path, String value) {
        return new FieldError(path, Reason.NOT_FOUND, "Not found: " + quoted(value));
    }

    /// Something failed that should not have, while a value was looked at.
    public static FieldError internal(String path, String detail) {
        return new FieldError(path, Reason.INTERNAL, "Internal error: " + detail);
    }

    /// A text exceeds `maxBytes`.
    public static FieldError tooLong(String path, int maxBytes) {
        return new FieldError(path, Reason.TOO_LONG, "Too long: may not be more than " + maxBytes + " bytes");
    }

    /// A list exceeds `maxItems`.
    public static FieldError tooMany(String path, int actual, int maxItems) {
        return new FieldError(
                path, Reason.TOO_MANY, "Too many: " + actual + ": must have at most " + maxItems + " items");
    }

    /// Path and message: `spec.x: Required value`.
    public String text() {
        return path + ": " + message;
    }

    /// Values of several members are printed as Go's encoding/json does, which escapes what HTML would take for its own.
    private static String shown(JsonNode value) {
        return value.isString()
                ? quoted(value.stringValue())
                : Json.print(value).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026");
    }

    /// A text as Go quotes it.
    public static String quoted(String value) {
        StringBuilder out = new StringBuilder(value.length() + 2).append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\t' -> out.append("\\t");
                case '\r' -> out.append("\\r");
                default -> {
                    if (c < 0x20 || c == 0x7f) {
                        out.append(String.format("\\x%02x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        return out.append('"').toString();
    }
}
