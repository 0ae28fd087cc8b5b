package io.hypernetes.objects;

import org.jspecify.annotations.Nullable;

/// Equal values as one object, as far as a small table remembers them: in a cache of many objects most texts and labels are the same few. What comes last
/// to a place stays there, so whoever makes up values nobody else has takes no memory but the table's.
///
/// Safe for many threads: whoever loses a race keeps a value of its own.
///
/// @param <T> values that never change and whose fields are all final, such as texts and `Map.copyOf`: the table publishes them without a lock
public final class Interner<T> {
    private final @Nullable Object[] remembered;

    /// @param places how many values are remembered at most; a power of two
    public Interner(int places) {
        if (Integer.bitCount(places) != 1) {
            throw new IllegalArgumentException("an interner has a power of two of places, not " + places);
        }
        this.remembered = new Object[places];
    }

    /// The value, or one remembered that equals it.
    @SuppressWarnings("unchecked") // nothing else is put into the table
    public T one(T value) {
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
