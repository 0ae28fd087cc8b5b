package io.hypernetes.objects.schema;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A named object type and its fields, in the table's order.
///
/// @param name such as `core.v1.PodSpec`
public record SchemaType(String name, Map<String, SchemaField> fields) {
    /// The field, or null when the type has none by that name.
    public @Nullable SchemaField field(String fieldName) {
        return fields.get(fieldName);
    }
}
