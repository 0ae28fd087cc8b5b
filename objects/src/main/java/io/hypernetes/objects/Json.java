package io.hypernetes.objects;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamWriteConstraints;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonFactoryBuilder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// JSON text to trees and back, with the limits that hostile input needs.
///
/// Reading keeps the order of members and reports duplicate members instead of losing them silently (the last one wins,
/// as in Kubernetes). Thread-safe: there is no state but immutable configuration.
public final class Json {
    /// The deepest nesting accepted, the depth at which the Kubernetes API refuses too.
    public static final int MAX_DEPTH = 1000;

    /// The most JSON values that a document which somebody sent may hold; keeps a small body from becoming a huge tree.
    public static final int MAX_NODES = 500_000;

    /// The deepest nesting of what was written here: what came from elsewhere, with what was added to it.
    static final int DEEPEST_OF_OURS = MAX_DEPTH + 100;

    private static final Limits SENT = new Limits(MAX_DEPTH, MAX_NODES);
    /// More values than have room in what is stored.
    private static final Limits OURS = new Limits(DEEPEST_OF_OURS, 2_000_000);

    private record Limits(int depth, int nodes) {}

    /// The most characters that a number may have: reading digits takes time that grows with their square.
    public static final int MAX_NUMBER_LENGTH = 400;

    /// The longest name of a member, in bytes, that parsers keep to know it again.
    private static final int LONGEST_KEPT_NAME = 512;

    /// Its parsers keep thousands of names, which are copied for each document that has a further one.
    private static final JsonFactory FACTORY = factory(LONGEST_KEPT_NAME).build();
    /// Keeps no names, so that they may have any length: ownership makes names of values.
    private static final JsonFactory LONG_NAMES =
            factory(Integer.MAX_VALUE).disable(JsonFactory.Feature.CANONICALIZE_PROPERTY_NAMES).build();
    private static final JsonMapper MAPPER = JsonMapper.builder(FACTORY).build();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private Json() {}

