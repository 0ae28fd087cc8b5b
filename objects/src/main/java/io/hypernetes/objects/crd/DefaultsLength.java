package io.hypernetes.objects.crd;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// How long the defaults of one version are together. They come to each object when it is written or read, and thousands are read at once, so a
/// definition of a mebibyte would make gigabytes of a few hundred kilobytes.
final class DefaultsLength {
    /// In characters.
    static final long MOST = 1 << 16;

    static final String TOO_MUCH = "its defaults are too long: together, those that complete others counted each time, they may have " + MOST + " characters";

    /// What is left for defaults as they stand in the schema.
    private long written = MOST;

    /// What is left for the outermost ones, completed by those within.
    private long completed = MOST;

    private DefaultsLength() {}

    static boolean isTooMuch(CustomSchema schema) {
        DefaultsLength length = new DefaultsLength();
        length.add(schema, false);
        return length.isExceeded();
    }

    private boolean isExceeded() {
        return written < 0 || completed < 0;
    }

    /// @param within whether a default stands around it
    private void add(@Nullable CustomSchema schema, boolean within) {
        if (schema == null || !schema.hasDefaults() || isExceeded()) {
            return;
        }
        JsonNode value = schema.defaultValue();
        if (value != null) {
            long size = Defaulting.size(value);
            written -= size;
            if (!within && written >= 0) {
                completed = Defaulting.apply(value.deepCopy(), schema, completed - size);
            }
        }
        boolean inner = within || value != null;
        schema.properties().values().forEach(property -> add(property, inner));
        add(schema.additional(), inner);
        add(schema.items(), inner);
    }
}
