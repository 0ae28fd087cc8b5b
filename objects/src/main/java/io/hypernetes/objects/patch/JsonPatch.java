package io.hypernetes.objects.patch;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// JSON patch (RFC 6902). Immutable.
///
/// Bounded as in Kubernetes: at most 10,000 operations, and the values made by `copy` at most 3 MiB together.
public final class JsonPatch {
    private static final int MAX_OPERATIONS = 10_000;
    private static final int MAX_COPIED_BYTES = 3 << 20;
    private static final int MAX_POINTER = 1000;

    private final List<Operation> operations;

    private JsonPatch(List<Operation> operations) {
        this.operations = operations;
    }

    private record Operation(String op, List<String> path, List<String> from, @Nullable JsonNode value) {}

    /// Reads a patch document.
    ///
    /// @throws PatchException when it is malformed or too large
    public static JsonPatch parse(JsonNode document) {
        if (!(document instanceof ArrayNode array)) {
            throw PatchException.malformed(
                    "json: cannot unmarshal " + (document.isObject() ? "object" : Json.typeName(document))
                            + " into Go value of type jsonpatch.Patch");
        }
        if (array.size() > MAX_OPERATIONS) {
            throw PatchException.tooLarge("The allowed maximum operations in a JSON patch is " + MAX_OPERATIONS + ", got "
                    + array.size());
        }
        List<Operation> operations = new ArrayList<>();
        for (JsonNode item : array) {
            operations.add(operation(item));
        }
        return new JsonPatch(List.copyOf(operations));
    }

    /// The target after all operations; the target is not changed.
    ///
    /// @throws PatchException when an operation does not fit the target, a failed `test` among them
    public JsonNode apply(JsonNode target) {
        JsonNode[] root = {target.deepCopy()};
        long copied = 0;
        for (Operation op : operations) {
            switch (op.op()) {
                case "add" -> add(root, op.path(), shallow(value(op), op.path()).deepCopy());
                case "remove" -> remove(root, op.path(), "remove");
                case "replace" -> replace(root, op.path(), shallow(value(op), op.path()).deepCopy());
                case "move" -> {
                    if (op.path().size() > op.from().size()
                            && op.path().subList(0, op.from().size()).equals(op.from())) {
                        throw PatchException.inapplicable("move operation: cannot move a value into itself: " + text(op.from()));
                    }
                    JsonNode moved = shallow(get(root[0], op.from(), "move"), op.path());
                    remove(root, op.from(), "move");
                    add(root, op.path(), moved);
                }
                case "copy" -> {
                    JsonNode copy = shallow(get(root[0], op.from(), "copy"), op.path()).deepCopy();
                    copied += Json.bytes(copy).length;
                    if (copied > MAX_COPIED_BYTES) {
                        throw PatchException.tooLarge(
                                "Unable to complete the copy, the accumulated size increase of copy is " + copied
                                        + ", exceeding the limit " + MAX_COPIED_BYTES);
                    }
                    add(root, op.path(), copy);
                }
                case "test" -> test(root[0], op);
                default -> throw new IllegalStateException(op.op());
            }
        }
        return root[0];
    }

    /// A value that may be put at a path: a document that could not have been sent is not made by pieces either, or nobody could read it again.
    private static JsonNode shallow(JsonNode value, List<String> path) {
        if (Json.isDeeper(value, Json.MAX_DEPTH - path.size())) {
            throw PatchException.tooLarge(
                    "with a value at a pointer of " + path.size() + " parts the document would be nested more than " + Json.MAX_DEPTH + " deep");
        }
        return value;
    }

    private static Operation operation(JsonNode item) {
        String op = Json.string(item, "op");
        if (!List.of("add", "remove", "replace", "move", "copy", "test").contains(op)) {
            throw PatchException.malformed("Unexpected kind: " + (op.isEmpty() ? "unknown" : op));
        }
        JsonNode path = item.path("path");
        if (!path.isString()) {
            throw PatchException.malformed(op + " operation: missing path");
        }
        boolean moves = op.equals("move") || op.equals("copy");
        JsonNode from = item.path("from");
        if (moves && !from.isString()) {
            throw PatchException.malformed(op + " operation: missing from");
        }
        JsonNode value = item.get("value");
        if (value == null && (op.equals("add") || op.equals("replace") || op.equals("test"))) {
            if (!op.equals("test")) {
                throw PatchException.malformed(op + " operation: missing value");
            }
            value = tools.jackson.databind.node.NullNode.getInstance();
        }
        return new Operation(op, pointer(path.stringValue()), moves ? pointer(from.stringValue()) : List.of(), value);
    }

