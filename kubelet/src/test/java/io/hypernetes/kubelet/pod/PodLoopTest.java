package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PodLoopTest {
    private static final Duration LONG = Duration.ofDays(1);

    private final BlockingQueue<Supplier<Duration>> passes = new ArrayBlockingQueue<>(1);
    private final CompletableFuture<Boolean> over = new CompletableFuture<>();
    private final PodLoop loop = new PodLoop(new ObjectKey("root", "default", "web"), "uid", this::pass, over::complete);

    private Duration pass() {
        try {
            return passes.take().get();
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
            return LONG;
        }
    }

    /// Returns when the loop has begun with it.
    private void next(Supplier<Duration> pass) throws InterruptedException {
        CompletableFuture<Void> begun = new CompletableFuture<>();
        passes.put(() -> {
            begun.complete(null);
            return pass.get();
        });
        begun.join();
    }

    @AfterEach
    void close() {
        loop.close();
    }

    @Test
    void aPassFollowsWhenThePauseIsOverOrSomebodyEndsIt() throws InterruptedException {
        loop.start();
        next(() -> Duration.ofMillis(1));
        next(() -> LONG);
        loop.wake();
        next(() -> LONG);
        assertThat(over).isNotDone();
    }

    @Test
    void whoWakesItInAPassHasAnotherOneFollow() throws InterruptedException {
        loop.start();
        next(() -> {
            loop.wake();
            loop.wake();
            return LONG;
        });
        next(() -> LONG);
        assertThat(over).isNotDone();
    }

    @Test
    void whatFailedIsTriedAgain() throws InterruptedException {
        loop.start();
        next(() -> {
            throw new IllegalStateException("a fault");
        });
        next(() -> LONG);
        assertThat(over).isNotDone();
    }

    @Test
    void itIsOverByItselfOrByWhoClosesIt() throws Exception {
        loop.start();
        next(() -> {
            loop.end();
            return LONG;
        });
        assertThat(over.get(30, TimeUnit.SECONDS)).isTrue();

        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        CompletableFuture<Void> began = new CompletableFuture<>();
        PodLoop other = new PodLoop(new ObjectKey("root", "default", "web"), "uid", () -> {
            began.complete(null);
            return LONG;
        }, closed::complete);
        other.start();
        began.join();
        other.close();
        assertThat(closed.get(30, TimeUnit.SECONDS)).isFalse();
        assertThat(other.isClosed()).isTrue();
    }
}
