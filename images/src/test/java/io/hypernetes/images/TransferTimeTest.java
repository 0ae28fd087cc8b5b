package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class TransferTimeTest {
    @Test
    void whoIsStillInTimeHasSomeLeftAlsoWhenMoreCameThanWasSaid() {
        ImageSettings.Transfers limits = new ImageSettings.Transfers(Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ZERO, 1, Duration.ofSeconds(1), 1, 1);
        TransferTime time = new TransferTime(limits, 1, 1);
        assertThat(time.isOver()).isTrue();
        assertThat(time.left()).isZero();
        time.came(600 * (64 << 10)); // the same part again and again, of a registry without ranges
        assertThat(time.isOver()).isFalse();
        assertThat(time.left()).isBetween(Duration.ofMinutes(1), Duration.ofMinutes(10));
    }
}
