package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkLoopTest {
    private final WorkQueue<ObjectKey> queue = new WorkQueue<>(ObjectKey::tenant);
    private final Semaphore answers = new Semaphore(0);
    private final AtomicInteger hanging = new AtomicInteger();
    private final AtomicInteger looks = new AtomicInteger();
    private final Set<ObjectKey> reconciled = ConcurrentHashMap.newKeySet();
    private final WorkLoop<ObjectKey> loop = new WorkLoop<>("test", queue, 4, this::reconcile);

    @AfterEach
    void stop() {
        loop.close();
    }

    private Optional<Duration> reconcile(ObjectKey key) throws InterruptedException {
        if (key.tenant().equals("overflows")) {
            looks.incrementAndGet();
            throw new StackOverflowError();
        }
        if (key.tenant().equals("patient")) {
            looks.incrementAndGet();
            return Optional.of(Duration.ofSeconds(Long.MAX_VALUE));
        }
        if (key.tenant().equals("hangs")) {
            hanging.incrementAndGet();
            answers.acquire();
            hanging.decrementAndGet();
        }
        reconciled.add(key);
        return Optional.empty();
    }

    private void add(String tenant, int count) {
        for (int i = 0; i < count; i++) {
            queue.add(new ObjectKey(tenant, "default", "key-" + i));
        }
    }

    private long done(String tenant) {
        return reconciled.stream().filter(key -> key.tenant().equals(tenant)).count();
    }

    @Test
    void aTenantThatHangsHoldsUpNoOther() {
        add("hangs", 50);
        loop.start();
        await().atMost(Duration.ofSeconds(20)).until(() -> hanging.get() == 2);
        add("red", 50);
        add(ObjectKey.ROOT, 50);
        await().atMost(Duration.ofSeconds(20)).until(() -> done("red") == 50 && done(ObjectKey.ROOT) == 50);
        assertThat(hanging).hasValue(2);
        assertThat(done("hangs")).isZero();
        answers.release(50);
        await().atMost(Duration.ofSeconds(20)).until(() -> done("hangs") == 50);
    }

    /// There are more of them than workers, and each comes more than once.
    @Test
    void aKeyThatOverflowsTheStackCostsNoWorker() {
        add("overflows", 8);
        loop.start();
        await().atMost(Duration.ofSeconds(20)).until(() -> looks.get() >= 16);
        add("red", 5);
        await().atMost(Duration.ofSeconds(20)).until(() -> done("red") == 5);
    }

    /// It is looked at once, neither again at once nor as a fault.
    @Test
    void whoIsInNoHurryAtAllWaits() {
        add("patient", 1);
        loop.start();
        await().atMost(Duration.ofSeconds(20)).until(() -> looks.get() == 1);
        add("red", 50);
        await().atMost(Duration.ofSeconds(20)).until(() -> done("red") == 50);
        await().during(Duration.ofMillis(200)).atMost(Duration.ofSeconds(20)).until(() -> looks.get() == 1);
    }

    /// Workers that wait for room are woken when there is some, whoever made it.
    @Test
    void roomThatComesIsUsed() {
        add("hangs", 6);
        loop.start();
        for (int left = 6; left > 0; left--) {
            int expected = Math.min(2, left);
            await().atMost(Duration.ofSeconds(20)).until(() -> hanging.get() == expected);
            answers.release();
            int gone = 7 - left;
            await().atMost(Duration.ofSeconds(20)).until(() -> done("hangs") == gone);
        }
    }
}
