package io.hypernetes.objects.apply;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One step of a path in the notation of `FieldsV1`: `f:name` for a member, `k:{"name":"x"}` for an item of a list with
/// keys, `v:"x"` for a value of a set, `i:0` for a place in a list.
final class PathElement {
    private PathElement() {}

    static String field(String name) {
        return "f:" + name;
    }

    static String value(JsonNode value) {
        return "v:" + Json.print(value);
    }

    /// @param keys by name; sorted, so that one item has one spelling
    static String key(TreeMap<String, JsonNode> keys) {
        StringBuilder out = new StringBuilder("k:{");
        keys.forEach((name, value) -> out.append(out.length() > 3 ? "," : "")
                .append(Json.print(Json.text(name)))
                .append(':')
                .append(Json.print(value)));
        return out.append('}').toString();
    }

    /// The one spelling of an element that a client wrote.
    ///
    /// @throws MalformedJsonException when it is none
    static String canonical(String element) {
        String rest = element.length() < 2 ? "" : element.substring(2);
        switch (element.length() < 2 ? "" : element.substring(0, 2)) {
            case "f:" -> {
                return element;
            }
            case "v:" -> {
                return value(read(rest));
            }
            case "k:" -> {
                if (read(rest) instanceof ObjectNode keys) {
                    var sorted = new TreeMap<String, JsonNode>();
                    keys.properties().forEach(member -> sorted.put(member.getKey(), member.getValue()));
                    return key(sorted);
                }
            }
            case "i:" -> {
                if (rest.matches("[0-9]{1,9}")) {
                    return element;
                }
            }
            default -> {}
        }
        throw new MalformedJsonException("FieldsV1: \"" + element + "\" is no path element");
    }

    /// A path as conflicts name it: `.spec.containers[name="web"].image`.
    static String print(List<String> path) {
        StringBuilder out = new StringBuilder();
        for (String element : path) {
            String rest = element.substring(2);
            switch (element.charAt(0)) {
                case 'f' -> out.append('.').append(rest);
                case 'v' -> out.append("[=").append(rest).append(']');
                case 'k' -> out.append(read(rest).properties().stream()
                        .map(key -> key.getKey() + "=" + Json.print(key.getValue()))
                        .collect(Collectors.joining(",", "[", "]")));
                default -> out.append('[').append(rest).append(']');
            }
        }
        return out.toString();
    }

    private static JsonNode read(String json) {
        return Json.read(json.getBytes(StandardCharsets.UTF_8)).root();
    }
}
