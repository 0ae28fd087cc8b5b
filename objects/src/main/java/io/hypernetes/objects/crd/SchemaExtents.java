package io.hypernetes.objects.crd;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Extent;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// How large the values at the nodes of a schema may become: as its bounds say, else as many as a request has room for. Made once a schema.
final class SchemaExtents {
    /// As long as a request may be, in bytes; of upstream's server, by which rules are judged everywhere alike.
    private static final long REQUEST = 3 << 20;

    private static final Measure TEXT = new Measure(Extent.of(REQUEST - 2), 2);

    private final Map<CustomSchema, Measure> measures = new IdentityHashMap<>();

    /// @param least as short as JSON of such a value may be, in bytes
    private record Measure(Extent extent, long least) {}

    /// @param root the schema of a whole object
    SchemaExtents(CustomSchema root) {
        measure(root, true);
    }

    /// The extent of values at a node; of one that rules cannot speak of, nothing is known.
    Extent of(CustomSchema schema) {
        Measure measure = measures.get(schema);
        return measure == null ? new Extent(Long.MAX_VALUE, Map.of(), null, null) : measure.extent;
    }

    /// As many values of a node as one request has room for.
    long mostIn(CustomSchema schema) {
        Measure measure = measures.get(schema);
        return REQUEST / (measure == null ? 1 : measure.least + 1);
    }

    private @Nullable Measure measure(CustomSchema schema, boolean resource) {
        Measure made = make(schema, resource);
        if (made != null) {
            measures.put(schema, made);
        }
        return made;
    }

    private @Nullable Measure make(CustomSchema schema, boolean resource) {
        long length = schema.bound("maxLength");
        if (schema.intOrString()) {
            return new Measure(Extent.of(length < 0 ? REQUEST - 2 : bytes(length)), 1);
        }
        return switch (schema.type()) {
            case "array" -> list(schema);
            case "object" -> schema.additional() == null ? object(schema, resource) : map(schema, schema.additional());
            case "string" -> text(schema, length);
            case "boolean" -> new Measure(Extent.of(0), 4);
            case "number", "integer" -> new Measure(Extent.of(0), 1);
            default -> null;
        };
    }

    private @Nullable Measure list(CustomSchema schema) {
        CustomSchema items = schema.items();
        Measure each = items == null ? null : measure(items, items.embedded());
        if (each == null) {
            return null;
        }
        long most = schema.bound("maxItems");
        return new Measure(new Extent(most < 0 ? (REQUEST - 2) / (each.least + 1) : most, Map.of(), null, each.extent), 2);
    }

    private @Nullable Measure map(CustomSchema schema, CustomSchema values) {
        Measure each = measure(values, values.embedded());
        if (each == null) {
            return null;
        }
        // Each has a key of two quotation marks at least, a colon, a comma and room for a letter or two.
        long most = schema.bound("maxProperties");
        return new Measure(
                new Extent(most < 0 ? (REQUEST - 2) / (each.least + 6) : most, Map.of(), Extent.of(0), each.extent), 2);
    }

    private Measure object(CustomSchema schema, boolean resource) {
        Map<String, Measure> members = new LinkedHashMap<>();
        schema.properties().forEach((name, property) -> {
            Measure member = measure(property, property.embedded());
            if (member != null) {
                members.put(name, member);
            }
        });
        if (resource) {
            members.put("apiVersion", TEXT);
            members.put("kind", TEXT);
            members.put("metadata", new Measure(new Extent(0, Map.of("name", TEXT.extent, "generateName", TEXT.extent), null, null), 2));
        }
        long least = 2;
        Map<String, Extent> extents = new HashMap<>();
        for (Map.Entry<String, Measure> member : members.entrySet()) {
            String name = member.getKey();
            extents.put(RuleTypes.escaped(name), member.getValue().extent);
            CustomSchema declared = schema.properties().get(name);
            if (schema.required().contains(name) && (declared == null || declared.defaultValue() == null)) {
                least += name.getBytes(StandardCharsets.UTF_8).length + member.getValue().least + 4;
            }
        }
        return new Measure(new Extent(0, extents, null, null), least);
    }

    private static Measure text(CustomSchema schema, long length) {
        return switch (Json.string(schema.source(), "format")) {
            case "byte" -> new Measure(Extent.of(length < 0 ? REQUEST - 2 : length), 2);
            case "duration" -> new Measure(Extent.of(32), 3);
            case "date" -> new Measure(Extent.of(12), 12);
            case "date-time" -> new Measure(Extent.of(32), 21);
            default -> {
                JsonNode choices = schema.source().path("enum");
                if (length >= 0) {
                    yield new Measure(Extent.of(bytes(length)), 2);
                }
                yield choices.isEmpty() ? TEXT : new Measure(Extent.of(longest(choices)), 2);
            }
        };
    }

    /// The most bytes of so many characters.
    private static long bytes(long characters) {
        return RuleCompiler.product(4, characters);
    }

    private static long longest(JsonNode choices) {
        long longest = 0;
        for (JsonNode choice : choices) {
            longest = Math.max(longest, choice.asString("").getBytes(StandardCharsets.UTF_8).length);
        }
        return longest;
    }
}
