package io.hypernetes.apiserver;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/// A TLS context whose certificate is issued anew long before it ends. Thread-safe.
final class RenewedTls implements Supplier<SSLContext> {
    /// How long an issued certificate is valid.
    static final Duration VALIDITY = Duration.ofDays(90);

    private static final Duration RENEWED_AFTER = Duration.ofDays(30);

    private final Supplier<SSLContext> issue;
    private final Clock clock;
    private SSLContext current;
    private Instant issued;

    RenewedTls(Supplier<SSLContext> issue, Clock clock) {
        this.issue = issue;
        this.clock = clock;
        this.current = issue.get();
        this.issued = clock.instant();
    }

    @Override
    public synchronized SSLContext get() {
        var now = clock.instant();
        if (now.isAfter(issued.plus(RENEWED_AFTER))) {
            current = issue.get();
            issued = now;
        }
        return current;
    }
}
