package io.hypernetes.objects.schema;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One field of a type.
///
/// @param listType `atomic`, `set`, `map` or `granular`; empty when the API says nothing
/// @param mapKeys for `listType` map: the fields that together identify an item, in order
/// @param mergeKey for strategic merge of lists of objects: the field that identifies an item; empty for none
/// @param patchStrategies any of `merge`, `replace`, `retainKeys`
/// @param values the only values that the field, or each item of its list, may have; empty when it may have others
public record SchemaField(
        String name,
        ValueType type,
        boolean required,
        String listType,
        List<String> mapKeys,
        String mergeKey,
        Set<String> patchStrategies,
        List<String> values) {
    /// The named type of the value, of a list's items or of a map's values; null when there is none.
    public @Nullable String refersTo() {
        return refersTo(type);
    }

    static @Nullable String refersTo(ValueType type) {
        return switch (type) {
            case ValueType.Ref ref -> ref.type();
            case ValueType.ListOf list -> refersTo(list.item());
            case ValueType.MapOf map -> refersTo(map.value());
            case ValueType.Scalar _ -> null;
        };
    }
}
