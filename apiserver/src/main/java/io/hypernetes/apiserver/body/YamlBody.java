package io.hypernetes.apiserver.body;

import io.hypernetes.apiserver.request.Cut;
import io.hypernetes.objects.Duplicates;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import io.hypernetes.objects.Repeats;
import java.io.ByteArrayInputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Reads one YAML document as JSON, with the habits that Kubernetes' users rely on: `yes`, `no`, `on` and `off` are truth
/// values, duplicate keys are noted, and aliases cannot blow a small text up into a large tree.
public final class YamlBody {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final int MAX_NODES = 500_000;
    /// A value has a key, a beginning and an end at most.
    private static final int MAX_EVENTS = 3 * MAX_NODES;
    private static final int MAX_DEPTH = 200;
    private static final int MAX_CODE_POINTS = 4 << 20;

    /// Characters of a key that is told of as a number.
    private static final int LONGEST_SHOWN_NUMBER = 300;

    /// Characters of a key that is told of.
    private static final int LONGEST_KEY = 640;

    private final Duplicates duplicates = new Duplicates();
    private final StringBuilder repeated = new StringBuilder();
    private int nodes;
    /// Of all texts, as often as they are named: aliases name one that is kept once, and it is written as often.
    private long characters;

    private YamlBody() {}

    /// Reads a document.
    ///
    /// @throws MalformedJsonException when it is none, or exceeds a limit
    public static Json.Document read(byte[] text) {
        try {
            var settings = LoadSettings.builder()
                    .setAllowDuplicateKeys(true)
                    .setMaxAliasesForCollections(100)
                    .setCodePointLimit(MAX_CODE_POINTS)
                    .setAllowRecursiveKeys(false)
                    .build();
            checkSize(settings, text);
            var root = new Compose(settings)
                    .composeInputStream(new ByteArrayInputStream(text))
                    .orElseThrow(() -> new MalformedJsonException("the YAML document is empty"));
            var reader = new YamlBody();
            var json = reader.convert(root, 0);
            return new Json.Document(json, reader.repeats());
        } catch (YamlEngineException | NumberFormatException e) {
            // The parser lets a bad escape within quotes out as a bare number format error.
            throw new MalformedJsonException("yaml: " + e.getMessage(), e);
        }
    }

    /// Composing is recursive, and takes several times as long as reading events; so these tell first how deep the text is, and how large.
    private static void checkSize(LoadSettings settings, byte[] text) {
        int depth = 0;
        int events = 0;
        for (var event : new Parse(settings).parseInputStream(new ByteArrayInputStream(text))) {
            if (++events > MAX_EVENTS) {
                throw new MalformedJsonException("yaml: the document has more than " + MAX_NODES + " values");
            }
            switch (event.getEventId()) {
                case MappingStart, SequenceStart -> {
                    if (++depth > MAX_DEPTH) {
                        throw new MalformedJsonException("yaml: the document is nested more than " + MAX_DEPTH + " deep");
                    }
                }
                case MappingEnd, SequenceEnd -> depth--;
                default -> {}
            }
        }
    }

    private JsonNode convert(Node node, int depth) {
        if (++nodes > MAX_NODES || depth > MAX_DEPTH) {
            throw new MalformedJsonException("yaml: the document is too large or too deep once its aliases are followed");
        }
        int mark = duplicates.mark();
        return switch (node) {
            case MappingNode mapping -> {
                var object = Json.object();
                for (var tuple : mapping.getValue()) {
                    if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                        throw new MalformedJsonException("yaml: a key of a mapping must be a scalar");
                    }
                    var name = counted(key.getValue());
                    duplicates.enter(name);
                    var value = convert(tuple.getValueNode(), depth + 1);
                    if (object.replace(name, value) != null) {
                        repeat(key, tuple.getValueNode());
                    }
                    duplicates.leave(mark);
                }
                yield object;
            }
            case SequenceNode sequence -> {
                var array = Json.array();
                for (var item : sequence.getValue()) {
                    duplicates.enter(array.size());
                    array.add(convert(item, depth + 1));
                    duplicates.leave(mark);
                }
                yield array;
            }
            case ScalarNode scalar -> scalar(scalar, counted(scalar.getValue()));
            default -> throw new MalformedJsonException("yaml: unexpected node");
        };
    }

    /// Without order, as upstream's reader makes JSON of YAML before it decodes that.
    private Repeats repeats() {
        return new Repeats.Before(repeated.isEmpty() ? List.of() : List.of(Repeats.LINES + repeated));
    }

    /// Says in which line a key has its second value (`setMapIndex` of upstream's go-yaml v2).
    private void repeat(ScalarNode key, Node value) {
        if (!duplicates.note()) {
            return;
        }
        var text = Cut.to(LONGEST_KEY, key.getValue(), "...");
        var shown = text.length() > LONGEST_SHOWN_NUMBER ? NODES.stringNode(text) : scalar(key, text);
        // What an alias names stands above.
        int line = Math.max(line(key), line(value));
        repeated.append("\n  line ").append(line).append(": key ").append(shown.isString() ? FieldError.quoted(text) : Json.print(shown)).append(" already set in map");
    }

    private static int line(Node node) {
        return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(0);
    }

    /// Without aliases there are no more than the document has.
    private String counted(String text) {
        characters += text.length();
        if (characters > 2L * MAX_CODE_POINTS) {
            throw new MalformedJsonException("yaml: the document is too large once its aliases are followed");
        }
        return text;
    }

    private static JsonNode scalar(ScalarNode scalar, String text) {
        if (scalar.getScalarStyle() != ScalarStyle.PLAIN || scalar.getTag().equals(Tag.BINARY)) {
            return NODES.stringNode(text);
        }
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "", "~", "null" -> NODES.nullNode();
            case "true", "yes", "on" -> NODES.booleanNode(true);
            case "false", "no", "off" -> NODES.booleanNode(false);
            default -> number(scalar, text);
        };
    }

    private static JsonNode number(ScalarNode scalar, String text) {
        if (!scalar.getTag().equals(Tag.INT) && !scalar.getTag().equals(Tag.FLOAT)) {
            return NODES.stringNode(text);
        }
        if (text.length() > Json.MAX_NUMBER_LENGTH) {
            throw tooLong();
        }
        var read = read(scalar, text);
        // One by sixteens, or with an exponent, may have more when it is written again.
        if (Json.fault(read) != null) {
            throw tooLong();
        }
        return read;
    }

    private static MalformedJsonException tooLong() {
        return new MalformedJsonException("yaml: a number has more than " + Json.MAX_NUMBER_LENGTH + " characters; is it a text without quotes?");
    }

    private static JsonNode read(ScalarNode scalar, String text) {
        try {
            if (scalar.getTag().equals(Tag.INT)) {
                var value = text.startsWith("0x")
                        ? new BigInteger(text.substring(2), 16)
                        : text.startsWith("0o") ? new BigInteger(text.substring(2), 8) : new BigInteger(text);
                if (value.bitLength() < 32) {
                    return NODES.numberNode(value.intValue());
                }
                return value.bitLength() < 64 ? NODES.numberNode(value.longValue()) : NODES.numberNode(value);
            }
            return NODES.numberNode(new BigDecimal(text));
        } catch (NumberFormatException e) {
            return NODES.stringNode(text);
        }
    }
}
