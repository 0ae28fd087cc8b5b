package io.hypernetes.controllers.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.BitSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {
    private static String next(String schedule, String after, String zone) {
        return Schedule.parse(schedule, ZoneId.of(zone)).next(Instant.parse(after)).map(Instant::toString).orElse("never");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            * * * * *            | 2026-01-01T00:00:00Z | UTC              | 2026-01-01T00:01:00Z
            */15 * * * *         | 2026-01-01T00:15:01Z | UTC              | 2026-01-01T00:30:00Z
            5/20 3 * * *         | 2026-01-01T03:05:00Z | UTC              | 2026-01-01T03:25:00Z
            0 9 * * mon-fri      | 2026-01-02T09:00:00Z | UTC              | 2026-01-05T09:00:00Z
            0 0 1 * *            | 2026-01-01T00:00:00Z | UTC              | 2026-02-01T00:00:00Z
            0 0 13 * 5           | 2026-01-10T00:00:00Z | UTC              | 2026-01-13T00:00:00Z
            0 0 29 2 *           | 2026-01-01T00:00:00Z | UTC              | 2028-02-29T00:00:00Z
            0 0 31 2 *           | 2026-01-01T00:00:00Z | UTC              | never
            0 0 */10 * 1         | 2026-01-01T00:00:00Z | UTC              | 2026-01-05T00:00:00Z
            0 0 */1 * 1          | 2026-01-01T00:00:00Z | UTC              | 2026-01-05T00:00:00Z
            0 0 13,* * 1         | 2026-01-01T00:00:00Z | UTC              | 2026-01-05T00:00:00Z
            0 0 13 * */7         | 2026-01-01T00:00:00Z | UTC              | 2026-01-04T00:00:00Z
            0 3,,4 * * *         | 2026-01-01T00:00:00Z | UTC              | 2026-01-01T03:00:00Z
            @hourly              | 2026-01-01T00:59:59Z | UTC              | 2026-01-01T01:00:00Z
            @weekly              | 2026-01-01T00:00:00Z | UTC              | 2026-01-04T00:00:00Z
            @every 1h30m         | 2026-01-01T00:00:00Z | UTC              | 2026-01-01T01:30:00Z
            30 8 * * *           | 2026-07-01T00:00:00Z | Europe/Berlin    | 2026-07-01T06:30:00Z
            30 8 * * *           | 2026-01-01T00:00:00Z | America/New_York | 2026-01-01T13:30:00Z
            TZ=Asia/Tokyo 0 0 * * * | 2026-01-01T00:00:00Z | UTC           | 2026-01-01T15:00:00Z
            30 2 * * *           | 2026-03-28T12:00:00Z | Europe/Berlin    | 2026-03-30T00:30:00Z
            30 2 * * *           | 2026-10-24T12:00:00Z | Europe/Berlin    | 2026-10-25T00:30:00Z
            30 2 * * *           | 2026-10-25T00:30:00Z | Europe/Berlin    | 2026-10-25T01:30:00Z
            30 2 * * *           | 2026-10-25T01:30:00Z | Europe/Berlin    | 2026-10-26T01:30:00Z
            */5 * * * *          | 2026-10-25T00:55:00Z | Europe/Berlin    | 2026-10-25T01:00:00Z
            0 * * * *            | 2012-03-11T06:00:00Z | America/New_York | 2012-03-11T07:00:00Z
            0 2 * * *            | 2012-03-11T05:00:00Z | America/New_York | 2012-03-12T06:00:00Z
            0 3 * * *            | 2026-10-03T12:00:00Z | Australia/Lord_Howe | 2026-10-03T16:00:00Z
            0 0 * * *            | 2018-11-03T12:00:00Z | America/Sao_Paulo | 2018-11-05T02:00:00Z
            """)
    void theNextTimeIsFound(String schedule, String after, String zone, String expected) {
        assertThat(next(schedule, after, zone)).isEqualTo(expected);
    }

    /// Names of Go's zones that Java has none of, or counts as something else.
    @ParameterizedTest
    @CsvSource({"EST,17", "MST,19", "HST,22", "ROC,4", "GMT+0,12", "GMT-0,12"})
    void zonesHaveTheirShortNames(String zone, int noon) {
        ZoneId known = Schedule.zone(zone);
        assertThat(Schedule.parse("0 12 * * *", known).next(Instant.parse("2026-07-01T00:00:00Z"))).contains(Instant.parse("2026-07-01T%02d:00:00Z".formatted(noon)));
        assertThat(Schedule.parse("TZ=" + zone + " 0 12 * * *", ZoneOffset.UTC).next(Instant.parse("2026-01-01T00:00:00Z")))
                .contains(Instant.parse("2026-01-01T%02d:00:00Z".formatted(noon)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            60 * * * *
            * * * *
            */0 * * * *
            5-1 * * * *
            x * * * *
            @sometimes
            """)
    void whatIsMalformedIsRefused(String schedule) {
        assertThatThrownBy(() -> Schedule.parse(schedule, ZoneOffset.UTC)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void indexesAreWrittenAsRangesAndReadBack() {
        BitSet indexes = new BitSet();
        indexes.set(1);
        indexes.set(3, 6);
        indexes.set(8, 10);
        assertThat(Indexes.text(indexes)).isEqualTo("1,3-5,8,9");
        assertThat(Indexes.parse("1,3-5,8,9", 100)).isEqualTo(indexes);
        assertThat(Indexes.parse("0-999999999", 3).cardinality()).isEqualTo(3);
    }
}
