package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// What is wrong with the columns that a version of a definition adds to tables.
final class ColumnCheck {
    private static final List<String> TYPES = List.of("boolean", "date", "integer", "number", "string");
    private static final List<String> FORMATS = List.of("byte", "date", "date-time", "double", "float", "int32", "int64", "password");

    private ColumnCheck() {}

    static void check(ObjectNode version, String at, List<FieldError> errors) {
        int i = 0;
        for (ObjectNode column : Json.objects(version, "additionalPrinterColumns")) {
            column(column, at + "[" + i++ + "]", errors);
        }
    }

    /// A path that cannot be read is none of the definition's faults: it shows nothing.
    private static void column(ObjectNode column, String at, List<FieldError> errors) {
        if (Json.string(column, "name").isEmpty()) {
            errors.add(FieldError.required(at + ".name", ""));
        }
        String type = Json.string(column, "type");
        String known = "must be one of " + String.join(",", TYPES);
        if (type.isEmpty()) {
            errors.add(FieldError.required(at + ".type", known));
        } else if (!TYPES.contains(type)) {
            errors.add(FieldError.invalid(at + ".type", type, known));
        }
        String format = Json.string(column, "format");
        if (!format.isEmpty() && !FORMATS.contains(format)) {
            errors.add(FieldError.invalid(at + ".format", format, "must be one of " + String.join(",", FORMATS)));
        }
        // The field's name is that of upstream's internal form.
        String path = Json.string(column, "jsonPath");
        if (path.isEmpty()) {
            errors.add(FieldError.required(at + ".JSONPath", ""));
        } else if (!path.startsWith(".")) {
            errors.add(FieldError.invalid(at + ".JSONPath", path, "must be a simple json path starting with ."));
        }
    }
}
