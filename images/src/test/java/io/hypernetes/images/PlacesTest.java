package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PlacesTest {
    private static final Requester ACME = Requester.tenant("acme");
    private static final Requester OTHER = Requester.tenant("other");

    private final Places places = new Places(2, 8);

    private final class Waiter {
        final CountDownLatch in = new CountDownLatch(1);
        final Thread thread;

        Waiter(Requester who) {
            thread = Thread.startVirtualThread(() -> {
                try {
                    places.acquire(who);
                    in.countDown();
                } catch (InterruptedException stopped) {
                    // Nobody counts on it.
                }
            });
            await().until(() -> in.getCount() == 0 || thread.getState() == Thread.State.WAITING);
        }

        boolean isIn() {
            await().until(() -> in.getCount() == 0 || thread.getState() == Thread.State.WAITING);
            return in.getCount() == 0;
        }
    }

    @Test
    void whoHasTakenAllKeepsNobodyElseOut() throws InterruptedException {
        places.acquire(ACME);
        places.acquire(ACME);
        Waiter third = new Waiter(ACME);
        assertThat(third.isIn()).isFalse();
        places.acquire(OTHER);
        places.acquire(Requester.OPERATOR);
        Waiter second = new Waiter(OTHER);
        assertThat(second.isIn()).isFalse();
        places.release(ACME);
        places.release(Requester.OPERATOR);
        assertThat(third.isIn() || second.isIn()).as("two are still taken").isFalse();
        places.release(ACME);
        await().until(third::isIn);
        assertThat(second.isIn()).isFalse();
    }

    @Test
    void whoHasFewerComesFirst() throws InterruptedException {
        places.acquire(ACME);
        places.acquire(OTHER);
        places.acquire(Requester.OPERATOR);
        Waiter acme = new Waiter(ACME);
        places.release(OTHER);
        Waiter other = new Waiter(OTHER);
        assertThat(other.isIn()).isTrue();
        assertThat(acme.isIn()).isFalse();
    }

    @Test
    void theyAreNotWithoutNumber() throws InterruptedException {
        for (int i = 0; i < 8; i++) {
            places.acquire(Requester.tenant("t" + i));
        }
        Waiter ninth = new Waiter(ACME);
        assertThat(ninth.isIn()).isFalse();
        // Whose pods the node itself may need.
        places.acquire(Requester.OPERATOR);
        places.release(Requester.OPERATOR);
        ninth.thread.interrupt();
        ninth.thread.join();
        places.release(Requester.tenant("t0"));
        places.acquire(OTHER);
    }

    @Test
    void oneAloneHasThemAll() throws InterruptedException {
        AtomicInteger in = new AtomicInteger();
        for (int i = 0; i < 10; i++) {
            places.acquire(ACME);
            in.incrementAndGet();
            if (i > 0) {
                places.release(ACME);
            }
        }
        assertThat(in).hasValue(10);
    }
}
