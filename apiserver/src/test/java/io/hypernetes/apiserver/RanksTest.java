package io.hypernetes.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class RanksTest {
    @Test
    void whatIsAlwaysLargerIsFoundSo() {
        var ranks = Ranks.of(new long[] {1, 2, 3}, new long[] {4, 5, 6});
        assertThat(ranks.effect()).isEqualTo(1);
        // Mann and Whitney's normal approximation for U = 9 of 9, without continuity: z = 4.5 / sqrt(3 * 3 * 7 / 12).
        assertThat(ranks.z()).isCloseTo(1.964, within(0.001));
        assertThat(Ranks.of(new long[] {4, 5, 6}, new long[] {1, 2, 3}).effect()).isZero();
    }

    @Test
    void equalValuesAreHalfLarger() {
        assertThat(Ranks.of(new long[] {7, 7}, new long[] {7, 7, 7}).effect()).isEqualTo(0.5);
        assertThat(Ranks.of(new long[] {7, 7}, new long[] {7, 7, 7}).z()).isZero();
        // Of the six pairs two are larger and two are equal.
        var ranks = Ranks.of(new long[] {1, 2, 4}, new long[] {2, 2});
        assertThat(ranks.effect()).isEqualTo((2 + 2 * 0.5) / 6);
    }
}
