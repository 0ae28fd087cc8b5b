package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ApiTimeTest {
    @ParameterizedTest
    @CsvSource({
        "2026-01-02T03:04:05Z, 2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.000006Z, 2026-01-02T03:04:05.000006Z",
        "2026-01-02T03:04:05+02:30, 2026-01-02T00:34:05Z",
        "0000-01-01T00:00:00Z, 0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z, 9999-12-31T23:59:59Z",
    })
    void aTimeIsRead(String text, Instant time) {
        assertThat(ApiTime.parse(text)).isEqualTo(time);
        assertThat(ApiTime.parse(ApiTime.formatMicro(time))).isEqualTo(time);
    }

    /// What could be written in no way that clients read, and what has no seconds.
    @ParameterizedTest
    @ValueSource(strings = {
        "", "now", "2026-01-02", "2026-01-02T03:04Z", "2026-01-02T03:04:05", "2026-02-30T03:04:05Z", "+10000-01-01T00:00:00Z", "+999999999-01-01T00:00:00Z", "-0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00", "2026-01-02T03:04:05+01:00:01"
    })
    void whatIsNoneIsRefused(String text) {
        assertThatThrownBy(() -> ApiTime.parse(text)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("RFC 3339");
    }
}
