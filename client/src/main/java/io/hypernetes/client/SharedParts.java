package io.hypernetes.client;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// Equal parts of cached objects as one object, as far as a small table remembers them: pods of one controller differ in little. What went through it must
/// not be changed. Parts are compared by their JSON, not by the model's `equals`, which calculates with quantities.
///
/// Safe for many threads: whoever loses a race keeps a part of its own.
final class SharedParts {
    /// Longer ones are rarely equal, and would make the table's size somebody else's choice: with this it holds 4 MiB of text, and of the objects
    /// that it makes some tens of megabytes where somebody makes pods of many tiny parts.
    private static final int LONGEST = 2 << 10;
    private static final int PLACES = 1 << 11;

    private final AtomicReferenceArray<@Nullable Known> remembered = new AtomicReferenceArray<>(PLACES);

    private record Known(byte[] text, Object part) {}

    /// The part, or one remembered that says the same.
    <T> T one(Class<T> type, T part) {
        byte[] text = Json.write(part);
        if (text.length > LONGEST) {
            return part;
        }
        int hash = 31 * Arrays.hashCode(text) + type.hashCode();
        int place = (hash ^ hash >>> 16) & PLACES - 1;
        Known known = remembered.get(place);
        if (known != null && type.isInstance(known.part) && Arrays.equals(text, known.text)) {
            return type.cast(known.part);
        }
        remembered.set(place, new Known(text, part));
        return part;
    }
}
