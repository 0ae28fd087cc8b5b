package io.hypernetes.controllers.batch;

import io.hypernetes.objects.GoDuration;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The times of a cron schedule: five fields (minute, hour, day of month, month, day of week), or `@yearly`, `@monthly`, `@weekly`,
/// `@daily`, `@hourly`, `@every DURATION`. Immutable.
sealed interface Schedule {
    /// One that is longer says something twice; the API refuses it too.
    int LONGEST = 1024;
    /// Of a text whose fault is told: an event has room for this, twice, and for what is wrong with it.
    int LONGEST_SHOWN = 200;
    /// Zones that Go knows and Java does not.
    Map<String, String> SHORT_ZONES = Map.of("EST", "-05:00", "MST", "-07:00", "HST", "-10:00", "ROC", "Asia/Taipei", "GMT+0", "GMT", "GMT-0", "GMT");

    /// The first time after the given one; empty when there is none within five years, as for the 31st of February.
    Optional<Instant> next(Instant after);

    /// The latest of its times after `from` and up to `now`; empty when there is none. However much lies between, it takes few steps.
    Optional<Instant> latest(Instant from, Instant now);

    /// The first of its times after both, counted on from `from` where it goes by that.
    Optional<Instant> upcoming(Instant from, Instant now);

    /// Reads a schedule, which may begin with `TZ=ZONE ` or `CRON_TZ=ZONE `.
    ///
    /// @param zone where its hours are meant, unless it says itself
    /// @throws IllegalArgumentException when it is malformed
    static Schedule parse(String text, ZoneId zone) {
        if (text.length() > LONGEST) {
            throw new IllegalArgumentException("must be no more than " + LONGEST + " characters");
        }
        String rest = text.strip();
        for (String prefix : List.of("TZ=", "CRON_TZ=")) {
            if (rest.startsWith(prefix) && rest.indexOf(' ') > 0) {
                ZoneId own = zone(rest.substring(prefix.length(), rest.indexOf(' ')));
                return times(rest.substring(rest.indexOf(' ')).strip(), own);
            }
        }
        return times(rest, zone);
    }

    private static Schedule times(String rest, ZoneId zone) {
        if (rest.startsWith("@every ")) {
            return new Every(pace(rest.substring("@every ".length())));
        }
        String fields = switch (rest) {
            case "@yearly", "@annually" -> "0 0 1 1 *";
            case "@monthly" -> "0 0 1 * *";
            case "@weekly" -> "0 0 * * 0";
            case "@daily", "@midnight" -> "0 0 * * *";
            case "@hourly" -> "0 * * * *";
            default -> rest;
        };
        String[] parts = fields.split("\\s+");
        if (parts.length != 5) {
            throw new IllegalArgumentException("expected exactly 5 fields, found " + parts.length + ": " + shown(rest));
        }
        return new Fields(
                zone,
                Field.MINUTE.parse(parts[0]),
                Field.HOUR.parse(parts[1]),
                Field.DAY.parse(parts[2]),
                Field.MONTH.parse(parts[3]),
                Field.WEEKDAY.parse(parts[4]),
                Field.isAny(parts[2]),
                Field.isAny(parts[4]));
    }

    /// A zone by its name, of Java's or Go's.
    ///
    /// @throws IllegalArgumentException when there is none
    static ZoneId zone(String name) {
        try {
            return ZoneId.of(name, SHORT_ZONES);
        } catch (java.time.DateTimeException unknown) {
            throw new IllegalArgumentException("unknown time zone " + shown(name));
        }
    }

    /// What of a text can be told: all of it, or its beginning.
    static String shown(String text) {
        if (text.length() <= LONGEST_SHOWN) {
            return text;
        }
        return text.substring(0, LONGEST_SHOWN - (Character.isHighSurrogate(text.charAt(LONGEST_SHOWN - 1)) ? 1 : 0)) + "...";
    }

    private static Duration pace(String text) {
        Duration period;
        try {
            period = GoDuration.parse(text);
        } catch (IllegalArgumentException malformed) {
            throw new IllegalArgumentException("failed to parse duration @every " + shown(text) + ": " + malformed.getMessage());
        }
        // Less than a second is a second, as there is nothing finer.
        return Duration.ofSeconds(Math.max(1, period.toSeconds()));
    }

    /// At a steady pace.
    record Every(Duration period) implements Schedule {
        @Override
        public Optional<Instant> next(Instant after) {
            return Optional.of(after.truncatedTo(ChronoUnit.SECONDS).plus(period));
        }

        @Override
        public Optional<Instant> latest(Instant from, Instant now) {
            Instant start = from.truncatedTo(ChronoUnit.SECONDS);
            long periods = Duration.between(start, now).dividedBy(period);
            return periods <= 0 ? Optional.empty() : Optional.of(start.plus(period.multipliedBy(periods)));
        }

        @Override
        public Optional<Instant> upcoming(Instant from, Instant now) {
            return next(latest(from, now).orElse(from));
        }
    }

