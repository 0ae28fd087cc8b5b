package io.hypernetes.objects.openapi;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.schema.Schema;
import io.hypernetes.objects.schema.SchemaField;
import io.hypernetes.objects.schema.SchemaType;
import io.hypernetes.objects.schema.ValueType;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Collects the schemas that a document refers to, transitively. One use each.
final class Components {
    private static final String META = "io.k8s.apimachinery.pkg.apis.meta.v1.";
    private static final String QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    private static final String INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
    private static final String RAW = "io.k8s.apimachinery.pkg.runtime.RawExtension";

    private final Schema schema;
    private final Descriptions descriptions;
    private final Map<String, String> typeByPublicName = new HashMap<>();
    private final Map<String, ObjectNode> built = new TreeMap<>();
    private final Deque<String> waiting = new ArrayDeque<>();

    Components(Schema schema, Descriptions descriptions) {
        this.schema = schema;
        this.descriptions = descriptions;
        schema.types().keySet().forEach(type -> typeByPublicName.put(publicName(type), type));
    }

    /// The name under which OpenAPI documents of Kubernetes publish a type.
    static String publicName(String type) {
        if (type.startsWith("custom:")) {
            return type.substring("custom:".length());
        }
        if (type.startsWith("hypernetes.")) {
            return "io.hypernetes." + type.substring("hypernetes.".length());
        }
        if (type.startsWith("meta.v1.")) {
            return META + type.substring("meta.v1.".length());
        }
        if (type.startsWith("api.resource.") || type.startsWith("util.intstr.") || type.startsWith("runtime.") || type.startsWith("version.")) {
            return "io.k8s.apimachinery.pkg." + type;
        }
        if (type.startsWith("apiextensions.")) {
            return "io.k8s.apiextensions-apiserver.pkg.apis." + type;
        }
        if (type.startsWith("apiregistration.")) {
            return "io.k8s.kube-aggregator.pkg.apis." + type;
        }
        return "io.k8s.api." + type;
    }

    static ObjectNode reference(String publicName) {
        return Json.object().put("$ref", "#/components/schemas/" + publicName);
    }

    /// Notes that the document refers to a type by its public name.
    void use(String publicName) {
        if (!built.containsKey(publicName)) {
            built.put(publicName, Json.object());
            waiting.add(publicName);
        }
    }

    ObjectNode build(List<Kind> kinds) {
        Map<String, ObjectNode> gvks = new HashMap<>();
        for (Kind kind : kinds) {
            gvks.put(kind.type().schemaType(), gvk(kind, kind.type().kind()));
            gvks.put(kind.type().schemaType() + "List", gvk(kind, kind.type().listKind()));
            use(publicName(kind.type().schemaType()));
        }
        Map<String, ObjectNode> custom = custom(kinds);
        for (String name = waiting.poll(); name != null; name = waiting.poll()) {
            String type = typeByPublicName.get(name);
            ObjectNode given = custom.get(name);
            if (given != null) {
                built.put(name, given);
                continue;
            }
            ObjectNode node = type == null ? leaf(name) : object(schema.get(type));
            if (type != null && gvks.get(type) != null) {
                node.putArray("x-kubernetes-group-version-kind").add(gvks.get(type));
            }
            built.put(name, node);
        }
        ObjectNode all = Json.object();
        built.forEach(all::set);
        return all;
    }

    /// What the definitions of custom kinds say, and their lists.
    private Map<String, ObjectNode> custom(List<Kind> kinds) {
        Map<String, ObjectNode> custom = new HashMap<>();
        for (Kind kind : kinds) {
            ObjectNode published = kind.publishedSchema();
            if (published == null) {
                continue;
            }
            String name = publicName(kind.type().schemaType());
            ObjectNode properties = Json.child(published, "properties");
            properties.set("metadata", Json.object().set("allOf", Json.array().add(reference(META + "ObjectMeta"))));
            published.putArray("x-kubernetes-group-version-kind").add(gvk(kind, kind.type().kind()));
            custom.put(name, published);
            ObjectNode list = Json.object().put("type", "object");
            list.putArray("required").add("items");
            ObjectNode members = list.putObject("properties");
            members.putObject("apiVersion").put("type", "string");
            members.putObject("kind").put("type", "string");
            members.putObject("metadata").putArray("allOf").add(reference(META + "ListMeta"));
            members.putObject("items").put("type", "array").set("items", reference(name));
            list.putArray("x-kubernetes-group-version-kind").add(gvk(kind, kind.type().listKind()));
            custom.put(name + "List", list);
            use(META + "ObjectMeta");
            use(META + "ListMeta");
        }
        return custom;
    }

    private static ObjectNode gvk(Kind kind, String name) {
        return Json.object()
                .put("group", kind.type().group())
                .put("kind", name)
                .put("version", kind.type().version());
    }

