package io.hypernetes.objects.crd;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The part of JSONPath that printer columns use: members (`.spec.x`, `['x']`, dots escaped by a backslash), places (`[0]`, `[-1]`),
/// all items (`[*]`) and filters that compare a member with a text (`[?(@.type=="Ready")]`). Immutable.
public final class JsonPath {
    private static final int MOST_STEPS = 50;

    private final List<Step> steps;

    private sealed interface Step {
        record Member(String name) implements Step {}

        record Place(int index) implements Step {}

        record All() implements Step {}

        record Where(List<String> member, boolean equal, String value) implements Step {}
    }

    private JsonPath(List<Step> steps) {
        this.steps = List.copyOf(steps);
    }

    /// Reads a path such as `.status.conditions[?(@.type=="Ready")].status`, braces allowed.
    ///
    /// @throws IllegalArgumentException when it is not of the part that is known
    public static JsonPath parse(String text) {
        String path = text.startsWith("{") && text.endsWith("}") ? text.substring(1, text.length() - 1) : text;
        List<Step> steps = new ArrayList<>();
        int at = path.startsWith("$") ? 1 : 0;
        while (at < path.length()) {
            if (steps.size() >= MOST_STEPS) {
                throw new IllegalArgumentException("the path has more than " + MOST_STEPS + " steps");
            }
            if (path.charAt(at) == '.') {
                StringBuilder name = new StringBuilder();
                at = name(path, at + 1, name);
                if (name.isEmpty()) {
                    throw new IllegalArgumentException("a name is missing at " + at + " of " + text);
                }
                steps.add(name.toString().equals("*") ? new Step.All() : new Step.Member(name.toString()));
            } else if (path.charAt(at) == '[') {
                int end = closing(path, at);
                steps.add(bracket(path.substring(at + 1, end).strip(), text));
                at = end + 1;
            } else {
                throw new IllegalArgumentException("unexpected '" + path.charAt(at) + "' at " + at + " of " + text);
            }
        }
        return new JsonPath(steps);
    }

    private static int name(String path, int from, StringBuilder name) {
        int at = from;
        while (at < path.length() && path.charAt(at) != '.' && path.charAt(at) != '[') {
            if (path.charAt(at) == '\\' && at + 1 < path.length()) {
                at++;
            }
            name.append(path.charAt(at++));
        }
        return at;
    }

    private static int closing(String path, int open) {
        char quote = 0;
        for (int i = open + 1; i < path.length(); i++) {
            char c = path.charAt(i);
            if (quote != 0) {
                quote = c == quote ? 0 : quote;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == ']') {
                return i;
            }
        }
        throw new IllegalArgumentException("a bracket is not closed in " + path);
    }

    private static Step bracket(String inside, String text) {
        if (inside.equals("*")) {
            return new Step.All();
        }
        if (inside.matches("-?\\d{1,6}")) {
            return new Step.Place(Integer.parseInt(inside));
        }
        if (inside.length() >= 2 && (inside.startsWith("'") || inside.startsWith("\""))) {
            return new Step.Member(unquoted(inside));
        }
        if (inside.startsWith("?(") && inside.endsWith(")")) {
            String condition = inside.substring(2, inside.length() - 1).strip();
            boolean equal = condition.contains("==");
            int operator = condition.indexOf(equal ? "==" : "!=");
            if (operator > 0 && condition.startsWith("@.")) {
                StringBuilder name = new StringBuilder();
                List<String> member = new ArrayList<>();
                String left = condition.substring(1, operator).strip();
                for (int at = 0; at < left.length() && left.charAt(at) == '.'; ) {
                    name.setLength(0);
                    at = name(left, at + 1, name);
                    member.add(name.toString());
                }
                return new Step.Where(List.copyOf(member), equal, unquoted(condition.substring(operator + 2).strip()));
            }
        }
        throw new IllegalArgumentException("[" + inside + "] is not supported in " + text);
    }

    private static String unquoted(String text) {
        return text.length() >= 2 && (text.startsWith("'") || text.startsWith("\"")) ? text.substring(1, text.length() - 1) : text;
    }

    /// The names when the path is members alone, as the paths of subresources and selectable fields must be.
    ///
    /// @throws IllegalArgumentException when it is not
    public List<String> names() {
        return steps.stream()
                .map(step -> switch (step) {
                    case Step.Member member -> member.name();
                    default -> throw new IllegalArgumentException("only members may be named here");
                })
                .toList();
    }

    /// The values at the path.
    public List<JsonNode> find(JsonNode root) {
        List<JsonNode> found = List.of(root);
        for (Step step : steps) {
            List<JsonNode> next = new ArrayList<>();
            for (JsonNode node : found) {
                take(step, node, next);
            }
            found = next;
        }
        return found;
    }

    /// The first value at the path; null when there is none.
    public @Nullable JsonNode first(JsonNode root) {
        List<JsonNode> found = find(root);
        return found.isEmpty() ? null : found.getFirst();
    }

    private static void take(Step step, JsonNode node, List<JsonNode> next) {
        switch (step) {
            case Step.Member member -> add(node.get(member.name()), next);
            case Step.Place place -> {
                if (node.isArray()) {
                    add(node.get(place.index() < 0 ? node.size() + place.index() : place.index()), next);
                }
            }
            case Step.All _ -> node.forEach(next::add);
            case Step.Where where -> {
                for (JsonNode item : node) {
                    JsonNode value = Json.at(item, where.member().toArray(String[]::new));
                    if (Json.present(value) && value.asString("").equals(where.value()) == where.equal()) {
                        next.add(item);
                    }
                }
            }
        }
    }

    private static void add(@Nullable JsonNode node, List<JsonNode> next) {
        if (node != null && !node.isNull()) {
            next.add(node);
        }
    }
}
