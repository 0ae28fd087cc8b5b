package io.hypernetes.client;

import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/// Things by a number that each of them has: which have more than some number, and which less. What is asked for begins as one of few sets that are kept, so that
/// neither the memory nor a question takes more than in proportion to the things. Immutable.
final class NumberOrder {
    private static final int KEPT = 64;

    /// From the lowest on.
    private final long[] numbers;
    private final int[] things;
    /// How many more things each of the kept sets has than the one before it.
    private final int step;
    private final BitSet[] kept;

    record Numbered(int thing, long number) {}

    NumberOrder(List<Numbered> things) {
        List<Numbered> sorted = things.stream().sorted(Comparator.comparingLong(Numbered::number)).toList();
        this.numbers = sorted.stream().mapToLong(Numbered::number).toArray();
        this.things = sorted.stream().mapToInt(Numbered::thing).toArray();
        this.step = numbers.length / KEPT + 1;
        this.kept = new BitSet[numbers.length / step + 1];
        BitSet lowest = new BitSet();
        for (int i = 0; i <= numbers.length; i++) {
            if (i % step == 0) {
                kept[i / step] = (BitSet) lowest.clone();
            }
            if (i < numbers.length) {
                lowest.set(this.things[i]);
            }
        }
    }

    BitSet below(long number) {
        return lowest(countBelow(number));
    }

    BitSet above(long number) {
        BitSet found = lowest(numbers.length);
        found.andNot(number == Long.MAX_VALUE ? found : lowest(countBelow(number + 1)));
        return found;
    }

    private BitSet lowest(int count) {
        BitSet found = (BitSet) kept[count / step].clone();
        for (int i = count / step * step; i < count; i++) {
            found.set(things[i]);
        }
        return found;
    }

    private int countBelow(long number) {
        int from = 0;
        int to = numbers.length;
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (numbers[middle] < number) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }
}
