package io.hypernetes.objects.crd;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.apply.Shape;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One version of a custom resource: what objects of it look like and how they are shown. Immutable, thread-safe.
public final class CustomVersion {
    private static final JsonNode NOTHING = Json.array().addNull().path(0);
    private static final String UNCHECKED =
            "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

    /// What leaves an object that rules cannot be asked about: values that are missing, of another type, or too many.
    private static final Set<FieldError.Reason> UNCHECKABLE = EnumSet.of(
            FieldError.Reason.REQUIRED,
            FieldError.Reason.NOT_SUPPORTED,
            FieldError.Reason.TYPE_INVALID,
            FieldError.Reason.TOO_LONG,
            FieldError.Reason.TOO_MANY);

    private static final PrintedColumn AGE = new PrintedColumn(
            "Age",
            "date",
            "",
            "CreationTimestamp is a timestamp representing the server time when this object was created.",
            0,
            ColumnPath.parse(".metadata.creationTimestamp"));

    private static final int MOST_COLUMNS = 200;

    /// In characters, roughly counted: more than any object that is stored has.
    private static final long MOST_FILLED_IN = 4 << 20;

    /// In characters.
    private static final long LEAST_COMPLETED = 2 * DefaultsLength.MOST;

    private final String name;
    private final ObjectNode source;
    private final CustomSchema schema;
    private final List<PrintedColumn> columns;
    private final Map<String, List<String>> selectable = new LinkedHashMap<>();

    /// A column that a definition adds.
    ///
    /// @param priority 0 for a column that is always shown
    public record PrintedColumn(
            String name, String type, String format, String description, int priority, ColumnPath path) {
        private JsonNode cell(ObjectNode object, ColumnPath.Search search, TableRoom room, Instant now) {
            JsonNode value = path.first(object, search);
            if (value == null || !room.hasText()) {
                return NOTHING;
            }
            return switch (type) {
                case "date" -> {
                    if (!value.isString()) {
                        yield NOTHING;
                    }
                    Instant at = time(value.stringValue());
                    yield Json.text(at == null ? "<invalid>" : ApiTime.age(at, now));
                }
                case "integer" -> value.isNumber() ? Json.integer(value.decimalValue().longValue()) : NOTHING;
                case "number" -> value.isNumber() ? value : NOTHING;
                case "boolean" -> value.isBoolean() ? value : NOTHING;
                default -> Json.text(room.shown(value.isString() ? value.stringValue() : value.isNull() ? "<no value>" : Json.print(value)));
            };
        }

        private static @Nullable Instant time(String text) {
            try {
                return ApiTime.parse(text);
            } catch (IllegalArgumentException e) {
                return null;
            }
        }
    }

    private CustomVersion(ObjectNode source) {
        this.source = source;
        this.name = Json.string(source, "name");
        this.schema = CustomSchema.of(
                source.path("schema").get("openAPIV3Schema") instanceof ObjectNode given ? given : Json.object());
        this.columns = columns(Json.objects(source, "additionalPrinterColumns"));
        for (ObjectNode field : Json.objects(source, "selectableFields")) {
            String text = Json.string(field, "jsonPath");
            selectable.put(text.startsWith(".") ? text.substring(1) : text, names(text, schema));
        }
    }

    /// Reads an entry of `spec.versions` that [DefinitionCheck] has accepted.
    public static CustomVersion of(ObjectNode version) {
        return new CustomVersion(version);
    }

    /// A path that cannot be read ends the columns: a definition with one is a definition all the same. More than anybody reads are left out.
    private static List<PrintedColumn> columns(List<ObjectNode> defined) {
        List<PrintedColumn> columns = new ArrayList<>();
        for (ObjectNode column : defined.subList(0, Math.min(MOST_COLUMNS, defined.size()))) {
            String path = Json.string(column, "jsonPath");
            String description = Json.string(column, "description");
            try {
                columns.add(new PrintedColumn(
                        Json.string(column, "name"),
                        Json.string(column, "type"),
                        Json.string(column, "format"),
                        description.isEmpty() ? "Custom resource definition column (in JSONPath format): " + path : description,
                        (int) Json.number(column, 0, "priority"),
                        ColumnPath.parse(path)));
            } catch (IllegalArgumentException e) {
                return List.copyOf(columns);
            }
        }
        return defined.isEmpty() ? List.of(AGE) : List.copyOf(columns);
    }

    /// The names on the way to a field, as [SelectableCheck] has read them.
    private static List<String> names(String path, CustomSchema schema) {
        try {
            return FieldPath.find(path, schema, false).names();
        } catch (IllegalArgumentException e) {
            // Refused when the definition is written; one that an earlier server accepted selects nothing.
            return List.of();
        }
    }

    /// Such as `v1beta1`.
    public String name() {
        return name;
    }

    /// Whether the API has it.
    public boolean served() {
        return Json.flag(source, "served");
    }

    /// Whether objects are stored in its form.
    public boolean stored() {
        return Json.flag(source, "storage");
    }

    /// What clients are warned of; empty when the version is not deprecated.
    ///
    /// @param kind such as `stable.example.com/v1beta1 CronTab`
    public String deprecation(String kind) {
        if (!Json.flag(source, "deprecated")) {
            return "";
        }
        String warning = Json.string(source, "deprecationWarning");
        return warning.isEmpty() ? kind + " is deprecated" : warning;
    }

    /// Whether the status is written apart.
    public boolean hasStatus() {
        return source.path("subresources").path("status").isObject();
    }

