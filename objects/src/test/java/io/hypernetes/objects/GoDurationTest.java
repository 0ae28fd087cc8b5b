package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoDurationTest {
    @ParameterizedTest
    @CsvSource({
        "0, PT0S", "1h30m, PT1H30M", "1.5h, PT1H30M", ".5s, PT0.5S", "1.s, PT1S", "250ms, PT0.25S", "-2m, PT-2M", "+2m, PT2M", "1us2ns, PT0.000001002S", "5\u00b5s, PT0.000005S",
        "2562047h47m16.854775807s, PT2562047H47M16.854775807S"
    })
    void isReadAsGoReadsIt(String text, Duration expected) {
        assertThat(GoDuration.parse(text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-", "1", "s", ".s", "1d", "1 h", "1h ", "1mm", "1h-1m", "--1s", "9999999h", "2562047h47m17s", "2562047h47m16.854775808s", "99999999999999999999999ns"})
    void isRefusedAsGoRefusesIt(String text) {
        assertThatThrownBy(() -> GoDuration.parse(text)).isInstanceOf(IllegalArgumentException.class).hasMessage("time: invalid duration \"" + text + "\"");
    }

    /// Neither a deep stack nor much time, whatever it is.
    @Test
    void manyPartsTakeNoStack() {
        assertThat(GoDuration.parse("1s".repeat(512))).hasSeconds(512);
        assertThatThrownBy(() -> GoDuration.parse("1s".repeat(500_000))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GoDuration.parse("9".repeat(1_000_000) + "s")).isInstanceOf(IllegalArgumentException.class);
    }
}
