package io.hypernetes.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FuzzerTest {
    private static final List<byte[]> SEEDS = List.of(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}, new byte[] {9});

    @Test
    void makesManyDifferentInputs() {
        Set<List<Byte>> seen = new HashSet<>();
        Fuzzer.Outcome outcome = new Fuzzer("none", SEEDS).run(2_000, (input, chance) -> {
            List<Byte> bytes = new java.util.ArrayList<>();
            for (byte b : input) {
                bytes.add(b);
            }
            return seen.add(bytes);
        });
        assertThat(outcome.rounds()).isGreaterThanOrEqualTo(2_000);
        assertThat(outcome.read() + outcome.refused()).isEqualTo(outcome.rounds());
        assertThat(seen).hasSizeGreaterThan(1_000);
    }

    @Test
    void whatIsThrownIsToldWithItsInput() {
        assertThatThrownBy(() -> new Fuzzer("none", List.of(new byte[] {0x5a})).run(100, (input, chance) -> {
                    throw new IndexOutOfBoundsException("seven");
                }))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("none")
                .hasMessageContaining("seven");
    }
}
