package io.hypernetes.objects.crd;

import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import dev.cel.common.values.CelByteString;
import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Values;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Schemas as types of the rule language, and objects as values of them. Names that the language cannot say are escaped; a null
/// counts as absent. Made once a schema; afterwards thread-safe.
final class RuleTypes {
    private static final int LONGEST_DURATION = 100;

    private static final Set<String> RESERVED = Set.of(
            "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
            "loop", "package", "namespace", "return", "var", "void", "while");

    private final Map<CustomSchema, CelType> types = new IdentityHashMap<>();
    private final List<CelType> structs = new ArrayList<>();

    /// @param root the schema of a whole object
    RuleTypes(CustomSchema root) {
        type(root, true);
    }

    /// All object types.
    List<CelType> structs() {
        return structs;
    }

    /// The type of values at a node of the schema.
    CelType of(CustomSchema schema) {
        CelType type = types.get(schema);
        return type == null ? SimpleType.DYN : type;
    }

    private CelType type(CustomSchema schema, boolean resource) {
        CelType made = make(schema, resource);
        types.put(schema, made);
        return made;
    }

    private CelType make(CustomSchema schema, boolean resource) {
        if (schema.intOrString()) {
            return SimpleType.DYN;
        }
        return switch (schema.type()) {
            case "object" -> {
                CustomSchema additional = schema.additional();
                if (additional != null) {
                    yield MapType.create(SimpleType.STRING, type(additional, additional.embedded()));
                }
                if (schema.properties().isEmpty() && !resource) {
                    yield SimpleType.DYN;
                }
                Map<String, CelType> fields = new LinkedHashMap<>();
                schema.properties().forEach((name, property) -> fields.put(escaped(name), type(property, property.embedded())));
                if (resource) {
                    fields.put("apiVersion", SimpleType.STRING);
                    fields.put("kind", SimpleType.STRING);
                    fields.put("metadata", struct(Map.of("name", SimpleType.STRING, "generateName", SimpleType.STRING)));
                }
                yield struct(fields);
            }
            case "array" -> {
                CustomSchema items = schema.items();
                yield ListType.create(items == null ? SimpleType.DYN : type(items, items.embedded()));
            }
            case "integer" -> SimpleType.INT;
            case "number" -> SimpleType.DOUBLE;
            case "boolean" -> SimpleType.BOOL;
            case "string" -> switch (Json.string(schema.source(), "format")) {
                case "date-time", "date" -> SimpleType.TIMESTAMP;
                case "duration" -> SimpleType.DURATION;
                case "byte" -> SimpleType.BYTES;
                default -> SimpleType.STRING;
            };
            default -> SimpleType.DYN;
        };
    }

    private CelType struct(Map<String, CelType> fields) {
        ImmutableMap<String, CelType> copy = ImmutableMap.copyOf(fields);
        CelType struct = StructType.create(
                "object" + structs.size(), ImmutableSet.copyOf(copy.keySet()), name -> Optional.ofNullable(copy.get(name)));
        structs.add(struct);
        return struct;
    }

    /// A name as the language can say it.
    static String escaped(String name) {
        if (RESERVED.contains(name)) {
            return "__" + name + "__";
        }
        return name.replace("__", "__underscores__").replace(".", "__dot__").replace("-", "__dash__").replace("/", "__slash__");
    }

    /// An object as a value.
    static Object value(JsonNode node, @Nullable CustomSchema schema, boolean resource) {
        if (schema == null || schema.intOrString()) {
            return Values.of(node);
        }
        if (node.isObject()) {
            Map<String, Object> map = Values.map(node.size());
            boolean data = schema.additional() != null || (schema.properties().isEmpty() && !resource);
            node.properties().forEach(member -> {
                if (member.getValue().isNull()) {
                    return;
                }
                if (resource && member.getKey().equals("metadata")) {
                    Map<String, Object> metadata = Values.map(2);
                    for (String name : List.of("name", "generateName")) {
                        if (member.getValue().has(name)) {
                            metadata.put(name, Json.string(member.getValue(), name));
                        }
                    }
                    map.put("metadata", metadata);
                    return;
                }
                CustomSchema declared = schema.member(member.getKey());
                map.put(
                        data ? member.getKey() : escaped(member.getKey()),
                        value(member.getValue(), declared, declared != null && declared.embedded()));
            });
            return map;
        }
        if (node.isArray()) {
            CustomSchema items = schema.items();
            List<Object> list = Values.list(node.size());
            node.forEach(item -> list.add(value(item, items, items != null && items.embedded())));
            return list;
        }
        if (node.isNumber() && schema.type().equals("number")) {
            return node.decimalValue().doubleValue();
        }
        if (node.isNumber() && schema.type().equals("integer")) {
            return node.longValue();
        }
        return node.isString() ? text(node.stringValue(), Json.string(schema.source(), "format")) : Values.of(node);
    }

    private static Object text(String text, String format) {
        // The schema has been checked before, so what does not parse here is of a form that only it knows.
        try {
            return switch (format) {
                case "date-time" -> ApiTime.parse(text);
                case "date" -> LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC);
                case "duration" -> duration(text);
                case "byte" -> CelByteString.of(Base64.getDecoder().decode(text));
                default -> text;
            };
        } catch (IllegalArgumentException | java.time.DateTimeException e) {
            return text;
        }
    }

    private static Duration duration(String text) {
        if (text.length() > LONGEST_DURATION) {
            // What was stored before the schema said that it is one may have any length.
            throw new IllegalArgumentException("too long for a duration");
        }
        Duration total = Duration.ZERO;
        var matcher = java.util.regex.Pattern.compile("(\\d*\\.?\\d+)(ns|us|µs|ms|s|m|h|d|w)").matcher(text);
        while (matcher.find()) {
            double seconds = switch (matcher.group(2)) {
                case "ns" -> 1e-9;
                case "us", "µs" -> 1e-6;
                case "ms" -> 1e-3;
                case "m" -> 60;
                case "h" -> 3600;
                case "d" -> 86_400;
                case "w" -> 604_800;
                default -> 1;
            };
            total = total.plusNanos(Math.round(Double.parseDouble(matcher.group(1)) * seconds * 1e9));
        }
        return text.startsWith("-") ? total.negated() : total;
    }
}
