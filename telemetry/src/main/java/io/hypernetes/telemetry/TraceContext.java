package io.hypernetes.telemetry;

import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;

/// A place in a trace, as W3C Trace Context (level 2) has it.
///
/// @param traceId 32 lower-case hexadecimal digits, not all zero
/// @param spanId 16 of them, not all zero
public record TraceContext(String traceId, String spanId) {
    private static final Pattern TRACE_ID = Pattern.compile("[0-9a-f]{32}");
    private static final Pattern SPAN_ID = Pattern.compile("[0-9a-f]{16}");
    private static final int LENGTH = 55;
    private static final HexFormat HEX = HexFormat.of();

    /// @throws IllegalArgumentException when one of them is malformed
    public TraceContext {
        if (!TRACE_ID.matcher(traceId).matches() || isZero(traceId) || !SPAN_ID.matcher(spanId).matches() || isZero(spanId)) {
            throw new IllegalArgumentException("not a trace context: " + traceId + " " + spanId);
        }
    }

    /// The beginning of a new trace.
    public static TraceContext fresh() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return new TraceContext(HEX.toHexDigits(random.nextLong() | 1) + HEX.toHexDigits(random.nextLong()), freshSpanId());
    }

    /// The same trace, another span.
    public TraceContext next() {
        return new TraceContext(traceId, freshSpanId());
    }

    /// Reads the header `traceparent`. A version that is newer than 00 is read as far as it is known.
    ///
    /// @return empty when there is none that can be understood
    public static Optional<TraceContext> parse(String header) {
        String text = header.strip();
        if (text.length() < LENGTH || text.startsWith("ff") || text.length() > LENGTH && (text.startsWith("00") || text.charAt(LENGTH) != '-')) {
            return Optional.empty();
        }
        if (text.charAt(2) != '-' || text.charAt(35) != '-' || text.charAt(52) != '-') {
            return Optional.empty();
        }
        try {
            HEX.parseHex(text, 0, 2);
            HEX.parseHex(text, 53, 55);
            return Optional.of(new TraceContext(text.substring(3, 35), text.substring(36, 52)));
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    /// The header `traceparent`, sampled.
    public String header() {
        return "00-" + traceId + "-" + spanId + "-01";
    }

    static String freshSpanId() {
        return HEX.toHexDigits(ThreadLocalRandom.current().nextLong() | 1);
    }

    private static boolean isZero(String hex) {
        return hex.chars().allMatch(digit -> digit == '0');
    }
}