    /// By the clock on the wall.
    ///
    /// @param anyDay whether the day of the month was left open; when both days are given, either will do
    record Fields(ZoneId zone, BitSet minutes, BitSet hours, BitSet days, BitSet months, BitSet weekdays, boolean anyDay, boolean anyWeekday)
            implements Schedule {

        @Override
        public Optional<Instant> next(Instant after) {
            // In steps of real time: an hour that a change of the clock leaves out does not come, one that comes twice counts twice.
            ZonedDateTime at = after.atZone(zone).truncatedTo(ChronoUnit.MINUTES).plusMinutes(1);
            ZonedDateTime last = at.plusYears(5);
            while (at.isBefore(last)) {
                if (!months.get(at.getMonthValue())) {
                    at = at.toLocalDate().withDayOfMonth(1).plusMonths(1).atStartOfDay(zone);
                } else if (!isDay(at)) {
                    at = at.toLocalDate().plusDays(1).atStartOfDay(zone);
                } else if (!hours.get(at.getHour())) {
                    at = at.plusMinutes(60 - at.getMinute());
                } else if (!minutes.get(at.getMinute())) {
                    at = at.plusMinutes(1);
                } else {
                    return Optional.of(at.toInstant());
                }
            }
            return Optional.empty();
        }

        @Override
        public Optional<Instant> latest(Instant from, Instant now) {
            Duration span = Duration.between(from, now);
            Duration back = Duration.ofDays(1);
            Instant none = now;
            // Back in windows that double, as it may name nothing for months; then by halves towards the end of the first one that has a time.
            while (back.compareTo(span) < 0 && firstUntil(now, now.minus(back)).isEmpty()) {
                none = now.minus(back);
                back = back.multipliedBy(2);
            }
            Optional<Instant> latest = firstUntil(now, back.compareTo(span) < 0 ? now.minus(back) : from);
            if (latest.isEmpty()) {
                return latest;
            }
            Instant found = latest.get();
            while (Duration.between(found, none).compareTo(Duration.ofMinutes(1)) >= 0) {
                Instant middle = found.plus(Duration.between(found, none).dividedBy(2));
                Optional<Instant> later = firstUntil(now, middle);
                if (later.isPresent()) {
                    found = later.get();
                } else {
                    none = middle;
                }
            }
            return Optional.of(found);
        }

        private Optional<Instant> firstUntil(Instant now, Instant after) {
            return next(after).filter(time -> !time.isAfter(now));
        }

        @Override
        public Optional<Instant> upcoming(Instant from, Instant now) {
            return next(now.isAfter(from) ? now : from);
        }

        private boolean isDay(ZonedDateTime at) {
            boolean day = days.get(at.getDayOfMonth());
            boolean weekday = weekdays.get(at.getDayOfWeek().getValue() % 7);
            return anyDay || anyWeekday ? day && weekday : day || weekday;
        }
    }

    /// One field of five.
    enum Field {
        MINUTE(0, 59, ""),
        HOUR(0, 23, ""),
        DAY(1, 31, ""),
        MONTH(1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
        WEEKDAY(0, 6, "sun mon tue wed thu fri sat");

        private final int min;
        private final int max;
        private final List<String> names;

        Field(int min, int max, String names) {
            this.min = min;
            this.max = max;
            this.names = List.of(names.split(" "));
        }

        /// Whether it leaves the day open. One in steps does not: `0 0 */2 * 1` is every second day and every Monday (`getRange` in the parser.go of robfig/cron v3,
        /// which upstream has).
        static boolean isAny(String text) {
            return Arrays.stream(text.split(",")).anyMatch(part -> part.matches("[*?](/0*1)?"));
        }

        BitSet parse(String text) {
            BitSet values = new BitSet();
            for (String part : text.split(",")) {
                if (part.isEmpty()) {
                    // Go's strings.FieldsFunc passes over them.
                    continue;
                }
                String[] step = part.split("/", -1);
                String[] range = step[0].split("-", -1);
                boolean any = step[0].equals("*") || step[0].equals("?");
                int low = any ? min : number(range[0], part);
                int high = any ? max : range.length > 1 ? number(range[1], part) : step.length > 1 ? max : low;
                int by = step.length > 1 ? step(step[1], part) : 1;
                if (step.length > 2 || range.length > 2 || low < min || high > max || low > high) {
                    throw new IllegalArgumentException("'" + shown(part) + "' is not a range between " + min + " and " + max);
                }
                for (int value = low; value <= high; value += by) {
                    values.set(value);
                }
            }
            return values;
        }

        private int step(String text, String part) {
            if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) == 0) {
                throw new IllegalArgumentException("the step of '" + shown(part) + "' is not a positive number");
            }
            return Integer.parseInt(text);
        }

        private int number(String text, String part) {
            int named = names.indexOf(text.toLowerCase(Locale.ROOT));
            if (named >= 0 && !text.isEmpty()) {
                return min + named;
            }
            if (!text.matches("[0-9]{1,4}")) {
                throw new IllegalArgumentException("'" + shown(part) + "' is neither a number nor a name");
            }
            return Integer.parseInt(text);
        }
    }
}
