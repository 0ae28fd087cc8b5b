package io.hypernetes.apiserver;

import java.util.Arrays;

/// How much longer the second of two durations is, by pairs that were measured close to each other in random order: what drifts meets both alike and
/// falls out of their difference, and ranks make single long ones count no more than others (Hodges' and Lehmann's estimate, Wilcoxon's bounds).
///
/// @param middle the difference, in the unit of the durations
/// @param low what it is at least, but for chance
/// @param high what it is at most, but for chance
record Shift(long middle, long low, long high) {
    /// @param first at least one, its pairs by index in `second`
    /// @param z how many deviations chance has for each bound: with 3 a bound is wrong once in some 740 times
    static Shift of(long[] first, long[] second, double z) {
        int n = first.length;
        var means = new long[n * (n + 1) / 2];
        int next = 0;
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                means[next++] = (second[i] - first[i] + second[j] - first[j]) / 2;
            }
        }
        Arrays.sort(means);
        double deviation = Math.sqrt(n * (n + 1.0) * (2 * n + 1) / 24);
        int below = (int) Math.max(0, Math.floor(n * (n + 1) / 4.0 - z * deviation));
        return new Shift(means[means.length / 2], means[below], means[means.length - 1 - below]);
    }
}
