package io.hypernetes.objects.cel;

import java.util.AbstractList;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A list or map that says how much it holds, not what: the language makes texts of values in errors that may never be seen, one at each step of a loop.
interface Told {
    /// A list that does, of one that may not.
    static List<Object> of(Collection<?> list) {
        return new Listed(list instanceof List<?> items && items instanceof RandomAccess ? items : new ArrayList<>(list));
    }

    /// A map that does, of one that may not.
    static Map<Object, Object> of(Map<?, ?> map) {
        return new Mapped(map);
    }

    /// What is said of a list.
    static String text(Collection<?> list) {
        return "list of " + list.size();
    }

    /// What is said of a map.
    static String text(Map<?, ?> map) {
        return "map of " + map.size();
    }

    /// Another list, as it is.
    final class Listed extends AbstractList<Object> implements RandomAccess, Told {
        private final List<?> items;

        private Listed(List<?> items) {
            this.items = items;
        }

        @Override
        public Object get(int index) {
            return items.get(index);
        }

        @Override
        public int size() {
            return items.size();
        }

        @Override
        public String toString() {
            return text(this);
        }
    }

    /// Another map, as it is.
    final class Mapped extends AbstractMap<Object, Object> implements Told {
        private final Map<?, ?> members;

        private Mapped(Map<?, ?> members) {
            this.members = members;
        }

        @Override
        public @Nullable Object get(Object key) {
            return members.get(key);
        }

        @Override
        public boolean containsKey(Object key) {
            return members.containsKey(key);
        }

        @Override
        public int size() {
            return members.size();
        }

        @Override
        @SuppressWarnings("unchecked") // Nobody changes what is in it.
        public Set<Entry<Object, Object>> entrySet() {
            return ((Map<Object, Object>) members).entrySet();
        }

        @Override
        public String toString() {
            return text(this);
        }
    }
}
