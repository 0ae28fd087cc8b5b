package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.client.ManualClock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class BackOffTest {
    private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
    private final BackOff backOff = new BackOff(clock);

    @Test
    void theFirstRestartIsAtOnceAndThenPausesDoubleUpToFiveMinutes() {
        long[] pauses = {0, 10, 20, 40, 80, 160, 300, 300};
        for (long pause : pauses) {
            // The container ends a second after it was started.
            clock.advance(Duration.ofSeconds(1));
            Instant ended = clock.instant();
            assertThat(backOff.remaining("c", ended)).hasSeconds(pause);
            clock.advance(Duration.ofSeconds(pause));
            assertThat(backOff.remaining("c", ended)).isZero();
            backOff.next("c", ended);
        }
    }

    @Test
    void tenMinutesOfPeaceAreForgiven() {
        backOff.next("c", clock.instant());
        backOff.next("c", clock.instant());
        assertThat(backOff.pause("c")).hasSeconds(20);
        clock.advance(Duration.ofMinutes(10).plusSeconds(1));
        assertThat(backOff.remaining("c", clock.instant())).isZero();
        backOff.next("c", clock.instant());
        assertThat(backOff.pause("c")).hasSeconds(10);
    }

    @Test
    void keysAreApart() {
        backOff.next("a", clock.instant());
        assertThat(backOff.remaining("a")).hasSeconds(10);
        assertThat(backOff.remaining("b")).isZero();
        backOff.reset("a");
        assertThat(backOff.remaining("a")).isZero();
    }
}
