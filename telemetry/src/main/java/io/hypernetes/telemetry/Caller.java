package io.hypernetes.telemetry;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// On whose behalf a call is made, as it crosses the wire: the header `traceparent` (W3C Trace Context) says for which span, and the header
/// `baggage` (W3C Baggage) may tell steps that the caller took before, an entry each:
/// `hypernetes.step.SPANID=NAME;parent=SPANID;service=NAME;start=NANOS;took=NANOS;of=WORD`.
///
/// @param context the caller's span; null when it does not say
/// @param told what the caller did before, oldest first
public record Caller(@Nullable TraceContext context, List<Step> told) {
    /// Nobody in particular.
    public static final Caller NONE = new Caller(null, List.of());

    /// The attribute of a step that travels with it: which container or image it is about.
    public static final String OF = "of";

    private static final ScopedValue<Caller> CURRENT = ScopedValue.newInstance();
    private static final String KEY = "hypernetes.step.";
    private static final int MOST_BYTES = 8192;
    private static final int MOST_STEPS = 32;
    private static final int MOST_CHARACTERS = 128;

    public Caller {
        told = List.copyOf(told);
    }

    /// Whoever this thread works for.
    public static Caller current() {
        return CURRENT.orElse(NONE);
    }

    /// Runs something on this caller's behalf.
    public <R, X extends Throwable> R call(ScopedValue.CallableOp<? extends R, X> action) throws X {
        return ScopedValue.where(CURRENT, this).call(action);
    }

    /// Reads the two headers; what cannot be understood of them is left out.
    public static Caller parse(@Nullable String traceparent, @Nullable String baggage) {
        TraceContext context = traceparent == null ? null : TraceContext.parse(traceparent).orElse(null);
        if (context == null) {
            return NONE;
        }
        List<Step> told = new ArrayList<>();
        if (baggage != null && baggage.length() <= MOST_BYTES) {
            for (String entry : baggage.split(",")) {
                if (told.size() < MOST_STEPS) {
                    step(context, entry.strip()).ifPresent(told::add);
                }
            }
        }
        return new Caller(context, told);
    }

    /// The header `baggage`; empty when there is nothing to tell. What there is no room for is left out.
    public String baggage() {
        StringBuilder text = new StringBuilder();
        for (Step step : told) {
            String entry = entry(step);
            if (text.length() + entry.length() + 1 <= MOST_BYTES) {
                text.append(text.isEmpty() ? "" : ",").append(entry);
            }
        }
        return text.toString();
    }

    private static String entry(Step step) {
        return KEY + step.at().spanId() + "=" + encoded(step.name()) + ";parent=" + step.parentId() + ";service=" + encoded(step.service())
                + ";start=" + step.startNanos() + ";took=" + step.nanos() + ";" + OF + "=" + encoded(step.attributes().getOrDefault(OF, ""));
    }

    private static Optional<Step> step(TraceContext context, String entry) {
        String[] parts = entry.split(";");
        int equals = parts[0].indexOf('=');
        if (!entry.startsWith(KEY) || equals < 0) {
            return Optional.empty();
        }
        Map<String, String> properties = new HashMap<>();
        for (String part : parts) {
            int sign = part.indexOf('=');
            if (sign > 0) {
                properties.put(part.substring(0, sign).strip(), part.substring(sign + 1).strip());
            }
        }
        try {
            String of = decoded(properties.getOrDefault(OF, ""));
            long took = Long.parseLong(properties.getOrDefault("took", ""));
            String parent = properties.getOrDefault("parent", "");
            if (took < 0) {
                return Optional.empty();
            }
            return Optional.of(new Step(
                    new TraceContext(context.traceId(), parts[0].substring(KEY.length(), equals)),
                    parent.isEmpty() ? "" : new TraceContext(context.traceId(), parent).spanId(),
                    decoded(properties.getOrDefault("service", "")),
                    decoded(parts[0].substring(equals + 1)),
                    Long.parseLong(properties.getOrDefault("start", "")),
                    took,
                    of.isEmpty() ? Map.of() : Map.of(OF, of),
                    ""));
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    private static String encoded(String text) {
        String cut = text.length() > MOST_CHARACTERS ? text.substring(0, MOST_CHARACTERS) : text;
        return URLEncoder.encode(cut, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String decoded(String text) {
        String plain = URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        return plain.length() > MOST_CHARACTERS ? plain.substring(0, MOST_CHARACTERS) : plain;
    }
}
