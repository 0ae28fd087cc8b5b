package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SharedWorkTest {
    private final SharedWork work = new SharedWork();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch over = new CountDownLatch(1);
    private final FutureTask<Boolean> doing = new FutureTask<>(() -> {
        work.join();
        try {
            work.run(this::longWork);
            return Thread.currentThread().isInterrupted();
        } finally {
            work.leave();
        }
    });
    private final Thread doer = Thread.ofPlatform().daemon().unstarted(doing);

    /// Waits as for a process that has got all that it shall read.
    private void longWork() throws IOException {
        begun.countDown();
        try {
            over.await();
        } catch (InterruptedException e) {
            throw new IOException("broken off", e);
        }
    }

    private void start() throws InterruptedException {
        doer.start();
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whatOthersWantIsDoneToTheEnd() throws Exception {
        work.join();
        start();
        doer.interrupt();
        org.awaitility.Awaitility.await().until(() -> !doer.isInterrupted());
        assertThat(doing).isNotDone();
        over.countDown();
        assertThat(doing.get(20, TimeUnit.SECONDS)).as("still knows that it was interrupted").isTrue();
    }

    @Test
    void itEndsWhenTheLastOtherLeaves() throws Exception {
        work.join();
        start();
        doer.interrupt();
        org.awaitility.Awaitility.await().until(() -> !doer.isInterrupted());
        work.leave();
        assertThatThrownBy(() -> doing.get(20, TimeUnit.SECONDS)).hasMessageContaining("broken off");
    }

    @Test
    void whatNobodyElseWantsEndsAtOnce() throws Exception {
        start();
        doer.interrupt();
        assertThatThrownBy(() -> doing.get(20, TimeUnit.SECONDS)).hasMessageContaining("broken off");
    }
}
