package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InternerTest {
    @Test
    void equalValuesAreOneAndOthersAreNot() {
        var interner = Interner.ofLabels(8);
        var first = Map.of("app", "a", "shard", "7");
        assertThat(interner.one(first)).isSameAs(first);
        assertThat(interner.one(Map.copyOf(Map.ofEntries(Map.entry("shard", "7"), Map.entry("app", "a"))))).isSameAs(first);
        assertThat(interner.one(Map.of("app", "b"))).isEqualTo(Map.of("app", "b"));
    }

    @Test
    void aValueIsForgottenForAnotherOneAndNoneIsMistakenForAnother() {
        var interner = Interner.ofTexts(4, 64);
        IntStream.range(0, 1_000).forEach(i -> assertThat(interner.one("v" + i)).isEqualTo("v" + i));
        // Four places hold no thousand values.
        assertThat(IntStream.range(0, 1_000).filter(i -> {
            var again = new String("v" + i);
            return interner.one(again) != again;
        })).hasSizeLessThanOrEqualTo(4);
    }

    @Test
    void whatIsLongIsNotRemembered() {
        var labels = Interner.ofLabels(8);
        var large = Map.of("name", "x".repeat(600));
        assertThat(labels.one(large)).isSameAs(large);
        assertThat(labels.one(Map.copyOf(new java.util.HashMap<>(large)))).isEqualTo(large).isNotSameAs(large);
        var texts = Interner.ofTexts(4, 64);
        var text = texts.one("x".repeat(65));
        assertThat(texts.one("x".repeat(65))).isNotSameAs(text);
    }

    @Test
    void placesAreAPowerOfTwo() {
        assertThatThrownBy(() -> Interner.ofTexts(12, 64)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("12");
    }
}
