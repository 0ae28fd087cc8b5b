package io.hypernetes.objects.kind;

import java.util.ArrayList;
import java.util.List;

/// Indexes of an indexed job, written as a text such as `0,2-5`: intervals in rising order, each below the number of completions.
final class JobIndexes {
    private JobIndexes() {}

    /// @param first the first index of an interval
    /// @param last its last one
    private record Interval(long first, long last) {}

    /// How many indexes a text names.
    ///
    /// @throws IllegalArgumentException when it is malformed; the message says why
    static long count(String text, long completions) {
        long total = 0;
        long before = -1;
        for (String range : ranges(text)) {
            Interval interval = interval(range, completions);
            requireRising(before, interval.first());
            total += interval.last() - interval.first() + 1;
            before = interval.last();
        }
        return total;
    }

    /// The first index that two texts both name, both in rising order; negative when there is none. What is malformed in them names none.
    static long shared(String one, String other, long completions) {
        List<Interval> ones = readable(one, completions);
        List<Interval> others = readable(other, completions);
        int i = 0;
        int j = 0;
        while (i < ones.size() && j < others.size()) {
            Interval a = ones.get(i);
            Interval b = others.get(j);
            if (a.first() <= b.last() && b.first() <= a.last()) {
                return Math.max(a.first(), b.first());
            }
            if (a.first() <= b.first()) {
                i++;
            } else {
                j++;
            }
        }
        return -1;
    }

    private static List<Interval> readable(String text, long completions) {
        List<Interval> intervals = new ArrayList<>();
        for (String range : ranges(text)) {
            try {
                intervals.add(interval(range, completions));
            } catch (IllegalArgumentException _) {
                // Told where the form of the text is looked at.
            }
        }
        return intervals;
    }

    private static String[] ranges(String text) {
        return text.isEmpty() ? new String[0] : text.split(",", -1);
    }

    private static Interval interval(String range, long completions) {
        String[] ends = range.split("-", -1);
        if (ends.length > 2) {
            throw new IllegalArgumentException("the fragment \"" + range + "\" violates the requirement that an index interval can have at most two parts separated by '-'");
        }
        long first = index(ends[0], completions);
        if (ends.length == 1) {
            return new Interval(first, first);
        }
        long last = index(ends[1], completions);
        requireRising(first, last);
        return new Interval(first, last);
    }

    private static void requireRising(long before, long index) {
        if (index <= before) {
            throw new IllegalArgumentException("non-increasing order, previous: " + before + ", current: " + index);
        }
    }

    private static long index(String text, long completions) {
        if (!text.matches("[0-9]{1,10}")) {
            throw new IllegalArgumentException("cannot convert string to integer for index: \"" + text + "\"");
        }
        long index = Long.parseLong(text);
        if (index >= completions) {
            throw new IllegalArgumentException("too large index: \"" + text + "\"");
        }
        return index;
    }
}
