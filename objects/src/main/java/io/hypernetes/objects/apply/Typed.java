package io.hypernetes.objects.apply;

import io.hypernetes.objects.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Operations on a tree of a known shape. None changes its arguments; results share what stayed as it was.
final class Typed {
    private Typed() {}

    /// The paths that a configuration speaks of: its values, its items, its entries of maps. A part of the type that holds
    /// values is not spoken of itself.
    ///
    /// @throws ShapeException when a list cannot be told apart by its keys
    static FieldSet fields(Shape shape, JsonNode value) {
        FieldSet set = new FieldSet();
        switch (shape.of(value)) {
            case Shape.Whole _ -> {}
            case Shape.Fields fields -> {
                for (Map.Entry<String, JsonNode> member : value.properties()) {
                    String name = member.getKey();
                    JsonNode inner = member.getValue();
                    Shape at = fields.field(name);
                    boolean itself = at.of(inner) instanceof Shape.Whole
                            || (inner.isObject() && inner.isEmpty())
                            || !fields.declares(name);
                    set.add(PathElement.field(name), itself, fields(at, inner));
                }
            }
            case Shape list -> Items.byElement(list, value).forEach((element, items) -> set.add(
                    element, true, items.size() == 1 ? fields(Items.itemShape(list), items.getFirst()) : FieldSet.EMPTY));
        }
        return set;
    }

    /// Refuses lists in which a key occurs twice: a configuration could not say whose the item is.
    ///
    /// @throws ShapeException naming the path
    static void refuseDuplicates(Shape shape, JsonNode value, List<String> path) {
        switch (shape.of(value)) {
            case Shape.Whole _ -> {}
            case Shape.Fields fields -> {
                for (Map.Entry<String, JsonNode> member : value.properties()) {
                    path.add(PathElement.field(member.getKey()));
                    refuseDuplicates(fields.field(member.getKey()), member.getValue(), path);
                    path.removeLast();
                }
            }
            case Shape list -> {
                Map<String, List<JsonNode>> items;
                try {
                    items = Items.byElement(list, value);
                } catch (ShapeException e) {
                    throw new ShapeException(PathElement.print(path) + ": " + e.text());
                }
                items.forEach((element, same) -> {
                    if (same.size() > 1) {
                        throw new ShapeException(
                                PathElement.print(path) + ": duplicate entries for key " + PathElement.print(List.of(element)));
                    }
                    path.add(element);
                    refuseDuplicates(Items.itemShape(list), same.getFirst(), path);
                    path.removeLast();
                });
            }
        }
    }

    /// Finds the lists and objects in a value that have one owner as a whole.
    ///
    /// @param path of the value, such as `.spec.containers[0]`
    static void findWholes(Shape shape, JsonNode value, String path, List<String> found) {
        switch (shape.of(value)) {
            case Shape.Whole _ -> {
                if (value.isContainer()) {
                    found.add(path);
                }
            }
            case Shape.Fields fields -> value.properties()
                    .forEach(member -> findWholes(fields.field(member.getKey()), member.getValue(), path + "." + member.getKey(), found));
            case Shape list -> {
                for (int i = 0; i < value.size(); i++) {
                    findWholes(Items.itemShape(list), value.path(i), path + "[" + i + "]", found);
                }
            }
        }
    }

    /// The live object with everything in the configuration put into it.
    static JsonNode merge(Shape shape, @Nullable JsonNode live, JsonNode config) {
        if (live == null) {
            return config;
        }
        Shape at = shape.of(config);
        if (at instanceof Shape.Whole || shape.of(live) instanceof Shape.Whole) {
            return config;
        }
        if (at instanceof Shape.Fields fields) {
            ObjectNode merged = Json.object();
            live.properties().forEach(member -> merged.set(member.getKey(), member.getValue()));
            config.properties().forEach(member -> merged.set(
                    member.getKey(),
                    merge(fields.field(member.getKey()), live.get(member.getKey()), member.getValue())));
            return merged;
        }
        return mergeItems(at, live, config);
    }

    /// Items of both in the configuration's order, those that only the live list has at the places they had.
    private static ArrayNode mergeItems(Shape list, JsonNode live, JsonNode config) {
        Map<String, List<JsonNode>> lives = Items.byElement(list, live);
        Map<String, JsonNode> wanted = new LinkedHashMap<>();
        config.forEach(item -> wanted.put(Items.element(list, item), item));
        List<String> left = List.copyOf(lives.keySet());
        List<String> right = List.copyOf(wanted.keySet());
        List<String> shared = right.stream().filter(lives::containsKey).toList();
        ArrayNode merged = Json.array();
        int l = 0;
        int r = 0;
        int next = 0;
        while (l < left.size() || r < right.size()) {
            if (l < left.size()) {
                String element = left.get(l);
                boolean both = wanted.containsKey(element);
                if (!both) {
                    lives.getOrDefault(element, List.of()).forEach(merged::add);
                    l++;
                    continue;
                }
                if (r < right.size() && !element.equals(right.get(r)) && next < shared.size() && !element.equals(shared.get(next))) {
                    // It comes where the configuration has it.
                    l++;
                    continue;
                }
                if (r >= right.size()) {
                    l++;
                    continue;
                }
                if (element.equals(right.get(r))) {
                    l++;
                }
            }
            String element = right.get(r++);
            if (next < shared.size() && element.equals(shared.get(next))) {
                next++;
            }
            List<JsonNode> same = lives.getOrDefault(element, List.of());
            JsonNode item = wanted.get(element);
            if (item != null) {
                merged.add(merge(Items.itemShape(list), same.size() == 1 ? same.getFirst() : null, item));
            }
        }
        return merged;
    }

    /// The tree without these paths and what is below them; null when nothing is left of it.
    static @Nullable JsonNode without(Shape shape, JsonNode value, FieldSet removed) {
        if (removed.isEmpty()) {
            return value;
        }
        return switch (shape.of(value)) {
            case Shape.Whole _ -> value;
            case Shape.Fields fields -> {
                ObjectNode left = Json.object();
                for (Map.Entry<String, JsonNode> member : value.properties()) {
                    String element = PathElement.field(member.getKey());
                    if (!removed.has(element)) {
                        JsonNode inner = without(fields.field(member.getKey()), member.getValue(), removed.below(element));
                        if (inner != null) {
                            left.set(member.getKey(), inner);
                        }
                    }
                }
                yield left.isEmpty() && !value.isEmpty() ? null : left;
            }
            case Shape list -> {
                ArrayNode left = Json.array();
                for (JsonNode item : value) {
                    String element = Items.element(list, item);
                    if (!removed.has(element)) {
                        JsonNode inner = without(Items.itemShape(list), item, removed.below(element));
                        if (inner != null) {
                            left.add(inner);
                        }
                    }
                }
                yield left.isEmpty() && !value.isEmpty() ? null : left;
            }
        };
    }

    /// The set with the declared members through which its paths lead.
    static FieldSet withDeclared(Shape shape, FieldSet set) {
        if (set.isEmpty()) {
            return set;
        }
        FieldSet result = new FieldSet();
        for (String element : set.elements()) {
            FieldSet below = set.below(element);
            if (element.startsWith("f:")) {
                String name = element.substring(2);
                boolean declared = shape instanceof Shape.Fields fields && fields.declares(name);
                Shape at = shape instanceof Shape.Fields fields ? fields.field(name) : Shape.Whole.WHOLE;
                result.add(element, declared || set.has(element), withDeclared(at, below));
            } else {
                result.add(element, set.has(element), withDeclared(Items.itemShape(shape), below));
            }
        }
        return result;
    }
}
