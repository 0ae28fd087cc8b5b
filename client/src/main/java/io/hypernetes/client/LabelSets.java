package io.hypernetes.client;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The labels of many things, turned round: which of the things have a label, and with which value. Whoever has thousands of conditions asks each of them of all
/// things at once, which costs a few words of memory for each 64 of them, instead of asking each thing. Only the labels that conditions name are turned round, in
/// memory in proportion to how many of those there are, however their values differ. Things are numbers, from 0 on. The answers are the asker's own. Not thread-safe.
public final class LabelSets {
    private final int size;
    private final Map<String, Label> known = new HashMap<>();

    private static final class Label {
        private final FewOrMany having = new FewOrMany();
        private final Map<String, FewOrMany> byValue = new HashMap<>();
        /// Made when first needed.
        private @Nullable NumberOrder order;

        NumberOrder order() {
            NumberOrder made = order;
            if (made == null) {
                List<NumberOrder.Numbered> numbered = new ArrayList<>();
                byValue.forEach((value, those) -> {
                    Long number = number(value);
                    if (number != null) {
                        those.forEach(thing -> numbered.add(new NumberOrder.Numbered(thing, number)));
                    }
                });
                made = new NumberOrder(numbered);
                order = made;
            }
            return made;
        }
    }

    /// @param labels of each thing
    /// @param keys those labels that will be asked for; of others nothing is known, as if no thing had them
    public LabelSets(List<? extends Map<String, String>> labels, Set<String> keys) {
        size = labels.size();
        for (int i = 0; i < size; i++) {
            for (Map.Entry<String, String> label : labels.get(i).entrySet()) {
                if (keys.contains(label.getKey())) {
                    Label found = known.computeIfAbsent(label.getKey(), fresh -> new Label());
                    found.having.add(i, size);
                    found.byValue.computeIfAbsent(label.getValue(), fresh -> new FewOrMany()).add(i, size);
                }
            }
        }
    }

    /// All things.
    public BitSet all() {
        BitSet all = new BitSet(size);
        all.set(0, size);
        return all;
    }

    /// Those that have a label.
    public BitSet having(String key) {
        BitSet found = new BitSet();
        Label label = known.get(key);
        if (label != null) {
            label.having.addTo(found);
        }
        return found;
    }

    /// Those that have a label with one of some values.
    public BitSet in(String key, Collection<String> values) {
        BitSet found = new BitSet();
        Label label = known.get(key);
        if (label != null) {
            for (String value : values) {
                FewOrMany those = label.byValue.get(value);
                if (those != null) {
                    those.addTo(found);
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
        Label label = known.get(key);
        return label == null ? new BitSet() : label.order().above(number);
    }

    /// Those whose label is a smaller number.
    public BitSet below(String key, long number) {
        Label label = known.get(key);
        return label == null ? new BitSet() : label.order().below(number);
    }

    /// The values that a label has.
    public Set<String> values(String key) {
        Label label = known.get(key);
        return label == null ? Set.of() : label.byValue.keySet();
    }

    static @Nullable Long number(@Nullable String text) {
        try {
            return Long.valueOf(String.valueOf(text));
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }
}
