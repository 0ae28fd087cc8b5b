package io.hypernetes.apiserver;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// A TLS context whose certificate is issued when somebody first needs it, and anew long before it ends. Thread-safe.
final class RenewedTls implements Supplier<SSLContext> {
    /// How long an issued certificate is valid.
    static final Duration VALIDITY = Duration.ofDays(90);

    private static final Duration RENEWED_AFTER = Duration.ofDays(30);

    private final Supplier<SSLContext> issue;
    private final Clock clock;
    private @Nullable SSLContext current;
    private Instant issued = Instant.MIN;

    RenewedTls(Supplier<SSLContext> issue, Clock clock) {
        this.issue = issue;
        this.clock = clock;
    }

    @Override
    public synchronized SSLContext get() {
        var now = clock.instant();
        var shown = current;
        if (shown == null || now.isAfter(issued.plus(RENEWED_AFTER))) {
            shown = issue.get();
            current = shown;
            issued = now;
        }
        return shown;
    }
}
