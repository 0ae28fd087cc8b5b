package io.hypernetes.objects;

import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Equal values as one object, as far as a small table remembers them: in a cache of many objects most texts and labels are the same few. What comes last
/// to a place stays there, so whoever makes up values nobody else has takes no memory but the table's. Long ones are rarely equal, and would be remembered
/// longer than they are used, so they stay what they are.
///
/// Safe for many threads: whoever loses a race keeps a value of its own.
///
/// @param <T> values that never change and whose fields are all final, such as texts and `Map.copyOf`: the table publishes them without a lock
public final class Interner<T> {
    private static final int LONGEST_LABELS = 512;

    private final @Nullable Object[] remembered;
    private final Predicate<? super T> isShort;

    /// @param places how many values are remembered at most; a power of two
    /// @param isShort whether a value may be remembered
    public Interner(int places, Predicate<? super T> isShort) {
        if (Integer.bitCount(places) != 1) {
            throw new IllegalArgumentException("an interner has a power of two of places, not " + places);
        }
        this.remembered = new Object[places];
        this.isShort = isShort;
    }

    /// One of texts.
    ///
    /// @param longest in characters
    public static Interner<String> ofTexts(int places, int longest) {
        return new Interner<>(places, text -> text.length() <= longest);
    }

    /// One of labels or annotations, all of whose names and values have 512 characters together at most.
    public static Interner<Map<String, String>> ofLabels(int places) {
        return new Interner<>(places, labels -> {
            int length = 0;
            for (var label : labels.entrySet()) {
                length += label.getKey().length() + label.getValue().length();
            }
            return length <= LONGEST_LABELS;
        });
    }

    /// The value, or one remembered that equals it.
    @SuppressWarnings("unchecked") // nothing else is put into the table
    public T one(T value) {
        if (!isShort.test(value)) {
            return value;
        }
        int hash = value.hashCode();
        int place = (hash ^ hash >>> 16) & remembered.length - 1;
        var known = remembered[place];
        if (value.equals(known)) {
            return (T) known;
        }
        remembered[place] = value;
        return value;
    }
}
