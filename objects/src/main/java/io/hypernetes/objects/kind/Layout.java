package io.hypernetes.objects.kind;

import io.hypernetes.objects.ApiTime;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.selector.LabelSelector;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The columns of a kind and how each cell is made. Immutable; each method adds a column at the end.
final class Layout {
    private static final String NONE = "<none>";

    /// Name and age.
    static final Layout PLAIN = new Layout(List.of()).name().age();

    /// Name and time of creation.
    static final Layout CREATED = new Layout(List.of()).name().created();

    private final List<Printed> printed;

    private Layout(List<Printed> printed) {
        this.printed = List.copyOf(printed);
    }

    private record Printed(Column column, Cell cell) {}

    @FunctionalInterface
    private interface Cell {
        JsonNode of(ObjectNode object, Instant now);
    }

    /// No column yet.
    static Layout empty() {
        return new Layout(List.of());
    }

    static Layout named() {
        return new Layout(List.of()).name();
    }

    /// Begins with a column that stands for the name.
    static Layout first(String name, String description, Function<ObjectNode, String> text) {
        return new Layout(List.of())
                .with(new Column(name, "string", "name", description, 0), (object, _) -> Json.text(text.apply(object)));
    }

    private Layout name() {
        return with(Column.name("Name must be unique within a namespace."), (object, _) -> Json.text(Json.string(object, "metadata", "name")));
    }

    Layout age() {
        return with(
                Column.of("Age", "The time since it was created."),
                (object, now) -> Json.text(ApiTime.age(ApiTime.at(object, "metadata", "creationTimestamp"), now)));
    }

    private Layout created() {
        return with(
                new Column("Created At", "date", "", "The time at which it was created.", 0),
                (object, _) -> Json.text(Json.string(object, "metadata", "creationTimestamp")));
    }

    /// The text at a path, or nothing.
    Layout text(String name, String description, String... path) {
        return cell(name, description, object -> Json.string(object, path));
    }

    /// The text at a path, or `<none>`.
    Layout orNone(String name, String description, String... path) {
        return cell(name, description, object -> none(Json.string(object, path)));
    }

    /// The number at a path, zero when there is none.
    Layout integer(String name, String description, String... path) {
        return with(Column.integer(name, description), (object, _) -> Json.integer(Json.number(object, 0, path)));
    }

    Layout integer(String name, String description, Function<ObjectNode, Integer> number) {
        return with(Column.integer(name, description), (object, _) -> Json.integer(number.apply(object)));
    }

    /// The number at a path, zero when there is none, in a column that upstream calls one of texts.
    Layout count(String name, String description, String... path) {
        return value(Column.of(name, description), object -> Json.integer(Json.number(object, 0, path)));
    }

    /// The truth value at a path, false when there is none.
    Layout flag(String name, String description, String... path) {
        return value(Column.flag(name, description), object -> JsonNodeFactory.instance.booleanNode(Json.flag(object, path)));
    }

    Layout value(Column column, Function<ObjectNode, JsonNode> value) {
        return with(column, (object, _) -> value.apply(object));
    }

    Layout cell(String name, String description, Function<ObjectNode, String> text) {
        return with(Column.of(name, description), (object, _) -> Json.text(text.apply(object)));
    }

    /// The time since the time at a path, or `<none>`.
    Layout since(String name, String description, String... path) {
        return with(Column.of(name, description), (object, now) -> {
            Instant at = ApiTime.at(object, path);
            return Json.text(at == null ? NONE : ApiTime.age(at, now));
        });
    }

    /// A cell that depends on the time of the answer.
    Layout timed(String name, String description, java.util.function.BiFunction<ObjectNode, Instant, String> text) {
        return with(Column.of(name, description), (object, now) -> Json.text(text.apply(object, now)));
    }

    /// A column that is shown with `-o wide` only.
    Layout wide(String name, String description, Function<ObjectNode, String> text) {
        return with(Column.wide(name, description), (object, _) -> Json.text(text.apply(object)));
    }

    /// Wide columns of the containers and images of the pod spec at a path.
    Layout containers(String... path) {
        return wide("Containers", "Names of the containers.", object -> joined(object, path, "name"))
                .wide("Images", "Images of the containers.", object -> joined(object, path, "image"));
    }

    /// A wide column of the LabelSelector, or map of labels, at a path.
    Layout selector(String... path) {
        return wide("Selector", "Which pods it is about.", object -> selectorText(Json.at(object, path)));
    }

    private Layout with(Column column, Cell cell) {
        List<Printed> more = new ArrayList<>(printed);
        more.add(new Printed(column, cell));
        return new Layout(more);
    }

    List<Column> columns() {
        return printed.stream().map(Printed::column).toList();
    }

    List<JsonNode> cells(ObjectNode object, Instant now) {
        return printed.stream().map(p -> p.cell().of(object, now)).toList();
    }

    static String none(String text) {
        return text.isEmpty() ? NONE : text;
    }

    /// The texts of a list, with commas; `<none>` for an empty one.
    static String list(JsonNode items) {
        List<String> texts = new ArrayList<>();
        items.forEach(item -> texts.add(item.asString("")));
        return none(String.join(",", texts));
    }

    /// `a=1,b=2` of labels or of a LabelSelector; `<none>` when it says nothing.
    static String selectorText(JsonNode selector) {
        if (selector.has("matchLabels") || selector.has("matchExpressions")) {
            try {
                return none(LabelSelector.of(selector).toString());
            } catch (IllegalArgumentException e) {
                return "<error>";
            }
        }
        Map<String, String> labels = new TreeMap<>();
        selector.properties().forEach(label -> labels.put(label.getKey(), label.getValue().asString("")));
        return none(labels.entrySet().stream().map(l -> l.getKey() + "=" + l.getValue()).collect(Collectors.joining(",")));
    }

    private static String joined(ObjectNode object, String[] path, String field) {
        return Json.objects(Json.at(object, path), "containers").stream()
                .map(container -> Json.string(container, field))
                .collect(Collectors.joining(","));
    }
}
