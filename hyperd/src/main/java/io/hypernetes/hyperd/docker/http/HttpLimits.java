package io.hypernetes.hyperd.docker.http;

import java.time.Duration;

/// What a client may cost.
///
/// @param connections open at a time; one more is answered 503 and closed
/// @param headBytes of a request line with its headers
/// @param headerLines of one request
/// @param idle how long a connection may wait for its next request
/// @param silence how long a request that has begun may stand still while it is read
public record HttpLimits(int connections, int headBytes, int headerLines, Duration idle, Duration silence) {

    /// Room for some hundred attached terminals, none for a client that forgets to close.
    public static final HttpLimits DEFAULTS =
            new HttpLimits(1024, 64 * 1024, 100, Duration.ofMinutes(5), Duration.ofSeconds(60));
}
