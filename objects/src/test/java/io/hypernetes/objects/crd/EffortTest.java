package io.hypernetes.objects.crd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.TextPattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EffortTest {
    /// A search looks at all that a program begins with, also where there is no character: half a million empty texts took half a minute of a processor.
    @Test
    void emptyTextsAreNotSearchedForNothing() {
        TextPattern wide = TextPattern.of(String.join("|", IntStream.range(0, 4_000).mapToObj(i -> (char) (0x4E00 + i) + "x").toList()));
        Effort effort = new Effort();
        int searched = 0;
        while (!effort.isSpent() && searched < 500_000) {
            assertThat(effort.finds(wide, "")).isFalse();
            searched++;
        }
        assertThat(searched).isLessThan(500_000);
    }

    /// As older definitions may have it, which nobody refused then.
    @Test
    void whatIsNoPatternSaysNothingOfAText() {
        TextPattern none = TextPattern.of("^(?!x)");
        Effort effort = new Effort();
        assertThat(effort.finds(none, "xyz")).isTrue();
        assertThat(effort.finds(none, "abc")).isTrue();
        assertThat(effort.isSpent()).isFalse();
        assertThat(effort.finds(TextPattern.of("^a"), "xyz")).isFalse();
    }
}
