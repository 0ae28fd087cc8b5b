package io.hypernetes.guest;

import java.time.Duration;

/// An attached session.
final class GuestSession {
    private GuestSession() {}

    static Guest attach(
            String machine, GuestConnection connection, Guest.Freshness freshness, GuestListener listener, Duration deadline) {
        throw new UnsupportedOperationException("attaching to " + machine + ": the session comes with the next commit");
    }
}
