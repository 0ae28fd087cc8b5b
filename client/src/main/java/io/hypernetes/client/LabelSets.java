package io.hypernetes.client;

import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The labels of many things, turned round: which of the things have a label, and with which value. Whoever has thousands of conditions asks each of them of all
/// things at once, which costs a few words of memory for each 64 of them, instead of asking each thing. Things are numbers, from 0 on. The answers are the asker's
/// own. Not thread-safe.
public final class LabelSets {
    private final int size;
    private final Map<String, Map<String, BitSet>> byValue = new HashMap<>();
    private final Map<String, BitSet> having = new HashMap<>();
    /// By label: who has at least a number, and who has at most it.
    private final Map<String, Numbers> numbers = new HashMap<>();

    private record Numbers(NavigableMap<Long, BitSet> atLeast, NavigableMap<Long, BitSet> atMost) {}

    /// @param labels of each thing
    public LabelSets(List<? extends Map<String, String>> labels) {
        size = labels.size();
        for (int i = 0; i < size; i++) {
            for (Map.Entry<String, String> label : labels.get(i).entrySet()) {
                byValue.computeIfAbsent(label.getKey(), fresh -> new HashMap<>()).computeIfAbsent(label.getValue(), fresh -> new BitSet()).set(i);
            }
        }
        byValue.forEach((key, values) -> {
            BitSet all = new BitSet();
            values.values().forEach(all::or);
            having.put(key, all);
        });
    }

    /// All things.
    public BitSet all() {
        BitSet all = new BitSet(size);
        all.set(0, size);
        return all;
    }

    /// Those that have a label.
    public BitSet having(String key) {
        BitSet known = having.get(key);
        return known == null ? new BitSet() : (BitSet) known.clone();
    }

    /// Those that have a label with one of some values.
    public BitSet in(String key, Collection<String> values) {
        Map<String, BitSet> known = byValue.getOrDefault(key, Map.of());
        BitSet found = new BitSet();
        if (!known.isEmpty()) {
            for (String value : values) {
                BitSet those = known.get(value);
                if (those != null) {
                    found.or(those);
                }
            }
        }
        return found;
    }

    /// All others.
    public BitSet without(BitSet those) {
        BitSet others = all();
        others.andNot(those);
        return others;
    }

    /// Those whose label is a larger number.
    public BitSet above(String key, long number) {
        Map.Entry<Long, BitSet> found = numbers(key).atLeast.higherEntry(number);
        return found == null ? new BitSet() : (BitSet) found.getValue().clone();
    }

    /// Those whose label is a smaller number.
    public BitSet below(String key, long number) {
        Map.Entry<Long, BitSet> found = numbers(key).atMost.lowerEntry(number);
        return found == null ? new BitSet() : (BitSet) found.getValue().clone();
    }

    /// The values that a label has.
    public Map<String, BitSet> values(String key) {
        return byValue.getOrDefault(key, Map.of());
    }

    private Numbers numbers(String key) {
        return numbers.computeIfAbsent(key, fresh -> {
            NavigableMap<Long, BitSet> exact = new TreeMap<>();
            values(key).forEach((value, those) -> {
                Long number = number(value);
                if (number != null) {
                    exact.computeIfAbsent(number, none -> new BitSet()).or(those);
                }
            });
            return new Numbers(summed(exact.descendingMap()), summed(exact));
        });
    }

    /// Each with all before it.
    private static NavigableMap<Long, BitSet> summed(NavigableMap<Long, BitSet> exact) {
        NavigableMap<Long, BitSet> sums = new TreeMap<>();
        BitSet sum = new BitSet();
        exact.forEach((number, those) -> {
            sum.or(those);
            sums.put(number, (BitSet) sum.clone());
        });
        return sums;
    }

    static @Nullable Long number(@Nullable String text) {
        try {
            return Long.valueOf(String.valueOf(text));
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }
}
