package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TenantMemoryTest {
    private final TenantMemory<String, Integer> memory = new TenantMemory<>(10);

    @Test
    void whatOneTenantHasRememberedPushesOutNothingOfOthers() {
        memory.put("red", "a", 1);
        memory.put("red", "b", 2);
        for (int i = 0; i < 100; i++) {
            memory.put("flood", "x" + i, i);
        }
        assertThat(memory.get("red", "a")).isEqualTo(1);
        assertThat(memory.get("red", "b")).isEqualTo(2);
        assertThat(memory.get("flood", "x91")).as("no more than all have together").isNull();
        assertThat(memory.get("flood", "x92")).isEqualTo(92);
    }

    @Test
    void whoHasMostForgetsWhatItDidNotLookAtForLongest() {
        for (int i = 0; i < 10; i++) {
            memory.put("red", "x" + i, i);
        }
        assertThat(memory.get("red", "x0")).isEqualTo(0);
        assertThat(memory.get("blue", "y", () -> 7)).isEqualTo(7);
        assertThat(memory.get("blue", "y", () -> 8)).isEqualTo(7);
        assertThat(memory.get("red", "x1")).isNull();
        assertThat(memory.get("red", "x0")).isEqualTo(0);
    }

    @Test
    void ofManyTenantsWithAsMuchTheOneGoesThatWasLookedAtLeast() {
        for (int i = 0; i < 10; i++) {
            memory.put("t" + i, "a", i);
        }
        memory.get("t0", "a");
        memory.put("late", "a", 11);
        assertThat(memory.get("t1", "a")).isNull();
        assertThat(memory.get("t0", "a")).isEqualTo(0);
        assertThat(memory.get("late", "a")).isEqualTo(11);
    }
}
