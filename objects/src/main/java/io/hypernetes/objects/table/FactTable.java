package io.hypernetes.objects.table;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads a table of facts from the class path. For this module only.
public final class FactTable {
    private FactTable() {}

    /// The rows of `io/hypernetes/objects/{name}`, each a map from column name to cell; absent cells are empty text.
    public static List<Map<String, String>> read(String name) {
        List<Map<String, String>> rows = new ArrayList<>();
        String[] columns = {};
        for (String line : text(name).split("\n")) {
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String[] cells = line.split("\t", -1);
            if (columns.length == 0) {
                columns = cells;
                continue;
            }
            Map<String, String> row = new LinkedHashMap<>();
            for (int i = 0; i < columns.length; i++) {
                row.put(columns[i], i < cells.length ? cells[i] : "");
            }
            rows.add(row);
        }
        return rows;
    }

    private static String text(String name) {
        try (InputStream in = FactTable.class.getResourceAsStream("/io/hypernetes/objects/" + name)) {
            if (in == null) {
                throw new IllegalStateException("the table " + name + " is missing from the class path: rebuild the module objects");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the table " + name, e);
        }
    }
}
