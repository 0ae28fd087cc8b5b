package io.hypernetes.objects.schema;

import io.hypernetes.objects.table.FactTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// All API types by name. Immutable.
public final class Schema {
    private final Map<String, SchemaType> types;

    private Schema(Map<String, SchemaType> types) {
        this.types = types;
    }

    /// Reads the field tables on the class path: the public API's and our own.
    public static Schema load() {
        Map<String, Map<String, SchemaField>> building = new LinkedHashMap<>();
        for (String table : List.of("fields.tsv", "hypernetes-fields.tsv")) {
            for (Map<String, String> row : FactTable.read(table)) {
                String name = cell(row, "field");
                if (name.isEmpty()) {
                    // A type without fields is an empty object, unless it is a value that needs no table.
                    String type = cell(row, "type");
                    if (cell(row, "value").equals("object") && ValueType.parse(type) instanceof ValueType.Ref) {
                        building.computeIfAbsent(type, _ -> new LinkedHashMap<>());
                    }
                    continue;
                }
                building.computeIfAbsent(cell(row, "type"), _ -> new LinkedHashMap<>())
                        .put(name, field(name, row));
            }
        }
        Map<String, SchemaType> types = new LinkedHashMap<>();
        building.forEach((type, fields) -> types.put(type, new SchemaType(type, Collections.unmodifiableMap(fields))));
        return new Schema(Collections.unmodifiableMap(types));
    }

    /// The type, or null when the table has none by that name.
    public @Nullable SchemaType find(String type) {
        return types.get(type);
    }

    /// The type.
    ///
    /// @throws IllegalArgumentException when there is none: a mistake in a table, never in a request
    public SchemaType get(String type) {
        SchemaType found = types.get(type);
        if (found == null) {
            throw new IllegalArgumentException("the field table has no type " + type);
        }
        return found;
    }

    /// Every type by name.
    public Map<String, SchemaType> types() {
        return types;
    }

    private static SchemaField field(String name, Map<String, String> row) {
        return new SchemaField(
                name,
                ValueType.parse(cell(row, "value")),
                cell(row, "required").equals("required"),
                cell(row, "list_or_map_type"),
                words(cell(row, "map_keys")),
                cell(row, "merge_key"),
                Set.copyOf(words(cell(row, "patch_strategy"))),
                words(cell(row, "enum")));
    }

    private static String cell(Map<String, String> row, String column) {
        return row.getOrDefault(column, "");
    }

    private static List<String> words(String cell) {
        List<String> words = new ArrayList<>();
        for (String word : cell.split(",")) {
            if (!word.isEmpty()) {
                words.add(word);
            }
        }
        return List.copyOf(words);
    }
}
