package io.hypernetes.controllers.pods;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class PodStateTest {
    @ParameterizedTest
    @ValueSource(strings = {"0000-01-01T00:00:00Z", "2026-05-01T12:00:00Z", "2026-05-01T12:00:00.000001Z", "9999-12-31T23:59:59Z"})
    void aTimeIsRead(String text) {
        assertThat(PodState.time(text)).contains(Instant.parse(text));
    }

    /// What is written in more than four digits is none to any other client, and whoever reckons with it leaves what an Instant can hold.
    @ParameterizedTest
    @NullAndEmptySource
    @ValueSource(strings = {"soon", "+10000-01-01T00:00:00Z", "+999999999-12-31T23:59:59Z", "+1000000000-12-31T23:59:59Z", "-0001-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00"})
    void whatIsNoTimeOfTheApiIsNone(String text) {
        assertThat(PodState.time(text)).isEmpty();
    }

    @Test
    void anOffsetIsHeeded() {
        assertThat(PodState.time("2026-05-01T12:00:00+02:00")).contains(Instant.parse("2026-05-01T10:00:00Z"));
    }
}
