package io.hypernetes.controllers.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
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

    /// Against a walk through every time there is, from one and the same start and up to moments of all kinds.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            * * * * *
            */7 3-5 * * *
            * * * * 1-5
            0 0 29 2 *
            * * * 1-11 *
            30 2 * * *
            @every 17m
            @every 2h3s
            """)
    void theLatestTimeIsTheOneThatAWalkEndsAt(String text) {
        Schedule schedule = Schedule.parse(text, ZoneId.of("Europe/Berlin"));
        Instant from = Instant.parse("2026-03-27T22:59:30Z");
        Instant walked = null;
        Instant next = schedule.next(from).orElseThrow();
        Random random = new Random(1);
        for (Instant now = from; now.isBefore(Instant.parse("2026-04-12T00:00:00Z")); now = now.plusSeconds(random.nextInt(7200))) {
            while (!next.isAfter(now)) {
                walked = next;
                next = schedule.next(next).orElseThrow();
            }
            assertThat(schedule.latest(from, now)).as("%s", now).isEqualTo(Optional.ofNullable(walked));
            assertThat(schedule.upcoming(from, now)).as("%s", now).contains(next);
        }
        assertThat(schedule.upcoming(Instant.parse("2030-01-01T00:00:00Z"), from)).isEqualTo(schedule.next(Instant.parse("2030-01-01T00:00:00Z")));
    }

    /// Two thousand years of minutes, of which none was in the last days: a thousand times in a moment, or once in minutes.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            * * * * 1-5    | 2026-11-29T12:00:00Z | 2026-11-27T23:59:00Z
            * * * 1-11 *   | 2026-12-31T12:00:00Z | 2026-11-30T23:59:00Z
            0 0 29 2 *     | 2026-12-31T12:00:00Z | 2024-02-29T00:00:00Z
            * * 1 1 *      | 2026-12-31T12:00:00Z | 2026-01-01T23:59:00Z
            """)
    @Timeout(20)
    void theLatestTimeIsFoundHoweverLongAgo(String text, Instant now, Instant expected) {
        Schedule schedule = Schedule.parse(text, ZoneOffset.UTC);
        for (int i = 0; i < 100; i++) {
            assertThat(schedule.latest(Instant.parse("0001-01-01T00:00:00Z"), now)).contains(expected);
        }
        assertThat(schedule.latest(expected.minusSeconds(1), now)).contains(expected);
        assertThat(schedule.latest(expected, now)).isEmpty();
    }

    /// As Go's parser, and none that is a burden to read.
    @Test
    void whatIsTooLongIsRefused() {
        assertThat(next("@every 2562047h47m16s", "2026-01-01T00:00:00Z", "UTC")).isEqualTo("2318-04-12T23:47:16Z");
        for (String text : List.of("@every 2562047h47m17s", "@every 9999999h", "@every " + "1s".repeat(900), "@every " + "1s".repeat(100_000),
                "TZ=UTC ".repeat(100) + "* * * * *", "TZ=UTC ".repeat(10_000) + "* * * * *", "0,".repeat(10_000) + " * * * *")) {
            assertThatThrownBy(() -> Schedule.parse(text, ZoneOffset.UTC)).isInstanceOf(IllegalArgumentException.class);
        }
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
