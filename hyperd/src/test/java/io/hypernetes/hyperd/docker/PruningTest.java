package io.hypernetes.hyperd.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PruningTest {
    private static final Instant NOW = Instant.parse("2026-03-10T12:00:00Z");

    private static Pruning of(String filters) {
        return Pruning.parse(filters, NOW, "label", "label!", "until");
    }

    @ParameterizedTest
    @CsvSource({
        "24h, 2026-03-09T12:00:00Z",
        "1h30m, 2026-03-10T10:30:00Z",
        "1.5h, 2026-03-10T10:30:00Z",
        "10m5s500ms, 2026-03-10T11:49:54.500Z",
        "1773000000, 2026-03-08T20:00:00Z",
        "1773000000.5, 2026-03-08T20:00:00Z",
        "2026-03-01T10:00:00Z, 2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00+02:00, 2026-03-01T08:00:00Z",
    })
    void whatIsYoungerStays(String until, Instant time) {
        Pruning pruning = of("{\"until\":{\"" + until + "\":true}}");
        assertThat(pruning.means(Map.of(), time)).isTrue();
        assertThat(pruning.means(Map.of(), time.plusNanos(1))).isFalse();
    }

    @Test
    void aDateIsOfThisHost() {
        assertThat(of("{\"until\":[\"2026-03-01\"]}").before()).isEqualTo(LocalDate.of(2026, 3, 1).atStartOfDay(ZoneId.systemDefault()).toInstant());
    }

    @Test
    void whatHasNoKnownAgeStaysOnlyIfAgesMatter() {
        assertThat(of("").means(Map.of(), null)).isTrue();
        assertThat(of("{\"until\":[\"1h\"]}").means(Map.of(), null)).isFalse();
    }

    @Test
    void labelsMeanAndSpare() {
        assertThat(of("{\"label\":[\"a\",\"b=1\"]}").means(Map.of("a", "x", "b", "1"), 0)).isTrue();
        assertThat(of("{\"label\":[\"a\",\"b=1\"]}").means(Map.of("a", "x", "b", "2"), 0)).isFalse();
        assertThat(of("{\"label!\":[\"keep\"]}").means(Map.of("keep", ""), 0)).isFalse();
        assertThat(of("{\"label!\":[\"keep=1\"]}").means(Map.of("keep", "2"), 0)).isTrue();
    }

    /// As moby: what has one of them only is not left.
    @Test
    void severalLabelsSpareTogether() {
        assertThat(of("{\"label!\":{\"keep\":true,\"mine=1\":true}}").means(Map.of("keep", "", "mine", "1"), 0)).isFalse();
        assertThat(of("{\"label!\":{\"keep\":true,\"mine=1\":true}}").means(Map.of("keep", "", "mine", "2"), 0)).isTrue();
        assertThat(of("{\"label!\":{}}").means(Map.of(), 0)).as("none is named").isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"yesterday", "", "1h2", "h", "-1h", "2026-13-01", "1h 2m"})
    void aTimeThatIsNotUnderstoodRemovesNothing(String until) {
        assertThatThrownBy(() -> of("{\"until\":[\"" + until + "\"]}")).isInstanceOfSatisfying(DockerFailure.class, failure -> assertThat(failure.status()).isEqualTo(400));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 9000})
    void aLengthThatIsTooLongRemovesNothing(int parts) {
        String until = "999999999h".repeat(parts);
        assertThatThrownBy(() -> of("{\"until\":[\"" + until + "\"]}")).isInstanceOfSatisfying(DockerFailure.class, failure -> assertThat(failure.status()).isEqualTo(400));
    }

    @Test
    void twoTimesAreNone() {
        assertThatThrownBy(() -> of("{\"until\":[\"1h\",\"2h\"]}")).hasMessageContaining("more than one until filter");
    }
}
