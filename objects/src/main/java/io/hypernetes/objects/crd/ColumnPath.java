package io.hypernetes.objects.crd;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The path of a printer column, in the JSONPath that clients write for upstream: members (`.spec.x`, dots escaped by a backslash, `['x']`),
/// places and slices (`[0]`, `[-1]`, `[-1:]`, `[0:4:2]`, `[*]`), wildcards (`.*`), descent (`..x`), unions (`['a','b']`) and filters
/// (`[?(@.type=="Ready")]`, the six comparisons, or none: whether there is such a member). Immutable.
public final class ColumnPath {
    /// How many values one search may look at: descents in descents are many.
    private static final int MOST_VALUES = 10_000;

    /// How many values the searches of all columns of an object may look at, of which each has the same share.
    private static final int MOST_TOGETHER = 200_000;

    private final List<Step> steps;

    /// What leads from values to others.
    sealed interface Step {
        record Member(String name) implements Step {}

        record Wildcard() implements Step {}

        record Descent() implements Step {}

        /// @param start where it begins; from the end when negative
        /// @param end before what it ends; null for the end
        /// @param single when `end` was not written: one place
        record Slice(int start, @Nullable Integer end, int step, boolean single) implements Step {}

        record Union(List<ColumnPath> paths) implements Step {}

        record Where(ColumnPath left, @Nullable Comparison comparison) implements Step {}

        record Literal(JsonNode value) implements Step {}
    }

    /// @param operator as it was written, known or not
    record Comparison(String operator, ColumnPath right) {}

    /// There is no sense in the path for this object.
    private static final class SenselessException extends Exception {
        private static final long serialVersionUID = 1;

        SenselessException(String why) {
            super(why, null, false, false);
        }
    }

    ColumnPath(List<Step> steps) {
        this.steps = List.copyOf(steps);
    }

    /// Reads a path such as `.status.conditions[-1:].type`.
    ///
    /// @throws IllegalArgumentException when it is none
    public static ColumnPath parse(String text) {
        return new ColumnPathReader(text).read();
    }

    /// The first value at the path; null when there is none, or it makes no sense for this object: an index that is not there, a
    /// comparison of what cannot be compared.
    ///
    /// @param search of this object and column
    @Nullable JsonNode first(JsonNode root, Search search) {
        try {
            List<JsonNode> found = find(List.of(root), search);
            return found.isEmpty() ? null : found.getFirst();
        } catch (SenselessException e) {
            return null;
        }
    }

    /// What may still be looked at for one column of one object. Once that is nothing there is nothing at the path; what another column
    /// looks at takes nothing away from it.
    static final class Search {
        private final TableRoom room;
        private int left;

        /// @param columns how many the object is shown in
        /// @param room of all rows
        Search(int columns, TableRoom room) {
            this.left = Math.min(MOST_TOGETHER / Math.max(1, columns), MOST_VALUES);
            this.room = room;
        }

        private void look(int values) throws SenselessException {
            left = Math.max(-1, left - values);
            if (!room.looks(values) || left < 0) {
                throw new SenselessException("it leads to too many values");
            }
        }
    }

    private List<JsonNode> find(List<JsonNode> from, Search search) throws SenselessException {
        List<JsonNode> found = from;
        for (Step step : steps) {
            List<JsonNode> next = new ArrayList<>();
            search.look(1 + found.size());
            if (step instanceof Step.Union union) {
                for (ColumnPath path : union.paths()) {
                    next.addAll(path.find(found, search));
                }
            } else {
                for (JsonNode value : found) {
                    take(step, value, next, search);
                }
            }
            found = next;
        }
        return found;
    }

    private static void take(Step step, JsonNode value, List<JsonNode> next, Search search) throws SenselessException {
        switch (step) {
            case Step.Member member -> {
                if (value.isObject() && value.has(member.name())) {
                    next.add(value.path(member.name()));
                }
            }
            case Step.Wildcard _ -> {
                search.look(value.size());
                value.forEach(next::add);
            }
            case Step.Descent _ -> descend(value, next, search);
            case Step.Slice slice -> slice(slice, value, next, search);
            case Step.Where where -> filter(where, value, next, search);
            case Step.Literal literal -> next.add(literal.value());
            case Step.Union _ -> throw new IllegalStateException("a union is of all values at once");
        }
    }

    private static void descend(JsonNode value, List<JsonNode> next, Search search) throws SenselessException {
        if (!value.isEmpty()) {
            search.look(value.size());
            next.add(value);
            for (JsonNode child : value) {
                descend(child, next, search);
            }
        }
    }

    private static void slice(Step.Slice slice, JsonNode value, List<JsonNode> next, Search search) throws SenselessException {
        if (value.isNull()) {
            return;
        }
        if (!value.isArray()) {
            throw new SenselessException("it is no list");
        }
        int size = value.size();
        long start = slice.start() < 0 ? (long) slice.start() + size : slice.start();
        long end;
        if (slice.single()) {
            end = start + 1;
        } else if (slice.end() == null) {
            end = size;
        } else {
            end = slice.end() < 0 ? (long) slice.end() + size : slice.end();
        }
        if (start == end) {
            return;
        }
        if (start < 0 || start >= size || end < start || end > size || slice.step() <= 0) {
            throw new SenselessException("there is no such place in the list");
        }
        search.look((int) (end - start));
        for (long i = start; i < end; i += slice.step()) {
            next.add(value.path((int) i));
        }
    }

    private static void filter(Step.Where where, JsonNode value, List<JsonNode> next, Search search) throws SenselessException {
        if (!value.isArray()) {
            throw new SenselessException("it is no list");
        }
        search.look(value.size());
        for (JsonNode item : value) {
            List<JsonNode> lefts = where.left().find(List.of(item), search);
            Comparison comparison = where.comparison();
            if (comparison == null ? !lefts.isEmpty() : holds(comparison.operator(), only(lefts), only(comparison.right().find(List.of(item), search)))) {
                next.add(item);
            }
        }
    }

    private static JsonNode only(List<JsonNode> values) throws SenselessException {
        if (values.size() != 1) {
            throw new SenselessException("one value at a time is compared");
        }
        return values.getFirst();
    }

    private static boolean holds(String operator, JsonNode left, JsonNode right) throws SenselessException {
        int order;
        if (left.isString() && right.isString()) {
            order = left.stringValue().compareTo(right.stringValue());
        } else if (left.isIntegralNumber() && right.isIntegralNumber() || left.isFloatingPointNumber() && right.isFloatingPointNumber()) {
            order = left.decimalValue().compareTo(right.decimalValue());
        } else if (left.isBoolean() && right.isBoolean() && (operator.equals("==") || operator.equals("!="))) {
            order = Boolean.compare(left.booleanValue(), right.booleanValue());
        } else {
            throw new SenselessException("these cannot be compared");
        }
        return switch (operator) {
            case "==" -> order == 0;
            case "!=" -> order != 0;
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            case ">=" -> order >= 0;
            default -> throw new SenselessException("there is no comparison " + operator);
        };
    }
}
