package io.hypernetes.client;

import io.hypernetes.objects.Interner;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.deser.std.StdScalarDeserializer;

/// Reads equal short texts as one object, as far as a small table remembers them: in a cache of many objects most texts are the same few,
/// such as names of namespaces, images and units. Safe for many threads: whoever loses a race keeps a string of its own.
final class SharedStrings extends StdScalarDeserializer<String> {
    private static final int LONGEST = 64;

    private final Interner<String> remembered = Interner.ofTexts(1 << 12, LONGEST);

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
        return remembered.one(text);
    }
}
