package io.hypernetes.client;

import java.util.Arrays;
import java.util.BitSet;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Some of many things, each known by its number: a list while they are few, bits once that takes no more memory. Most values of a label that is different for each
/// thing are those of one thing, and bits for each of them would take the square of what the labels take. Not thread-safe.
final class FewOrMany {
    private int count;
    private int[] few = new int[1];
    private @Nullable BitSet many;

    /// @param number larger than all before
    /// @param all how many things there are
    void add(int number, int all) {
        if (many == null && count == few.length) {
            if (count >= all / Integer.SIZE) {
                BitSet bits = new BitSet(all);
                forEach(bits::set);
                many = bits;
                few = new int[0];
            } else {
                few = Arrays.copyOf(few, count * 2);
            }
        }
        if (many == null) {
            few[count++] = number;
        } else {
            many.set(number);
        }
    }

    void addTo(BitSet others) {
        if (many != null) {
            others.or(many);
        } else {
            forEach(others::set);
        }
    }

    void forEach(IntConsumer each) {
        if (many != null) {
            many.stream().forEach(each);
            return;
        }
        for (int i = 0; i < count; i++) {
            each.accept(few[i]);
        }
    }
}
