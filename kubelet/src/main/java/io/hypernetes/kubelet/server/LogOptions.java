package io.hypernetes.kubelet.server;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What of a log is wanted.
///
/// @param tailLines -1 for all
/// @param limitBytes -1 for no limit
record LogOptions(boolean follow, boolean previous, boolean timestamps, long tailLines, long limitBytes, @Nullable Instant since) {

    static LogOptions of(HttpRequestHead request, InstantSource clock) {
        long tail = number(request, "tailLines");
        long limit = number(request, "limitBytes");
        Instant since = null;
        Optional<String> time = request.parameter("sinceTime");
        if (time.isPresent()) {
            try {
                since = Instant.parse(time.get());
            } catch (DateTimeParseException malformed) {
                throw new HttpFailure(400, "sinceTime must be a time such as 2026-01-02T03:04:05Z");
            }
        }
        long seconds = number(request, "sinceSeconds");
        if (seconds >= 0) {
            // No log is older than the first of all times, and there are none before it.
            Instant now = clock.instant();
            since = now.minus(Duration.ofSeconds(Math.min(seconds, now.getEpochSecond())));
        }
        return new LogOptions(request.flag("follow"), request.flag("previous"), request.flag("timestamps"), tail, limit, since);
    }

    private static long number(HttpRequestHead request, String name) {
        Optional<String> text = request.parameter(name);
        if (text.isEmpty()) {
            return -1;
        }
        try {
            long number = Long.parseLong(text.get());
            if (number >= 0) {
                return number;
            }
        } catch (NumberFormatException malformed) {
            // told below
        }
        throw new HttpFailure(400, name + " must be a number that is not negative");
    }
}
