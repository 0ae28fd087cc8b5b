package io.hypernetes.objects.cel;

import com.google.errorprone.annotations.Immutable;
import dev.cel.common.exceptions.CelAttributeNotFoundException;
import dev.cel.common.types.CelType;
import dev.cel.common.types.StructTypeReference;
import dev.cel.common.values.CelValueProvider;
import dev.cel.common.values.StructValue;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// An object that an expression made: `Object{…}`, `Object.spec{…}` or `JSONPatch{…}`. Immutable.
@Immutable
@SuppressWarnings("Immutable") // Its members are values of the language, and what holds them is never changed.
final class Constructed extends StructValue<String, Constructed> {
    /// The type of a whole object; those of its parts are named after their paths.
    static final String OBJECT = "Object";

    static final String JSON_PATCH = "JSONPatch";

    /// Makes them for the language.
    static final CelValueProvider PROVIDER =
            (type, fields) -> isKnown(type) ? Optional.of(new Constructed(type, fields)) : Optional.empty();

    private final String type;
    private final Map<String, Object> fields;

    private Constructed(String type, Map<String, Object> fields) {
        this.type = type;
        this.fields = fields;
    }

    static boolean isKnown(String type) {
        return type.equals(JSON_PATCH) || type.equals(OBJECT) || type.startsWith(OBJECT + ".");
    }

    String type() {
        return type;
    }

    Map<String, Object> fields() {
        return fields;
    }

    @Override
    public Constructed value() {
        return this;
    }

    @Override
    public boolean isZeroValue() {
        return fields.isEmpty();
    }

    @Override
    public CelType celType() {
        return StructTypeReference.create(type);
    }

    @Override
    public Object select(String field) {
        var found = fields.get(field);
        if (found != null) {
            return found;
        }
        if (type.equals(JSON_PATCH) && !field.equals("value")) {
            return "";
        }
        throw CelAttributeNotFoundException.of("no such field: " + field);
    }

    @Override
    public Optional<Object> find(String field) {
        return Optional.ofNullable(fields.get(field));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Constructed made && made.type.equals(type) && made.fields.equals(fields);
    }

    @Override
    public int hashCode() {
        return fields.hashCode();
    }

    @Override
    public String toString() {
        return type + " of " + fields.size();
    }
}
