package io.hypernetes.hyperd.container;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class InputThreadTest {
    private final CountDownLatch read = new CountDownLatch(1);
    private final CompletableFuture<Boolean> arrived = new CompletableFuture<>();

    private void work() {
        try {
            read.await();
            arrived.complete(true);
        } catch (InterruptedException leaving) {
            arrived.complete(false);
        }
    }

    @Test
    void whatNobodyReadsIsGivenUpWhenTheClientHasGone() throws Exception {
        InputThread.start("typing", this::work, Duration.ZERO).close();
        assertThat(arrived.get(60, TimeUnit.SECONDS)).isFalse();
    }

    @Test
    void whatWasSentLastHasTimeToArrive() throws Exception {
        InputThread.start("typing", this::work, Duration.ofMinutes(5)).close();
        read.countDown();
        assertThat(arrived.get(60, TimeUnit.SECONDS)).isTrue();
    }
}
