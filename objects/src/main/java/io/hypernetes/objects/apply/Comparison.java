package io.hypernetes.objects.apply;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// What is different between two states of an object.
///
/// @param added paths that only the later state has, those of objects and items too
/// @param modified paths of values that both have and that differ
/// @param removed paths that only the earlier state has
public record Comparison(FieldSet added, FieldSet modified, FieldSet removed) {
    /// Compares two states of this shape.
    ///
    /// @throws ShapeException when a list cannot be told apart by its keys
    public static Comparison between(Shape shape, JsonNode before, JsonNode after) {
        Level level = new Level();
        if (before != after) {
            descend(shape.of(after), before, after, level);
        }
        return new Comparison(level.added, level.modified, level.removed);
    }

    public boolean isEmpty() {
        return added.isEmpty() && modified.isEmpty() && removed.isEmpty();
    }

    /// What the later state says anew.
    FieldSet written() {
        return added.union(modified);
    }

    /// The sets of one object or list, while they are made.
    private static final class Level {
        private final FieldSet added = new FieldSet();
        private final FieldSet modified = new FieldSet();
        private final FieldSet removed = new FieldSet();
    }

    private static void descend(Shape shape, @Nullable JsonNode before, @Nullable JsonNode after, Level level) {
        switch (shape) {
            case Shape.Whole _ -> {}
            case Shape.Fields fields -> {
                if (after != null) {
                    for (Map.Entry<String, JsonNode> member : after.properties()) {
                        String name = member.getKey();
                        JsonNode earlier = before == null ? null : before.get(name);
                        if (earlier != member.getValue()) {
                            one(PathElement.field(name), fields.field(name), earlier, member.getValue(), level);
                        }
                    }
                }
                if (before != null) {
                    for (Map.Entry<String, JsonNode> member : before.properties()) {
                        String name = member.getKey();
                        if (after == null || !after.has(name)) {
                            one(PathElement.field(name), fields.field(name), member.getValue(), null, level);
                        }
                    }
                }
            }
            case Shape.SetOf list -> items(list, before, after, level);
            case Shape.Keyed list -> items(list, before, after, level);
        }
    }

    private static void items(Shape list, @Nullable JsonNode before, @Nullable JsonNode after, Level level) {
        Map<String, List<JsonNode>> earlier = before == null ? Map.of() : Items.byElement(list, before);
        Map<String, List<JsonNode>> later = after == null ? Map.of() : Items.byElement(list, after);
        Set<String> elements = new LinkedHashSet<>(later.keySet());
        elements.addAll(earlier.keySet());
        for (String element : elements) {
            List<JsonNode> left = earlier.getOrDefault(element, List.of());
            List<JsonNode> right = later.getOrDefault(element, List.of());
            if (left.size() <= 1 && right.size() <= 1) {
                one(element, Items.itemShape(list), first(left), first(right), level);
            } else if (left.isEmpty()) {
                level.added.add(element, true, FieldSet.EMPTY);
            } else if (right.isEmpty()) {
                level.removed.add(element, true, FieldSet.EMPTY);
            } else if (!left.equals(right)) {
                // Items that their key does not tell apart have one owner together.
                level.modified.add(element, true, FieldSet.EMPTY);
            }
        }
    }

    private static @Nullable JsonNode first(List<JsonNode> items) {
        return items.isEmpty() ? null : items.getFirst();
    }

    private static void one(
            String element, Shape shape, @Nullable JsonNode before, @Nullable JsonNode after, Level level) {
        if (before != null && after != null && shape.of(before) instanceof Shape.Whole != shape.of(after) instanceof Shape.Whole) {
            // A value of one JSON type took the place of another.
            level.modified.add(element, true, FieldSet.EMPTY);
            return;
        }
        if (before == null && after != null) {
            level.added.add(element, true, everything(shape, after));
            return;
        }
        JsonNode present = after != null ? after : before;
        if (present == null) {
            return;
        }
        Shape found = shape.of(present);
        if (found instanceof Shape.Whole) {
            if (after == null) {
                level.removed.add(element, true, FieldSet.EMPTY);
            } else if (!present.equals(before)) {
                level.modified.add(element, true, FieldSet.EMPTY);
            }
            return;
        }
        Level below = new Level();
        descend(found, before, after, below);
        level.added.add(element, false, below.added);
        level.modified.add(element, false, below.modified);
        level.removed.add(element, after == null, below.removed);
    }

    /// All paths below a value of which nothing was there before. Most of what is written is new, creates above all: that needs no comparing.
    private static FieldSet everything(Shape shape, JsonNode value) {
        return switch (shape.of(value)) {
            case Shape.Whole _ -> FieldSet.EMPTY;
            case Shape.Fields fields -> {
                FieldSet set = new FieldSet();
                for (Map.Entry<String, JsonNode> member : value.properties()) {
                    set.add(PathElement.field(member.getKey()), true, everything(fields.field(member.getKey()), member.getValue()));
                }
                yield set;
            }
            case Shape list -> {
                FieldSet set = new FieldSet();
                Items.byElement(list, value).forEach((element, items) ->
                        set.add(element, true, items.size() == 1 ? everything(Items.itemShape(list), items.getFirst()) : FieldSet.EMPTY));
                yield set;
            }
        };
    }
}
