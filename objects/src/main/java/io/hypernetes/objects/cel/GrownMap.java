package io.hypernetes.objects.cel;

import dev.cel.runtime.RuntimeEquality;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a loop gathers by keys. Nothing but the loop has it before it is whole, so it grows in place.
final class GrownMap extends LinkedHashMap<Object, Object> implements Told {
    private static final long serialVersionUID = 1;

    private GrownMap(Map<?, ?> begun) {
        super(begun);
    }

    /// A map and other members.
    ///
    /// @throws IllegalArgumentException when it has one of their keys
    static Map<Object, Object> inserted(Map<?, ?> map, Map<?, ?> added, RuntimeEquality equality) {
        GrownMap grown = grown(map);
        added.forEach((key, value) -> grown.add(key, value, equality));
        return grown;
    }

    /// A map and another member.
    ///
    /// @throws IllegalArgumentException when it has the key
    static Map<Object, Object> inserted(Map<?, ?> map, Object key, Object value, RuntimeEquality equality) {
        GrownMap grown = grown(map);
        grown.add(key, value, equality);
        return grown;
    }

    private static GrownMap grown(Map<?, ?> map) {
        return map instanceof GrownMap made ? made : new GrownMap(map);
    }

    private void add(Object key, Object value, RuntimeEquality equality) {
        if (equality.findInMap(this, key).isPresent()) {
            throw new IllegalArgumentException("insert failed: key '" + key + "' already exists");
        }
        put(key, value);
    }

    @Override
    public String toString() {
        return Told.text(this);
    }
}
