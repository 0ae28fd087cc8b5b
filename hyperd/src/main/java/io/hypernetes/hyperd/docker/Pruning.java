package io.hypernetes.hyperd.docker;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Which of the things that nobody uses a call to prune means: filters `label`, `label!` and, of what has an age, `until`.
///
/// @param filters as they came
/// @param before what was made later stays
record Pruning(Filters filters, Instant before) {
    private static final Pattern LENGTH = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(h|ms|m|s)");
    /// As moby counts them, in nanoseconds.
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);
    private static final Pattern SECONDS = Pattern.compile("([0-9]{1,12})(?:\\.[0-9]{1,9})?");
    /// The forms in which a time may be written; without an offset it is this host's.
    private static final List<Function<String, Instant>> TIMES = List.of(
            text -> OffsetDateTime.parse(text).toInstant(),
            text -> LocalDateTime.parse(text).atZone(ZoneId.systemDefault()).toInstant(),
            text -> LocalDate.parse(text).atStartOfDay(ZoneId.systemDefault()).toInstant());

    /// @param known the names of filters that there are, `until` among them if ages are known
    /// @throws DockerFailure 400 for a filter that is not known or not understood: what it was to keep would be removed
    static Pruning parse(String text, Instant now, String... known) {
        Filters filters = Filters.parse(text, known);
        List<String> until = filters.wanted().getOrDefault("until", List.of());
        if (until.size() > 1) {
            throw new DockerFailure(400, "more than one until filter specified");
        }
        return new Pruning(filters, until.isEmpty() ? Instant.MAX : time(until.getFirst(), now));
    }

    /// @param created null when it is not known, which is no reason to remove it for its age
    boolean means(Map<String, String> labels, @Nullable Instant created) {
        boolean old = created == null ? before.equals(Instant.MAX) : !created.isAfter(before);
        return old && filters.labels(labels) && !filters.spares(labels);
    }

    boolean means(Map<String, String> labels, long createdNanos) {
        return means(labels, Instant.ofEpochSecond(0, createdNanos));
    }

    /// A length of time before now such as `1h30m`, seconds since 1970, or a date with or without a time.
    private static Instant time(String text, Instant now) {
        Matcher seconds = SECONDS.matcher(text);
        if (seconds.matches()) {
            return Instant.ofEpochSecond(Long.parseLong(seconds.group(1)));
        }
        Duration length = length(text);
        if (length != null) {
            return now.minus(length);
        }
        for (Function<String, Instant> form : TIMES) {
            try {
                return form.apply(text);
            } catch (DateTimeException another) {
                // Perhaps it is of the next form.
            }
        }
        throw new DockerFailure(400, "invalid filter 'until=" + text + "': it must be like 24h, 1h30m, 2026-01-31, 2026-01-31T12:00:00Z or seconds since 1970");
    }

    private static @Nullable Duration length(String text) {
        Matcher part = LENGTH.matcher(text);
        Duration sum = Duration.ZERO;
        int end = 0;
        while (end < text.length() && part.find(end) && part.start() == end) {
            double millis = Double.parseDouble(part.group(1)) * switch (part.group(2)) {
                case "h" -> 3_600_000;
                case "m" -> 60_000;
                case "s" -> 1_000;
                default -> 1;
            };
            sum = sum.plusMillis((long) millis);
            if (sum.compareTo(LONGEST) > 0) {
                return null;
            }
            end = part.end();
        }
        return end > 0 && end == text.length() ? sum : null;
    }
}
