package io.hypernetes.controllers.batch;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/// Sets of completion indexes and their text, such as `1,3-5,7`.
final class Indexes {
    private Indexes() {}

    /// Reads the text; what is malformed or not below `limit` is left out.
    static BitSet parse(@Nullable String text, int limit) {
        BitSet indexes = new BitSet();
        for (String part : text == null || text.isEmpty() ? new String[0] : text.split(",")) {
            String[] range = part.strip().split("-", 2);
            if (!range[0].matches("[0-9]{1,9}") || !range[range.length - 1].matches("[0-9]{1,9}")) {
                continue;
            }
            int from = Integer.parseInt(range[0]);
            int to = Math.min(Integer.parseInt(range[range.length - 1]), limit - 1);
            if (from <= to) {
                indexes.set(from, to + 1);
            }
        }
        return indexes;
    }

    /// Runs of three and more as ranges, as upstream writes them.
    static String text(BitSet indexes) {
        StringBuilder text = new StringBuilder();
        for (int from = indexes.nextSetBit(0); from >= 0; ) {
            int to = indexes.nextClearBit(from) - 1;
            text.append(text.isEmpty() ? "" : ",").append(from);
            if (to > from) {
                text.append(to > from + 1 ? "-" : ",").append(to);
            }
            from = indexes.nextSetBit(to + 1);
        }
        return text.toString();
    }
}
