package io.hypernetes.objects.apply;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.schema.Schema;
import io.hypernetes.objects.schema.SchemaField;
import io.hypernetes.objects.schema.SchemaType;
import io.hypernetes.objects.schema.ValueType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The shapes of the built-in types, from the field table. Thread-safe.
public final class SchemaShapes {
    /// Types whose values have one owner: references and selectors, of which half would mean something else. The field table
    /// says this of fields only.
    private static final Set<String> ATOMIC = Set.of(
            "admissionregistration.v1.MatchResources",
            "admissionregistration.v1.NamedRuleWithOperations",
            "admissionregistration.v1.ParamKind",
            "admissionregistration.v1.ParamRef",
            "autoscaling.v1.CrossVersionObjectReference",
            "core.v1.ConfigMapKeySelector",
            "core.v1.EndpointAddress",
            "core.v1.EndpointPort",
            "core.v1.FileKeySelector",
            "core.v1.LocalObjectReference",
            "core.v1.NodeSelector",
            "core.v1.NodeSelectorTerm",
            "core.v1.ObjectFieldSelector",
            "core.v1.ObjectReference",
            "core.v1.ResourceFieldSelector",
            "core.v1.ScopeSelector",
            "core.v1.ScopedResourceSelectorRequirement",
            "core.v1.SecretKeySelector",
            "core.v1.SecretReference",
            "core.v1.TopologySelectorTerm",
            "core.v1.TypedLocalObjectReference",
            "discovery.v1.EndpointPort",
            "meta.v1.LabelSelector",
            "meta.v1.OwnerReference",
            "networking.v1.ServiceBackendPort",
            "rbac.v1.RoleRef",
            "rbac.v1.Subject",
            "storage.v1.TokenRequest");

    private final Schema schema;
    private final Map<String, Shape> types = new ConcurrentHashMap<>();

    public SchemaShapes(Schema schema) {
        this.schema = schema;
    }

    /// The shape of a named type, such as `core.v1.Pod`; of one nobody knows the deduced one.
    public Shape of(String type) {
        Shape known = types.get(type);
        if (known == null) {
            SchemaType found = schema.find(type);
            known = found == null ? Shape.Deduced.DEDUCED : ATOMIC.contains(type) ? Shape.Whole.WHOLE : new TypeShape(found);
            types.put(type, known);
        }
        return known;
    }

    private Shape divided(ValueType value, @Nullable SchemaField field) {
        String division = field == null ? "" : field.listType();
        return switch (value) {
            case ValueType.Scalar _ -> Shape.Whole.WHOLE;
            case ValueType.Ref ref -> division.equals("atomic") ? Shape.Whole.WHOLE : of(ref.type());
            case ValueType.MapOf map ->
                division.equals("atomic") ? Shape.Whole.WHOLE : new MapShape(divided(map.value(), null));
            case ValueType.ListOf list ->
                switch (division) {
                    case "set" -> new Shape.SetOf();
                    case "map" -> keyed(list, field == null ? List.of() : field.mapKeys());
                    default -> Shape.Whole.WHOLE;
                };
        };
    }

    private Shape keyed(ValueType.ListOf list, List<String> keys) {
        Map<String, JsonNode> defaults = new LinkedHashMap<>();
        if (keys.contains("protocol")) {
            defaults.put("protocol", Json.text("TCP"));
        }
        return new Shape.Keyed(keys, defaults, divided(list.item(), null));
    }

    private final class TypeShape implements Shape.Fields {
        private final SchemaType type;
        private final Map<String, Shape> members = new ConcurrentHashMap<>();

        TypeShape(SchemaType type) {
            this.type = type;
        }

        @Override
        public Shape field(String name) {
            Shape known = members.get(name);
            if (known == null) {
                SchemaField field = type.field(name);
                if (field == null) {
                    // Not kept: names that nobody declared are a client's to invent.
                    return Shape.Deduced.DEDUCED;
                }
                known = divided(field.type(), field);
                members.put(name, known);
            }
            return known;
        }

        @Override
        public boolean declares(String name) {
            return type.field(name) != null;
        }

        @Override
        public String toString() {
            return type.name();
        }
    }

    private record MapShape(Shape entry) implements Shape.Fields {
        @Override
        public Shape field(String name) {
            return entry;
        }

        @Override
        public boolean declares(String name) {
            return false;
        }
    }
}
