package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.node.ObjectNode;

/// What is wrong with the fields by which objects of a version can be selected.
final class SelectableCheck {
    private static final int MOST = 8;
    private static final List<String> TYPES = List.of("string", "boolean", "integer");

    private SelectableCheck() {}

    static void check(ObjectNode version, String at, List<FieldError> errors) {
        CustomSchema schema =
                CustomSchema.of(version.path("schema").get("openAPIV3Schema") instanceof ObjectNode given ? given : Json.object());
        Set<String> seen = new HashSet<>();
        int i = 0;
        for (ObjectNode field : Json.objects(version, "selectableFields")) {
            String fieldAt = at + "[" + i++ + "].jsonPath";
            String text = Json.string(field, "jsonPath");
            if (text.isEmpty()) {
                errors.add(FieldError.required(fieldAt, ""));
                continue;
            }
            try {
                field(FieldPath.find(text, schema, false), text, fieldAt, seen, errors);
            } catch (IllegalArgumentException e) {
                errors.add(FieldError.invalid(fieldAt, text, "is an invalid path: " + e.getMessage()));
            }
        }
        if (seen.size() > MOST) {
            errors.add(FieldError.tooMany(at, seen.size(), MOST));
        }
    }

    private static void field(FieldPath path, String text, String at, Set<String> seen, List<FieldError> errors) {
        if (path.names().getFirst().equals("metadata")) {
            errors.add(FieldError.invalid(at, text, "must not point to fields in metadata"));
        }
        if (!TYPES.contains(path.schema().type())) {
            errors.add(FieldError.invalid(
                    at,
                    text,
                    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."));
        }
        if (!seen.add(path.text())) {
            errors.add(FieldError.duplicate(at, text));
        }
    }
}
