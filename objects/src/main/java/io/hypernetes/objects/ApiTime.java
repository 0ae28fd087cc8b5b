package io.hypernetes.objects;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Times as the API writes them: RFC 3339, UTC, without a fraction (`Time`) or with six digits (`MicroTime`).
public final class ApiTime {
    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter MICROS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final Pattern SHAPE = Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-]\\d\\d:\\d\\d)", Pattern.CASE_INSENSITIVE);
    private static final Instant FIRST = Instant.parse("0000-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999999Z");

    private ApiTime() {}

    /// Such as `2026-01-02T03:04:05Z`; the fraction is cut off.
    public static String format(Instant time) {
        return SECONDS.format(time.truncatedTo(ChronoUnit.SECONDS));
    }

    /// Such as `2026-01-02T03:04:05.000006Z`.
    public static String formatMicro(Instant time) {
        return MICROS.format(time.truncatedTo(ChronoUnit.MICROS));
    }

    /// Reads any RFC 3339 time, which has seconds and, in UTC, a year of four digits: another cannot be written again.
    ///
    /// @throws IllegalArgumentException when it is none, with a sentence for the client
    public static Instant parse(String text) {
        DateTimeParseException cause = null;
        try {
            var time = SHAPE.matcher(text).matches() ? OffsetDateTime.parse(text).toInstant() : null;
            if (time != null && !time.isBefore(FIRST) && !time.isAfter(LAST)) {
                return time;
            }
        } catch (DateTimeParseException e) {
            cause = e;
        }
        throw new IllegalArgumentException(
                "parsing time " + FieldError.quoted(text) + ": it must be an RFC 3339 time such as 2026-01-02T03:04:05Z", cause);
    }

    /// The time at a place in a tree, or null when there is none that can be read.
    public static @Nullable Instant at(JsonNode node, String... path) {
        String text = Json.string(node, path);
        if (text.isEmpty()) {
            return null;
        }
        try {
            return parse(text);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /// An age as `kubectl get` prints it: `5s`, `2m30s`, `4h5m`, `3d2h`, `2y10d`; `<invalid>` for a time in the future.
    public static String age(Duration age) {
        long seconds = age.toSeconds();
        if (seconds < -1) {
            return "<invalid>";
        }
        if (seconds < 0) {
            return "0s";
        }
        if (seconds < 120) {
            return seconds + "s";
        }
        long minutes = seconds / 60;
        if (minutes < 10) {
            return two(minutes, "m", seconds % 60, "s");
        }
        if (minutes < 180) {
            return minutes + "m";
        }
        long hours = minutes / 60;
        if (hours < 8) {
            return two(hours, "h", minutes % 60, "m");
        }
        if (hours < 48) {
            return hours + "h";
        }
        if (hours < 192) {
            return two(hours / 24, "d", hours % 24, "h");
        }
        long days = hours / 24;
        if (days < 730) {
            return days + "d";
        }
        return days < 2920 ? two(days / 365, "y", days % 365, "d") : days / 365 + "y";
    }

    /// The age of a time, `<unknown>` for none.
    public static String age(@Nullable Instant since, Instant now) {
        return since == null ? "<unknown>" : age(Duration.between(since, now));
    }

    private static String two(long big, String bigUnit, long small, String smallUnit) {
        return small == 0 ? big + bigUnit : big + bigUnit + small + smallUnit;
    }
}