    private ObjectNode object(SchemaType type) {
        ObjectNode node = Json.object();
        describe(node, descriptions.ofType(type.name()));
        node.put("type", "object");
        ArrayNode required = Json.array();
        ObjectNode properties = Json.object();
        for (SchemaField field : type.fields().values()) {
            if (field.required()) {
                required.add(field.name());
            }
            // Of the types that are read as open objects the only one that is published under a name of its own.
            ObjectNode property = field.name().equals("fieldsV1") ? allOf(META + "FieldsV1") : value(field.type());
            if (field.type() instanceof ValueType.ListOf list && list.item() instanceof ValueType.Ref) {
                ((ObjectNode) property.path("items")).set("default", Json.object());
            }
            extensions(property, field);
            String text = descriptions.ofField(type.name(), field.name());
            // A field that is nothing but its type says what the type says.
            describe(property, text.isEmpty() && field.type() instanceof ValueType.Ref ref ? descriptions.ofType(ref.type()) : text);
            properties.set(field.name(), property);
        }
        if (!required.isEmpty()) {
            node.set("required", required);
        }
        node.set("properties", properties);
        return node;
    }

    private static void describe(ObjectNode node, String text) {
        if (!text.isEmpty()) {
            node.put("description", text);
        }
    }

    private static void extensions(ObjectNode property, SchemaField field) {
        if (!field.values().isEmpty()) {
            ObjectNode one = field.type() instanceof ValueType.ListOf ? (ObjectNode) property.path("items") : property;
            ArrayNode values = one.putArray("enum");
            field.values().forEach(values::add);
        }
        if (!field.listType().isEmpty()) {
            property.put(
                    field.type() instanceof ValueType.ListOf ? "x-kubernetes-list-type" : "x-kubernetes-map-type", field.listType());
        }
        if (!field.mapKeys().isEmpty()) {
            ArrayNode keys = property.putArray("x-kubernetes-list-map-keys");
            field.mapKeys().forEach(keys::add);
        }
        if (!field.mergeKey().isEmpty()) {
            property.put("x-kubernetes-patch-merge-key", field.mergeKey());
        }
        if (!field.patchStrategies().isEmpty()) {
            List<String> order = List.of("merge", "replace", "retainKeys").stream()
                    .filter(field.patchStrategies()::contains)
                    .toList();
            property.put("x-kubernetes-patch-strategy", String.join(",", order));
        }
    }

    private ObjectNode value(ValueType type) {
        return switch (type) {
            case ValueType.Ref ref -> allOf(publicName(ref.type()));
            case ValueType.ListOf list -> {
                ObjectNode node = Json.object().put("type", "array");
                node.set("items", value(list.item()));
                yield node;
            }
            case ValueType.MapOf map -> {
                ObjectNode node = Json.object().put("type", "object");
                node.set("additionalProperties", value(map.value()));
                yield node;
            }
            case ValueType.Scalar scalar -> scalar(scalar);
        };
    }

    private ObjectNode scalar(ValueType.Scalar scalar) {
        return switch (scalar) {
            case STRING -> Json.object().put("type", "string");
            case BYTES -> Json.object().put("type", "string").put("format", "byte");
            case INT32 -> Json.object().put("type", "integer").put("format", "int32");
            case INT64 -> Json.object().put("type", "integer").put("format", "int64");
            case NUMBER -> Json.object().put("type", "number").put("format", "double");
            case BOOLEAN -> Json.object().put("type", "boolean");
            case TIME -> allOf(META + "Time");
            case MICRO_TIME -> allOf(META + "MicroTime");
            case QUANTITY -> allOf(QUANTITY);
            case INT_OR_STRING -> allOf(INT_OR_STRING);
            case OPEN_OBJECT -> allOf(RAW);
            case SCHEMA_OR_LIST, SCHEMA_OR_BOOLEAN, SCHEMA_OR_NAMES, ANY -> Json.object();
        };
    }

    private ObjectNode allOf(String publicName) {
        use(publicName);
        ObjectNode node = Json.object();
        node.putArray("allOf").add(reference(publicName));
        return node;
    }

    private static ObjectNode leaf(String name) {
        return switch (name) {
            case META + "Time", META + "MicroTime" -> Json.object().put("type", "string").put("format", "date-time");
            case QUANTITY -> {
                ObjectNode node = Json.object();
                ArrayNode choices = node.putArray("oneOf");
                choices.addObject().put("type", "string");
                choices.addObject().put("type", "number");
                yield node;
            }
            case INT_OR_STRING -> {
                ObjectNode node = Json.object();
                node.put("format", "int-or-string");
                ArrayNode choices = node.putArray("oneOf");
                choices.addObject().put("type", "integer");
                choices.addObject().put("type", "string");
                yield node;
            }
            default -> Json.object().put("type", "object");
        };
    }
}