    private static List<String> pointer(String text) {
        if (text.isEmpty()) {
            return List.of();
        }
        if (!text.startsWith("/")) {
            throw PatchException.malformed("invalid JSON pointer \"" + text + "\": it must be empty or start with '/'");
        }
        String[] parts = text.substring(1).split("/", -1);
        if (parts.length > MAX_POINTER) {
            throw PatchException.tooLarge("a JSON pointer may have at most " + MAX_POINTER + " parts");
        }
        List<String> path = new ArrayList<>(parts.length);
        for (String part : parts) {
            path.add(part.replace("~1", "/").replace("~0", "~"));
        }
        return List.copyOf(path);
    }

    private static JsonNode value(Operation op) {
        JsonNode value = op.value();
        if (value == null) {
            throw new IllegalStateException("checked when read");
        }
        return value;
    }

    private static void test(JsonNode root, Operation op) {
        JsonNode found;
        try {
            found = get(root, op.path(), "test");
        } catch (PatchException e) {
            if (value(op).isNull()) {
                return;
            }
            throw e;
        }
        if (!same(found, value(op))) {
            throw PatchException.differs("testing value " + text(op.path()) + " failed: test failed");
        }
    }

    /// Numbers are equal when their values are, whatever their notation.
    private static boolean same(JsonNode a, JsonNode b) {
        return a.equals((x, y) -> x.isNumber() && y.isNumber()
                ? x.decimalValue().compareTo(y.decimalValue())
                : (x.equals(y) ? 0 : 1), b);
    }

    private static JsonNode get(JsonNode root, List<String> path, String op) {
        JsonNode at = root;
        for (String part : path) {
            JsonNode next = at instanceof ArrayNode array ? array.get(index(array, part, array.size() - 1, op, path)) : at.get(part);
            if (next == null) {
                throw missing(op, path);
            }
            at = next;
        }
        return at;
    }

    private static void add(JsonNode[] root, List<String> path, JsonNode value) {
        if (path.isEmpty()) {
            root[0] = value;
            return;
        }
        JsonNode parent = get(root[0], path.subList(0, path.size() - 1), "add");
        String last = path.getLast();
        switch (parent) {
            case ObjectNode object -> object.set(last, value);
            case ArrayNode array -> {
                if (last.equals("-")) {
                    array.add(value);
                } else {
                    array.insert(index(array, last, array.size(), "add", path), value);
                }
            }
            default -> throw missing("add", path);
        }
    }

    private static void replace(JsonNode[] root, List<String> path, JsonNode value) {
        if (path.isEmpty()) {
            root[0] = value;
            return;
        }
        JsonNode parent = get(root[0], path.subList(0, path.size() - 1), "replace");
        String last = path.getLast();
        switch (parent) {
            // A member that is not there is added, as Kubernetes always did, whatever the RFC says.
            case ObjectNode object -> object.set(last, value);
            case ArrayNode array -> array.set(index(array, last, array.size() - 1, "replace", path), value);
            default -> throw missing("replace", path);
        }
    }

    private static void remove(JsonNode[] root, List<String> path, String op) {
        if (path.isEmpty()) {
            throw PatchException.inapplicable(op + " operation: the whole document cannot be removed");
        }
        get(root[0], path, op);
        JsonNode parent = get(root[0], path.subList(0, path.size() - 1), op);
        String last = path.getLast();
        switch (parent) {
            case ObjectNode object -> object.remove(last);
            case ArrayNode array -> array.remove(index(array, last, array.size() - 1, op, path));
            default -> throw missing(op, path);
        }
    }

    private static int index(ArrayNode array, String part, int max, String op, List<String> path) {
        boolean number = !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9')
                && (part.length() == 1 || part.charAt(0) != '0');
        int index = number ? Integer.parseInt(part) : -1;
        if (index < 0 || index > max) {
            throw PatchException.inapplicable(op + " operation does not apply: doc is missing path: " + text(path)
                    + ": index " + part + " is out of bounds of " + array.size());
        }
        return index;
    }

    private static PatchException missing(String op, List<String> path) {
        return PatchException.inapplicable(
                op + " operation does not apply: doc is missing path: " + text(path) + ": missing value");
    }

    private static String text(List<String> path) {
        StringBuilder out = new StringBuilder();
        for (String part : path) {
            out.append('/').append(part.replace("~", "~0").replace("/", "~1"));
        }
        return out.toString();
    }
}
