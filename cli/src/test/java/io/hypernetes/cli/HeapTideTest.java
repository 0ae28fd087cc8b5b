package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeapTideTest {
    private static final long MIB = 1L << 20;

    @Test
    void theHeapIsLookedAtWhenAFifthOfItMayBeGarbage() {
        assertThat(HeapTide.isDue(220 * MIB, 200 * MIB)).isFalse();
        assertThat(HeapTide.isDue(280 * MIB, 200 * MIB)).isTrue();
    }

    @Test
    void aSmallHeapIsLeftAlone() {
        assertThat(HeapTide.isDue(20 * MIB, 0)).isFalse();
        assertThat(HeapTide.isDue(30 * MIB, 10 * MIB)).isFalse();
        assertThat(HeapTide.isDue(40 * MIB, 10 * MIB)).isTrue();
    }
}
