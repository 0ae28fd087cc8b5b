package io.hypernetes.client;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Equal parts of cached objects as one object, as far as a small table remembers them: pods of one controller differ in little. What went through it must
/// not be changed. Parts are compared by their JSON, not by the model's `equals`, which calculates with quantities.
///
/// Safe for many threads: whoever loses a race keeps a part of its own.
final class SharedParts {
    /// Longer ones are rarely equal.
    private static final int LONGEST = 2 << 10;
    private static final int PLACES = 1 << 11;
    /// Of all that is remembered, text and objects. Ordinary parts fill half of it; somebody's pods of many tiny parts push others out.
    static final long MOST_BYTES = 8L << 20;
    /// What one value, name or bracket of the text is as an object, about.
    private static final int OBJECT_BYTES = 80;

    private final AtomicReferenceArray<@Nullable Known> remembered = new AtomicReferenceArray<>(PLACES);

    // Guarded by this.
    private long held;
    private int hand;

    private record Known(byte[] text, Object part, long bytes) {}

    /// The part, or one remembered that says the same.
    <T> T one(Class<T> type, T part) {
        return one(type, Json.write(part), same -> part, whole -> true);
    }

    /// The part that a text says, remembered or made of it.
    ///
    /// @param frequent whether it is worth to be remembered
    <T> T one(Class<T> type, byte[] text, Function<byte[], T> made, Predicate<? super T> frequent) {
        if (text.length > LONGEST) {
            return made.apply(text);
        }
        int hash = 31 * Arrays.hashCode(text) + type.hashCode();
        int place = (hash ^ hash >>> 16) & PLACES - 1;
        Known known = remembered.get(place);
        if (known != null && type.isInstance(known.part) && Arrays.equals(text, known.text)) {
            return type.cast(known.part);
        }
        T part = made.apply(text);
        if (frequent.test(part)) {
            remember(place, new Known(text, part, bytes(text)));
        }
        return part;
    }

    /// What it holds in memory, about.
    synchronized long held() {
        return held;
    }

    private synchronized void remember(int place, Known now) {
        held += now.bytes - bytes(remembered.getAndSet(place, now));
        while (held > MOST_BYTES) {
            held -= bytes(remembered.getAndSet(hand, null));
            hand = hand + 1 & PLACES - 1;
        }
    }

    private static long bytes(@Nullable Known known) {
        return known == null ? 0 : known.bytes;
    }

    private static long bytes(byte[] text) {
        long parts = 1;
        for (byte sign : text) {
            if (sign == '{' || sign == '[' || sign == ',' || sign == ':') {
                parts++;
            }
        }
        return 2L * text.length + OBJECT_BYTES * parts;
    }
}
