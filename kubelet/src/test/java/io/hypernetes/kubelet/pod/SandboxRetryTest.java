package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class SandboxRetryTest {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final SandboxRetry retry = new SandboxRetry(() -> now);

    @Test
    void pausesGrowAndAreForgottenWhenAMachineStarts() {
        assertThat(retry.left()).isZero();
        retry.failed();
        assertThat(retry.left()).isEqualTo(Duration.ofMillis(500));
        now = now.plusMillis(200);
        assertThat(retry.left()).isEqualTo(Duration.ofMillis(300));
        now = now.plusMillis(300);
        assertThat(retry.left()).isZero();
        for (int i = 0; i < 10; i++) {
            retry.failed();
        }
        assertThat(retry.left()).isEqualTo(Duration.ofSeconds(30));
        now = now.minusSeconds(600);
        assertThat(retry.left()).isEqualTo(Duration.ofSeconds(30));
        retry.succeeded();
        assertThat(retry.left()).isZero();
    }
}
