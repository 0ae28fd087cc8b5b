package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A `Table`: objects as rows of cells, the form that `kubectl get` asks for.
public final class Table {
    private Table() {}

    /// What of its object each row carries: the query parameter `includeObject`.
    public enum IncludeObject {
        NONE,
        METADATA,
        OBJECT;

        /// Reads the query parameter; absent or empty means metadata.
        ///
        /// @throws IllegalArgumentException for another text, with a sentence for the client
        public static IncludeObject parse(@Nullable String text) {
            return switch (text == null ? "" : text) {
                case "", "Metadata" -> METADATA;
                case "None" -> NONE;
                case "Object" -> OBJECT;
                default -> throw new IllegalArgumentException(
                        "unrecognized includeObject value: \"" + text + "\" (it must be None, Metadata or Object)");
            };
        }
    }

    /// A Table of objects.
    ///
    /// @param version `v1` or `v1beta1` of `meta.k8s.io`
    /// @param listMeta the metadata of the list (resourceVersion, continue, remainingItemCount), or of the one object
    /// @param withColumns false leaves out the column definitions, as later events of a watch may
    public static ObjectNode of(
            Kind kind,
            String version,
            List<ObjectNode> objects,
            ObjectNode listMeta,
            IncludeObject include,
            boolean withColumns,
            Instant now) {
        return of(kind.columns(), kind.rows(now), kind::rowConditions, version, objects, listMeta, include, withColumns);
    }

    /// A Table of one Scale.
    public static ObjectNode ofScale(String version, ObjectNode scale, IncludeObject include, Instant now) {
        Layout layout = Scaling.LAYOUT;
        ObjectNode meta = scale.get("metadata") instanceof ObjectNode own ? own : Json.object();
        return of(layout.columns(), object -> layout.cells(object, now), _ -> List.of(), version, List.of(scale), meta, include, true);
    }

    private static ObjectNode of(
            List<Column> printed,
            Function<ObjectNode, List<JsonNode>> cellsOf,
            Function<ObjectNode, List<ObjectNode>> conditionsOf,
            String version,
            List<ObjectNode> objects,
            ObjectNode listMeta,
            IncludeObject include,
            boolean withColumns) {
        ObjectNode table = Json.object();
        table.put("kind", "Table");
        table.put("apiVersion", "meta.k8s.io/" + version);
        ObjectNode meta = table.putObject("metadata");
        for (String name : List.of("resourceVersion", "continue", "remainingItemCount")) {
            JsonNode value = listMeta.get(name);
            if (value != null) {
                meta.set(name, value);
            }
        }
        ArrayNode columns = table.putArray("columnDefinitions");
        if (withColumns) {
            for (Column column : printed) {
                ObjectNode c = columns.addObject();
                c.put("name", column.name());
                c.put("type", column.type());
                c.put("format", column.format());
                c.put("description", column.description());
                c.put("priority", column.priority());
            }
        }
        ArrayNode rows = table.putArray("rows");
        for (ObjectNode object : objects) {
            ObjectNode row = rows.addObject();
            ArrayNode cells = row.putArray("cells");
            cellsOf.apply(object).forEach(cells::add);
            List<ObjectNode> conditions = conditionsOf.apply(object);
            if (!conditions.isEmpty()) {
                row.putArray("conditions").addAll(conditions);
            }
            switch (include) {
                case NONE -> {}
                case METADATA -> row.set("object", PartialObjectMetadata.of(object, version));
                case OBJECT -> row.set("object", object);
            }
        }
        return table;
    }
}
