package io.hypernetes.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FreshnessTest {
    private long now = Long.MAX_VALUE - 5;
    private final Freshness freshness = new Freshness(() -> now);

    @Test
    void aGatewayThatIsBehindForAMinuteIsNotWellUntilItHasCaughtUp() {
        assertThat(freshness.isHealthy()).isTrue();
        freshness.behind();
        now += Freshness.PATIENCE.toNanos() - 1;
        assertThat(freshness.isHealthy()).isTrue();
        freshness.behind();
        now++;
        assertThat(freshness.isHealthy()).as("since it was behind for the first time").isFalse();
        freshness.caughtUp();
        assertThat(freshness.isHealthy()).isTrue();
    }
}
