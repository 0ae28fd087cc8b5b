package io.hypernetes.objects.cel;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.RandomAccess;

/// A list that an expression made by adding one to another. What is added at the end of the latest of them goes behind what they share, so that a loop that
/// gathers does not copy what it has at each step. Each keeps what it had. For one thread.
final class GrownList extends AbstractList<Object> implements RandomAccess, Told {
    private final ArrayList<Object> shared;
    private final int size;

    private GrownList(ArrayList<Object> shared) {
        this.shared = shared;
        this.size = shared.size();
    }

    /// What is in another list now.
    static GrownList copyOf(Collection<?> other) {
        return new GrownList(new ArrayList<>(other));
    }

    /// A list and another behind it.
    static GrownList concatenated(List<?> first, List<?> second) {
        GrownList grown = first instanceof GrownList made && made.isLatest() ? made : copyOf(first);
        grown.shared.addAll(second);
        return new GrownList(grown.shared);
    }

    /// How many references [#concatenated] copies.
    static long copied(List<?> first, List<?> second) {
        return first instanceof GrownList made && made.isLatest() ? second.size() : (long) first.size() + second.size();
    }

    private boolean isLatest() {
        return shared.size() == size;
    }

    @Override
    public Object get(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException("Index out of range: " + index);
        }
        return shared.get(index);
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public String toString() {
        return Told.text(this);
    }
}
