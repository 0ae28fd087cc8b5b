package io.hypernetes.objects.cel;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.schema.Schema;
import io.hypernetes.objects.schema.SchemaType;
import io.hypernetes.objects.schema.ValueType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// Whole objects as types of the language, as far as they are known by their form. What is only known by a format (times, bytes), what may be of two forms, and
/// what has members that the language cannot name is of any type: a check by these types complains of nothing that would be right. Not thread-safe.
public final class ObjectTypes {
    private static final String METADATA = "meta.v1.ObjectMeta";
    private static final Pattern NAME = Pattern.compile("[_a-zA-Z][_a-zA-Z0-9]*");

    private final Schema schema;
    private final Map<String, CelType> structs = new LinkedHashMap<>();

    /// @param schema of the built-in types
    public ObjectTypes(Schema schema) {
        this.schema = schema;
    }

    /// All types made so far that have fields.
    List<CelType> structs() {
        return List.copyOf(structs.values());
    }

    /// The type of the objects of a built-in kind.
    ///
    /// @param name such as `core.v1.Pod`
    @SuppressWarnings("Immutable") // What a type's fields are is settled before anybody sees it.
    public CelType builtIn(String name) {
        CelType known = structs.get(name);
        if (known != null) {
            return known;
        }
        SchemaType type = schema.find(name);
        if (type == null || type.fields().isEmpty() || !type.fields().keySet().stream().allMatch(field -> NAME.matcher(field).matches())) {
            return SimpleType.DYN;
        }
        // Types may have fields of their own type, so the fields are looked up when they are asked for.
        CelType made = StructType.create(name, ImmutableSet.copyOf(type.fields().keySet()), field -> Optional.ofNullable(type.field(field)).map(each -> of(each.type())));
        structs.put(name, made);
        type.fields().values().forEach(field -> of(field.type()));
        return made;
    }

    /// The type of the objects of a defined kind.
    ///
    /// @param published its schema
    public CelType defined(JsonNode published) {
        Map<String, CelType> fields = fields(published);
        fields.put("apiVersion", SimpleType.STRING);
        fields.put("kind", SimpleType.STRING);
        fields.put("metadata", builtIn(METADATA));
        return struct(fields);
    }

    private CelType of(ValueType type) {
        return switch (type) {
            case ValueType.Ref ref -> builtIn(ref.type());
            case ValueType.ListOf list -> ListType.create(of(list.item()));
            case ValueType.MapOf map -> MapType.create(SimpleType.STRING, of(map.value()));
            case ValueType.Scalar scalar -> switch (scalar) {
                case STRING, QUANTITY -> SimpleType.STRING;
                case INT32, INT64 -> SimpleType.INT;
                case NUMBER -> SimpleType.DOUBLE;
                case BOOLEAN -> SimpleType.BOOL;
                case BYTES, TIME, MICRO_TIME, INT_OR_STRING, SCHEMA_OR_LIST, SCHEMA_OR_BOOLEAN, SCHEMA_OR_NAMES, ANY, OPEN_OBJECT -> SimpleType.DYN;
            };
        };
    }

    private CelType of(JsonNode node) {
        for (String mark : List.of("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource")) {
            if (Json.flag(node, mark)) {
                return SimpleType.DYN;
            }
        }
        return switch (Json.string(node, "type")) {
            case "object" -> node.path("additionalProperties").isObject()
                    ? MapType.create(SimpleType.STRING, of(node.path("additionalProperties")))
                    : node.path("properties").isEmpty() ? SimpleType.DYN : struct(fields(node));
            case "array" -> ListType.create(of(node.path("items")));
            case "integer" -> SimpleType.INT;
            case "number" -> SimpleType.DOUBLE;
            case "boolean" -> SimpleType.BOOL;
            case "string" -> node.has("format") ? SimpleType.DYN : SimpleType.STRING;
            default -> SimpleType.DYN;
        };
    }

    private Map<String, CelType> fields(JsonNode node) {
        Map<String, CelType> fields = new LinkedHashMap<>();
        node.path("properties").properties().forEach(property -> fields.put(property.getKey(), of(property.getValue())));
        return fields;
    }

    private CelType struct(Map<String, CelType> fields) {
        if (!fields.keySet().stream().allMatch(field -> NAME.matcher(field).matches())) {
            return SimpleType.DYN;
        }
        ImmutableMap<String, CelType> copy = ImmutableMap.copyOf(fields);
        String name = "object" + structs.size();
        CelType made = StructType.create(name, copy.keySet(), field -> Optional.ofNullable(copy.get(field)));
        structs.put(name, made);
        return made;
    }
}
