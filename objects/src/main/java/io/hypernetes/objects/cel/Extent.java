package io.hypernetes.objects.cel;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How large values of a place may become, in the unit of `size()`; texts are measured in bytes, as a character takes up to four.
///
/// @param most characters, items or members; 0 for what has no size
/// @param members of an object, by the names that the language has for them
/// @param keys of a map; null for anything else
/// @param items of a list, or values of a map; null for anything else
public record Extent(long most, Map<String, Extent> members, @Nullable Extent keys, @Nullable Extent items) {
    /// The extent of what holds nothing else: a text, a number.
    public static Extent of(long most) {
        return new Extent(most, Map.of(), null, null);
    }
}
