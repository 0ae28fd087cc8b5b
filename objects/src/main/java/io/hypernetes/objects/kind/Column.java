package io.hypernetes.objects.kind;

/// A printer column.
///
/// @param type `string`, `integer`, …
/// @param format `name` for the column that names the object; empty otherwise
/// @param priority 0 is always shown, more only with `-o wide`
public record Column(String name, String type, String format, String description, int priority) {
    static Column name(String description) {
        return new Column("Name", "string", "name", description, 0);
    }

    static Column of(String name, String description) {
        return new Column(name, "string", "", description, 0);
    }

    static Column integer(String name, String description) {
        return new Column(name, "integer", "", description, 0);
    }

    static Column flag(String name, String description) {
        return new Column(name, "boolean", "", description, 0);
    }

    static Column wide(String name, String description) {
        return new Column(name, "string", "", description, 1);
    }
}
