package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InternerTest {
    @Test
    void equalValuesAreOneAndOthersAreNot() {
        var interner = new Interner<Map<String, String>>(8);
        var first = Map.of("app", "a", "shard", "7");
        assertThat(interner.one(first)).isSameAs(first);
        assertThat(interner.one(Map.copyOf(Map.ofEntries(Map.entry("shard", "7"), Map.entry("app", "a"))))).isSameAs(first);
        assertThat(interner.one(Map.of("app", "b"))).isEqualTo(Map.of("app", "b"));
    }

    @Test
    void aValueIsForgottenForAnotherOneAndNoneIsMistakenForAnother() {
        var interner = new Interner<String>(4);
        IntStream.range(0, 1_000).forEach(i -> assertThat(interner.one("v" + i)).isEqualTo("v" + i));
        // Four places hold no thousand values.
        assertThat(IntStream.range(0, 1_000).filter(i -> {
            var again = new String("v" + i);
            return interner.one(again) != again;
        })).hasSizeLessThanOrEqualTo(4);
    }

    @Test
    void placesAreAPowerOfTwo() {
        assertThatThrownBy(() -> new Interner<String>(12)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("12");
    }
}
