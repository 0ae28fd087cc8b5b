package io.hypernetes.client;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/// A clock that only the test moves.
public final class ManualClock implements InstantSource {
    private volatile Instant now;

    public ManualClock(Instant start) {
        this.now = start;
    }

    @Override
    public Instant instant() {
        return now;
    }

    public long nanoTime() {
        Instant at = now;
        return at.getEpochSecond() * 1_000_000_000L + at.getNano();
    }

    public void advance(Duration by) {
        now = now.plus(by);
    }
}
