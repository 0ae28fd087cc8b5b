package io.hypernetes.objects.crd;

import io.hypernetes.objects.apply.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// How ownership divides custom resources, by their structural schema.
final class CustomShapes {
    private CustomShapes() {}

    /// The shape of a whole object.
    ///
    /// @param metadata the shape of its metadata
    static Shape object(CustomSchema schema, Shape metadata) {
        Shape.Fields fields = new SchemaFields(schema);
        return new Shape.Fields() {
            @Override
            public Shape field(String name) {
                return switch (name) {
                    case "metadata" -> metadata;
                    case "apiVersion", "kind" -> Shape.Whole.WHOLE;
                    default -> fields.field(name);
                };
            }

            @Override
            public boolean declares(String name) {
                return name.equals("metadata") || name.equals("apiVersion") || name.equals("kind") || fields.declares(name);
            }
        };
    }

    private static Shape divided(CustomSchema schema) {
        switch (schema.type()) {
            case "array" -> {
                CustomSchema items = schema.items();
                if (schema.listType().equals("set")) {
                    return new Shape.SetOf();
                }
                if (schema.listType().equals("map") && items != null) {
                    Map<String, JsonNode> defaults = new LinkedHashMap<>();
                    for (String key : schema.mapKeys()) {
                        CustomSchema property = items.properties().get(key);
                        JsonNode fallback = property == null ? null : property.defaultValue();
                        if (fallback != null) {
                            defaults.put(key, fallback);
                        }
                    }
                    return new Shape.Keyed(schema.mapKeys(), defaults, divided(items));
                }
                return Shape.Whole.WHOLE;
            }
            case "object" -> {
                return schema.mapType().equals("atomic") ? Shape.Whole.WHOLE : new SchemaFields(schema);
            }
            default -> {
                return schema.keepsUnknown() ? Shape.Deduced.DEDUCED : Shape.Whole.WHOLE;
            }
        }
    }

    private record SchemaFields(CustomSchema schema) implements Shape.Fields {
        @Override
        public Shape field(String name) {
            CustomSchema member = schema.member(name);
            return member == null ? Shape.Deduced.DEDUCED : divided(member);
        }

        @Override
        public boolean declares(String name) {
            return schema.properties().containsKey(name);
        }
    }
}
