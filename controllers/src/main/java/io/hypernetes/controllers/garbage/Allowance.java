package io.hypernetes.controllers.garbage;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/// How often a tenant may have something done that costs all of them. Thread-safe.
final class Allowance {
    /// Of one tenant, in a minute.
    static final int OF_TENANT = 10;
    /// Of all together, in a minute.
    static final int OF_ALL = 200;

    private static final Duration PERIOD = Duration.ofMinutes(1);

    private final InstantSource clock;
    private final Map<String, Integer> taken = new HashMap<>();
    private Instant since = Instant.MIN;
    private int all;

    Allowance(InstantSource clock) {
        this.clock = clock;
    }

    /// @return whether the tenant may have it once more now
    synchronized boolean take(String tenant) {
        Instant now = clock.instant();
        // A clock that was set back begins anew too.
        if (now.isBefore(since) || !now.minus(PERIOD).isBefore(since)) {
            since = now;
            taken.clear();
            all = 0;
        }
        if (all >= OF_ALL || taken.getOrDefault(tenant, 0) >= OF_TENANT) {
            return false;
        }
        all++;
        taken.merge(tenant, 1, Integer::sum);
        return true;
    }
}
