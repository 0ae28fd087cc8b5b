package io.hypernetes.telemetry;

import java.util.Map;

/// Something that was done and how long it took: a span of a trace.
///
/// @param at its place in the trace
/// @param parentId the span that it is part of, 16 hexadecimal digits; empty for none
/// @param service which component did it: `kubelet`, `hyperd`, …
/// @param name what was done, in a word or two of a closed set
/// @param startNanos when it began, since 1970
/// @param nanos how long it took
/// @param attributes what else is known of it
/// @param error why it failed; empty when it did not
public record Step(
        TraceContext at, String parentId, String service, String name, long startNanos, long nanos, Map<String, String> attributes, String error) {

    public Step {
        attributes = Map.copyOf(attributes);
    }

    public long endNanos() {
        return startNanos + nanos;
    }
}
