package io.hypernetes.objects.selector;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A label selector, from its text (`app=web,tier in (a, b),!old`) or from an object with `matchLabels` and
/// `matchExpressions`. Immutable. All requirements must hold; none means everything matches.
public record LabelSelector(List<Requirement> requirements) {
    /// Matches everything.
    public static final LabelSelector EVERYTHING = new LabelSelector(List.of());

    public LabelSelector {
        requirements = List.copyOf(requirements);
    }

    /// How a label is compared. `GREATER` and `LESS` exist in text form only (and in node affinity).
    public enum Operator {
        IN,
        NOT_IN,
        EXISTS,
        NOT_EXISTS,
        GREATER,
        LESS
    }

    /// One condition on one label.
    public record Requirement(String key, Operator operator, List<String> values) {
        public Requirement {
            values = List.copyOf(values);
        }

        /// Whether it holds; `value` is null when there is no such label.
        public boolean matches(@Nullable String value) {
            return switch (operator) {
                case IN -> value != null && values.contains(value);
                case NOT_IN -> value == null || !values.contains(value);
                case EXISTS -> value != null;
                case NOT_EXISTS -> value == null;
                case GREATER -> value != null && compare(value) > 0;
                case LESS -> value != null && compare(value) < 0;
            };
        }

        /// 0 when either side is not a number, so that neither comparison holds.
        private int compare(String value) {
            try {
                return Long.compare(Long.parseLong(value), Long.parseLong(values.getFirst()));
            } catch (NumberFormatException e) {
                return 0;
            }
        }

        @Override
        public String toString() {
            return switch (operator) {
                case IN -> values.size() == 1 ? key + "=" + values.getFirst() : key + " in " + set();
                case NOT_IN -> values.size() == 1 ? key + "!=" + values.getFirst() : key + " notin " + set();
                case EXISTS -> key;
                case NOT_EXISTS -> "!" + key;
                case GREATER -> key + ">" + values.getFirst();
                case LESS -> key + "<" + values.getFirst();
            };
        }

        private String set() {
            return values.stream().sorted().collect(Collectors.joining(",", "(", ")"));
        }
    }

    /// Reads the text form.
    ///
    /// @throws IllegalArgumentException when it is malformed, with a sentence for the client
    public static LabelSelector parse(String text) {
        return new LabelSelector(new SelectorText(text).requirements());
    }

    /// Reads a LabelSelector object. An absent or null node selects nothing in most places: the caller decides; here it selects
    /// everything like the empty object.
    ///
    /// @throws IllegalArgumentException when an operator or its values make no sense
    public static LabelSelector of(JsonNode object) {
        List<Requirement> found = new ArrayList<>();
        for (Map.Entry<String, JsonNode> label : object.path("matchLabels").properties()) {
            found.add(checked(label.getKey(), Operator.IN, List.of(label.getValue().asString(""))));
        }
        for (JsonNode expression : Json.objects(object, "matchExpressions")) {
            List<String> values = new ArrayList<>();
            expression.path("values").forEach(v -> values.add(v.asString("")));
            String key = Json.string(expression, "key");
            Operator operator =
                    switch (Json.string(expression, "operator")) {
                        case "In" -> Operator.IN;
                        case "NotIn" -> Operator.NOT_IN;
                        case "Exists" -> Operator.EXISTS;
                        case "DoesNotExist" -> Operator.NOT_EXISTS;
                        case "Gt" -> Operator.GREATER;
                        case "Lt" -> Operator.LESS;
                        default -> throw new IllegalArgumentException(
                                "\"" + Json.string(expression, "operator") + "\" is not a valid label selector operator");
                    };
            found.add(checked(key, operator, values));
        }
        return found.isEmpty() ? EVERYTHING : new LabelSelector(found);
    }

    /// A selector for exactly these labels.
    public static LabelSelector ofLabels(Map<String, String> labels) {
        return new LabelSelector(labels.entrySet().stream()
                .map(e -> new Requirement(e.getKey(), Operator.IN, List.of(e.getValue())))
                .toList());
    }

    public boolean matches(Map<String, String> labels) {
        for (Requirement requirement : requirements) {
            if (!requirement.matches(labels.get(requirement.key()))) {
                return false;
            }
        }
        return true;
    }

    /// Whether the labels of an object match.
    public boolean matchesObject(JsonNode object) {
        JsonNode labels = object.path("metadata").path("labels");
        for (Requirement requirement : requirements) {
            JsonNode value = labels.get(requirement.key());
            if (!requirement.matches(value == null || !value.isString() ? null : value.stringValue())) {
                return false;
            }
        }
        return true;
    }

    public boolean isEverything() {
        return requirements.isEmpty();
    }

    /// The labels of an object as a map.
    public static Map<String, String> labelsOf(JsonNode object) {
        Map<String, String> labels = new HashMap<>();
        for (Map.Entry<String, JsonNode> e : object.path("metadata").path("labels").properties()) {
            labels.put(e.getKey(), e.getValue().asString(""));
        }
        return labels;
    }

    @Override
    public String toString() {
        return requirements.stream().map(Requirement::toString).collect(Collectors.joining(","));
    }

    static Requirement checked(String key, Operator operator, List<String> values) {
        List<String> wrong = Names.qualified(key);
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException("key: Invalid value: \"" + key + "\": " + wrong.getFirst());
        }
        switch (operator) {
            case IN, NOT_IN -> {
                if (values.isEmpty()) {
                    throw new IllegalArgumentException("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
                }
            }
            case EXISTS, NOT_EXISTS -> {
                if (!values.isEmpty()) {
                    throw new IllegalArgumentException("values: Invalid value: values set must be empty for exists and does not exist");
                }
            }
            case GREATER, LESS -> {
                if (values.size() != 1 || !values.getFirst().matches("-?[0-9]{1,18}")) {
                    throw new IllegalArgumentException("values[0]: Invalid value: \"" + String.join(",", values) + "\": for 'Gt', 'Lt' operators, the value must be an integer");
                }
            }
        }
        for (int i = 0; i < values.size(); i++) {
            List<String> bad = Names.labelValue(values.get(i));
            if (!bad.isEmpty()) {
                throw new IllegalArgumentException("values[" + i + "][" + key + "]: Invalid value: \"" + values.get(i) + "\": " + String.join("; ", bad));
            }
        }
        return new Requirement(key, operator, values);
    }
}
