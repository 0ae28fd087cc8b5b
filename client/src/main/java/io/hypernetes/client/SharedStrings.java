package io.hypernetes.client;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.deser.std.StdScalarDeserializer;

/// Reads equal short texts as one object, as far as a small table remembers them: in a cache of many objects most texts are the same few,
/// such as names of namespaces, images and units. Safe for many threads: whoever loses a race keeps a string of its own.
final class SharedStrings extends StdScalarDeserializer<String> {
    private static final int LONGEST = 64;
    private static final int PLACES = 1 << 12;

    private final @Nullable String[] remembered = new String[PLACES];

    SharedStrings() {
        super(String.class);
    }

    @Override
    public @Nullable String deserialize(JsonParser parser, DeserializationContext context) {
        var text = parser.getValueAsString();
        if (text == null) {
            // Not a scalar: refused with the words of every other type.
            return (String) context.handleUnexpectedToken(String.class, parser);
        }
        if (text.length() > LONGEST) {
            return text;
        }
        int hash = text.hashCode();
        int place = (hash ^ hash >>> 16) & PLACES - 1;
        var known = remembered[place];
        if (text.equals(known)) {
            return known;
        }
        remembered[place] = text;
        return text;
    }
}
