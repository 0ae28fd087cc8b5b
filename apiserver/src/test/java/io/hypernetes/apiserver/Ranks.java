package io.hypernetes.apiserver;

import java.util.stream.IntStream;

/// Two samples compared by their ranks, whatever their distribution (Mann and Whitney's test).
///
/// @param effect how often one of the second sample is larger than one of the first, ties half: 0.5 when the two are alike, 1 when it always is
/// @param z deviations from 0.5 that this is; beyond 2 chance seldom reaches
record Ranks(double effect, double z) {
    static Ranks of(long[] first, long[] second) {
        int n = first.length;
        int m = second.length;
        var order = IntStream.range(0, n + m).boxed().sorted((a, b) -> Long.compare(at(first, second, a), at(first, second, b))).toList();
        double ranks = 0;
        double ties = 0;
        for (int begin = 0, end; begin < n + m; begin = end) {
            long value = at(first, second, order.get(begin));
            for (end = begin; end < n + m && at(first, second, order.get(end)) == value; ) {
                end++;
            }
            long ofSecond = order.subList(begin, end).stream().filter(index -> index >= n).count();
            ranks += ofSecond * (begin + 1 + end) / 2.0;
            double equal = end - begin;
            ties += equal * equal * equal - equal;
        }
        double u = ranks - m * (m + 1) / 2.0;
        double all = (double) n + m;
        double variance = (double) n * m / 12 * (all + 1 - ties / (all * (all - 1)));
        return new Ranks(u / ((double) n * m), variance == 0 ? 0 : (u - (double) n * m / 2) / Math.sqrt(variance));
    }

    private static long at(long[] first, long[] second, int index) {
        return index < first.length ? first[index] : second[index - first.length];
    }
}