    private static JsonFactoryBuilder factory(int longestName) {
        return JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(DEEPEST_OF_OURS)
                        .maxNumberLength(MAX_NUMBER_LENGTH)
                        .maxStringLength(16 << 20)
                        .maxNameLength(longestName)
                        .build())
                // What was read can be written, also within what is put around it.
                .streamWriteConstraints(StreamWriteConstraints.builder().maxNestingDepth(DEEPEST_OF_OURS + 100).build());
    }

    /// Why a tree cannot be read again once it is written.
    ///
    /// @param path of what is at fault, cut when it is long; empty for the whole
    /// @param why as the end of a sentence
    public record Fault(String path, String why) {
        private static final int LONGEST_PATH = 300;

        Fault within(String name) {
            return new Fault(cut(path.isEmpty() || path.startsWith("[") ? name + path : name + "." + path), why);
        }

        Fault within(int place) {
            return new Fault(cut("[" + place + "]" + (path.isEmpty() || path.startsWith("[") ? "" : ".") + path), why);
        }

        /// What is outermost is kept, and half a character never is.
        private static String cut(String path) {
            if (path.length() <= LONGEST_PATH) {
                return path;
            }
            int end = LONGEST_PATH - 3;
            return path.substring(0, Character.isHighSurrogate(path.charAt(end - 1)) ? end - 1 : end) + "...";
        }
    }

    /// Why what is written of a tree could not be read, by [#readObject] or by whoever has the same limits; null when it can. How many values it has is not counted: a
    /// value takes a byte and a comma at least, so whoever bounds the text to four megabytes bounds them too.
    public static @Nullable Fault fault(JsonNode tree) {
        return ReadAgain.fault(tree, 0);
    }

    /// A document and the members that occurred more than once.
    public record Document(JsonNode root, Repeats repeats) {}

    /// A new empty object.
    public static ObjectNode object() {
        return NODES.objectNode();
    }

    /// A new empty array.
    public static ArrayNode array() {
        return NODES.arrayNode();
    }

    /// A text node.
    public static JsonNode text(String value) {
        return NODES.stringNode(value);
    }

    /// A whole number in the one form that reading makes too, so that equal numbers are equal nodes.
    public static JsonNode integer(long value) {
        return value == (int) value ? NODES.numberNode((int) value) : NODES.numberNode(value);
    }

    /// Reads one document that somebody sent; duplicates are noted, not refused.
    ///
    /// @throws MalformedJsonException when the text is not one JSON document or exceeds a limit
    public static Document read(byte[] text) {
        return read(text, Map.of(), SENT);
    }

    /// Reads an object for who looks at little of it.
    ///
    /// @param without what is left out: by the name of a member, the names within it
    /// @throws MalformedJsonException when it is not one JSON object or exceeds a limit
    public static ObjectNode readObject(byte[] text, Map<String, Set<String>> without) {
        return asObject(read(text, without, OURS).root());
    }

    private static Document read(byte[] text, Map<String, Set<String>> without, Limits limits) {
        try {
            return read(FACTORY, text, without, limits);
        } catch (StreamConstraintsException perhapsALongName) {
            try {
                return read(LONG_NAMES, text, without, limits);
            } catch (StreamConstraintsException e) {
                throw new MalformedJsonException(String.valueOf(e.getOriginalMessage()), e);
            }
        }
    }

    private static Document read(JsonFactory factory, byte[] text, Map<String, Set<String>> without, Limits limits) {
        try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), text)) {
            var reader = new TreeReader(parser, limits);
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw new MalformedJsonException("unexpected end of JSON input");
            }
            JsonNode root = first == JsonToken.START_OBJECT && !without.isEmpty() ? reader.without(without) : reader.value(first);
            if (parser.nextToken() != null) {
                throw new MalformedJsonException("invalid character after top-level value");
            }
            return new Document(root, reader.duplicates.repeats());
        } catch (StreamConstraintsException e) {
            throw e;
        } catch (JacksonException e) {
            throw new MalformedJsonException(String.valueOf(e.getOriginalMessage()), e);
        } catch (ArithmeticException | NumberFormatException e) {
            // Numbers with absurd exponents are refused by the number classes themselves.
            throw new MalformedJsonException("a number is out of range", e);
        }
    }

    /// Reads one document that must be an object, such as one that is stored: it may be somewhat deeper than what is taken from others.
    ///
    /// @throws MalformedJsonException when it is not
    public static ObjectNode readObject(byte[] text) {
        return readObject(text, Map.of());
    }

    private static ObjectNode asObject(JsonNode root) {
        if (root instanceof ObjectNode object) {
            return object;
        }
        throw new MalformedJsonException("expected a JSON object, found " + typeName(root));
    }

    /// Reads one document that must be an object.
    public static ObjectNode readObject(String text) {
        return readObject(text.getBytes(StandardCharsets.UTF_8));
    }

    /// The compact UTF-8 text of a tree.
    public static byte[] bytes(JsonNode node) {
        return MAPPER.writeValueAsBytes(node);
    }

    /// The compact text of a tree.
    public static String print(JsonNode node) {
        // The keys by which items of lists are told apart are texts and numbers: those need no generator.
        if (node.isString() && isPlain(node.stringValue())) {
            return '"' + node.stringValue() + '"';
        }
        if (node.isInt()) {
            return Integer.toString(node.intValue());
        }
        return MAPPER.writeValueAsString(node);
    }

    /// Whether a text is printed as it is.
    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > '~' || c == '"' || c == '\\') {
                return false;
            }
        }
        return true;
    }

    /// The text at `path` below `node`, or empty text when there is none.
    public static String string(JsonNode node, String... path) {
        JsonNode at = at(node, path);
        return at.isString() ? at.stringValue() : "";
    }

    /// The number at `path` below `node`, or `fallback` when there is none or it does not fit a long.
    public static long number(JsonNode node, long fallback, String... path) {
        JsonNode at = at(node, path);
        return at.isIntegralNumber() && at.canConvertToLong() ? at.longValue() : fallback;
    }

    /// Whether the value at `path` is `true`.
    public static boolean flag(JsonNode node, String... path) {
        JsonNode at = at(node, path);
        return at.isBoolean() && at.booleanValue();
    }

    /// The node at `path`, a missing node when absent.
    public static JsonNode at(JsonNode node, String... path) {
        JsonNode at = node;
        for (String name : path) {
            at = at.path(name);
        }
        return at;
    }

    /// The object member `name`, created when absent or not an object.
    public static ObjectNode child(ObjectNode parent, String name) {
        if (parent.get(name) instanceof ObjectNode object) {
            return object;
        }
        ObjectNode created = object();
        parent.set(name, created);
        return created;
    }

    /// Sets `name` to text when it is absent, null or empty text.
    public static void setDefault(ObjectNode object, String name, String value) {
        JsonNode present = object.get(name);
        if (present == null || present.isNull() || (present.isString() && present.stringValue().isEmpty())) {
            object.put(name, value);
        }
    }

    /// Sets `name` to a number when it is absent or null.
    public static void setDefault(ObjectNode object, String name, long value) {
        JsonNode present = object.get(name);
        if (present == null || present.isNull()) {
            object.set(name, integer(value));
        }
    }

    /// Sets `name` to a truth value when it is absent or null.
    public static void setDefault(ObjectNode object, String name, boolean value) {
        JsonNode present = object.get(name);
        if (present == null || present.isNull()) {
            object.put(name, value);
        }
    }

    /// Makes the member `name` of `to` what it is in `from`: the same value, or absent.
    public static void restore(ObjectNode to, JsonNode from, String name) {
        JsonNode value = from.get(name);
        if (value == null) {
            to.remove(name);
        } else {
            to.set(name, value);
        }
    }

    /// The objects in the list `name` of `parent`; empty when there is no such list.
    public static List<ObjectNode> objects(JsonNode parent, String name) {
        List<ObjectNode> found = new ArrayList<>();
        for (JsonNode item : parent.path(name)) {
            if (item instanceof ObjectNode object) {
                found.add(object);
            }
        }
        return found;
    }

    /// Whether containers are nested deeper in a tree than that.
    public static boolean isDeeper(JsonNode node, int levels) {
        if (!node.isContainer()) {
            return false;
        }
        if (levels == 0) {
            return true;
        }
        for (JsonNode below : node) {
            if (isDeeper(below, levels - 1)) {
                return true;
            }
        }
        return false;
    }

    /// Whether there is a value: not absent and not null.
    public static boolean present(@Nullable JsonNode node) {
        return node != null && !node.isMissingNode() && !node.isNull();
    }

    /// What JSON calls the type of a node, in the words of Kubernetes' messages: `map`, `array`, `string`, `number`, `bool`, `null`.
    public static String typeName(JsonNode node) {
        return switch (node.getNodeType()) {
            case OBJECT, POJO -> "map";
            case ARRAY -> "array";
            case STRING, BINARY -> "string";
            case NUMBER -> "number";
            case BOOLEAN -> "bool";
            case NULL, MISSING -> "null";
        };
    }

    private static final class TreeReader {
        private final JsonParser parser;
        private final Duplicates duplicates = new Duplicates();
        private final Limits limits;
        private int nodes;
        private int depth;

        TreeReader(JsonParser parser, Limits limits) {
            this.parser = parser;
            this.limits = limits;
        }

        private void descend() {
            if (++depth > limits.depth) {
                throw new MalformedJsonException("the document is nested more than " + limits.depth + " deep");
            }
        }

        JsonNode value(JsonToken token) {
            if (++nodes > limits.nodes) {
                throw new MalformedJsonException("the document holds more than " + limits.nodes + " values");
            }
            return switch (token) {
                case START_OBJECT -> object();
                case START_ARRAY -> array();
                case VALUE_STRING -> NODES.stringNode(parser.getString());
                case VALUE_NUMBER_INT -> integer();
                case VALUE_NUMBER_FLOAT -> NODES.numberNode(parser.getDecimalValue());
                case VALUE_TRUE -> NODES.booleanNode(true);
                case VALUE_FALSE -> NODES.booleanNode(false);
                case VALUE_NULL -> NODES.nullNode();
                default -> throw new MalformedJsonException("unexpected token " + token);
            };
        }

        private JsonNode integer() {
            return switch (parser.getNumberType()) {
                case INT -> NODES.numberNode(parser.getIntValue());
                case LONG -> NODES.numberNode(parser.getLongValue());
                default -> NODES.numberNode(parser.getBigIntegerValue());
            };
        }

        /// The object that has begun, without some members of its members.
        ObjectNode without(Map<String, Set<String>> without) {
            ObjectNode object = NODES.objectNode();
            for (JsonToken t = parser.nextToken(); t != JsonToken.END_OBJECT; t = parser.nextToken()) {
                String name = parser.currentName();
                JsonToken first = parser.nextToken();
                Set<String> out = without.get(name);
                object.set(name, out == null || first != JsonToken.START_OBJECT ? value(first) : withoutMembers(out));
            }
            return object;
        }

        private ObjectNode withoutMembers(Set<String> out) {
            ObjectNode object = NODES.objectNode();
            for (JsonToken t = parser.nextToken(); t != JsonToken.END_OBJECT; t = parser.nextToken()) {
                String name = parser.currentName();
                JsonToken first = parser.nextToken();
                if (out.contains(name)) {
                    parser.skipChildren();
                } else {
                    object.set(name, value(first));
                }
            }
            return object;
        }

        private ObjectNode object() {
            descend();
            ObjectNode object = NODES.objectNode();
            int mark = duplicates.mark();
            for (JsonToken t = parser.nextToken(); t != JsonToken.END_OBJECT; t = parser.nextToken()) {
                String name = parser.currentName();
                duplicates.enter(name);
                JsonNode value = value(parser.nextToken());
                if (object.replace(name, value) != null) {
                    // It is where it was written last, so that what is told of the members comes in the order of the text.
                    object.remove(name);
                    object.set(name, value);
                    duplicates.note();
                }
                duplicates.leave(mark);
            }
            depth--;
            return object;
        }

        private ArrayNode array() {
            descend();
            ArrayNode array = NODES.arrayNode();
            int mark = duplicates.mark();
            for (JsonToken t = parser.nextToken(); t != JsonToken.END_ARRAY; t = parser.nextToken()) {
                duplicates.enter(array.size());
                array.add(value(t));
                duplicates.leave(mark);
            }
            depth--;
            return array;
        }
    }
}
