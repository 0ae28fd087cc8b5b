package io.hypernetes.objects;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Spans of time as Go writes them: `1h30m`, `1.5s`, `250ms`, `-2m`. What an int64 of nanoseconds cannot hold, some 292 years, is none (`ParseDuration` in the
/// time/format.go of Go).
public final class GoDuration {
    private static final int LONGEST_TEXT = 1024;
    private static final BigInteger LONGEST = BigInteger.valueOf(Long.MAX_VALUE);
    /// One number with its unit. One after another is matched, as a group that repeats would take a frame of the stack each time.
    private static final Pattern PART = Pattern.compile("([0-9]*+)(?:\\.([0-9]*+))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)");

    private GoDuration() {}

    /// Reads a duration.
    ///
    /// @throws IllegalArgumentException when it is malformed, too long a text, or longer than some 292 years
    public static Duration parse(String text) {
        boolean signed = text.startsWith("-") || text.startsWith("+");
        String rest = signed ? text.substring(1) : text;
        if (rest.equals("0")) {
            return Duration.ZERO;
        }
        if (rest.isEmpty() || text.length() > LONGEST_TEXT) {
            throw invalid(text);
        }
        BigInteger nanos = BigInteger.ZERO;
        Matcher part = PART.matcher(rest);
        for (int at = 0; at < rest.length(); at = part.end()) {
            String whole = part.region(at, rest.length()).lookingAt() ? part.group(1) : "";
            String fraction = part.hasMatch() && part.group(2) != null ? part.group(2) : "";
            if (whole.isEmpty() && fraction.isEmpty()) {
                throw invalid(text);
            }
            BigDecimal number = new BigDecimal("0" + whole + "." + fraction + "0");
            nanos = nanos.add(number.multiply(BigDecimal.valueOf(nanos(part.group(3)))).toBigInteger());
            if (nanos.compareTo(LONGEST) > 0) {
                throw invalid(text);
            }
        }
        Duration duration = Duration.ofNanos(nanos.longValueExact());
        return text.startsWith("-") ? duration.negated() : duration;
    }

    private static long nanos(String unit) {
        return switch (unit) {
            case "h" -> 3_600_000_000_000L;
            case "m" -> 60_000_000_000L;
            case "s" -> 1_000_000_000L;
            case "ms" -> 1_000_000L;
            case "ns" -> 1L;
            default -> 1_000L;
        };
    }

    private static IllegalArgumentException invalid(String text) {
        String shown = text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) + "..." : text;
        return new IllegalArgumentException("time: invalid duration \"" + shown + "\"");
    }
}