    /// The paths of the scale subresource by their names in the definition; empty when there is none.
    public Map<String, List<String>> scalePaths() {
        Map<String, List<String>> paths = new LinkedHashMap<>();
        source.path("subresources").path("scale").properties().forEach(member -> {
            try {
                paths.put(member.getKey(), MemberPath.parse(member.getValue().asString("")).names());
            } catch (IllegalArgumentException e) {
                // As with columns.
                paths.put(member.getKey(), List.of("unreadable"));
            }
        });
        return paths;
    }

    /// The schema.
    public CustomSchema schema() {
        return schema;
    }

    /// The columns beside the name.
    public List<PrintedColumn> columns() {
        return columns;
    }

    /// What an object has in the columns, null where it has no such value. Of several values the first is shown.
    public List<JsonNode> cells(ObjectNode object, Instant now) {
        return rows(now).apply(object);
    }

    /// The same for the objects of one table, one after the other: what they may take together is bounded, and cells after that are null or cut.
    /// For one thread.
    public Function<ObjectNode, List<JsonNode>> rows(Instant now) {
        TableRoom room = new TableRoom();
        return object -> {
            room.nextRow();
            return columns.stream().map(column -> column.cell(object, new ColumnPath.Search(columns.size(), room), room, now)).toList();
        };
    }

    /// The values of the fields that can be selected; absent ones are empty text.
    public Map<String, String> selectableFields(ObjectNode object) {
        Map<String, String> fields = new LinkedHashMap<>();
        selectable.forEach((field, names) -> {
            JsonNode value = Json.at(object, names.toArray(String[]::new));
            boolean absent = names.isEmpty() || !Json.present(value);
            fields.put(field, absent ? "" : value.isString() ? value.stringValue() : Json.print(value));
        });
        return fields;
    }

    /// Removes what the schema does not declare, changing the object.
    ///
    /// @return the paths of what was removed
    public List<String> prune(ObjectNode object) {
        return prune(object, (path, metadata) -> {});
    }

    /// As [#prune(ObjectNode)].
    ///
    /// @param embeddedMetadata told the metadata of objects inside it, with their paths: no definition describes it, and it is not pruned here
    public List<String> prune(ObjectNode object, BiConsumer<String, ObjectNode> embeddedMetadata) {
        return Pruning.object(object, schema, embeddedMetadata);
    }

    /// Whether a status is filled in where there is none yet. It is written apart, so it is nobody's when an object is made.
    public boolean beginsWithStatus() {
        CustomSchema status = schema.properties().get("status");
        return hasStatus() && status != null && status.defaultValue() != null;
    }

    /// Whether something is filled in that was left out.
    public boolean hasDefaults() {
        return schema.hasDefaults();
    }

    /// Fills in the schema's defaults, changing the object: as many of them as an object that can be stored has room for.
    public void setDefaults(ObjectNode object) {
        Defaulting.apply(object, schema, MOST_FILLED_IN);
    }

    /// The same of an object that was stored, for those who read it: not much more than it has itself, or some twice what one that says nothing is
    /// given, since a list of thousands is completed at once.
    public void complete(ObjectNode stored) {
        Defaulting.apply(stored, schema, LEAST_COMPLETED + Defaulting.size(stored));
    }

    /// What the schema and its rules find wrong. What was so before a change is not found again.
    ///
    /// @param old the object before the change; null for a new one
    /// @param warn takes what rules still find wrong of what was so before
    public List<FieldError> validate(ObjectNode object, @Nullable ObjectNode old, Consumer<String> warn) {
        ObjectNode before = old == null ? null : withoutMetadata(old);
        return validate(object, old, SchemaValidation.validate(withoutMetadata(object), before, schema, ""), warn);
    }

    /// The same of a change of the status, which cannot be refused for what is wrong elsewhere, but for rules.
    public List<FieldError> validateStatus(ObjectNode object, ObjectNode old, Consumer<String> warn) {
        JsonNode status = object.get("status");
        CustomSchema declared = schema.properties().get("status");
        return validate(
                object,
                old,
                status == null || declared == null
                        ? List.of()
                        : SchemaValidation.validate(status, old.get("status"), declared, "status"),
                warn);
    }

    private List<FieldError> validate(ObjectNode object, @Nullable ObjectNode old, List<FieldError> ofSchema, Consumer<String> warn) {
        List<FieldError> errors = new ArrayList<>(ofSchema);
        List<FieldError> duplicates = Duplicates.find(object, schema, "");
        // Which of the items was there first cannot be told, so an object that had some twice may have others.
        if (!duplicates.isEmpty() && (old == null || Duplicates.find(old, schema, "").isEmpty())) {
            errors.addAll(duplicates);
        }
        if (schema.hasRules()) {
            if (errors.stream().anyMatch(error -> UNCHECKABLE.contains(error.reason()))) {
                errors.add(FieldError.invalid(FieldError.WHOLE_OBJECT, NOTHING, UNCHECKED));
            } else {
                errors.addAll(RuleCheck.check(object, old, schema, warn));
            }
        }
        return errors;
    }

    /// The metadata is not the schema's to judge, but for its name.
    private static ObjectNode withoutMetadata(ObjectNode object) {
        ObjectNode bare = Json.object();
        object.properties().forEach(member -> {
            if (!member.getKey().equals("metadata")) {
                bare.set(member.getKey(), member.getValue());
            }
        });
        ObjectNode named = bare.putObject("metadata");
        for (String kept : List.of("name", "generateName")) {
            JsonNode value = object.path("metadata").get(kept);
            if (value != null) {
                named.set(kept, value);
            }
        }
        return bare;
    }

    /// How ownership divides objects.
    public Shape shape(Shape metadata) {
        return CustomShapes.object(schema, metadata);
    }
}
