package io.hypernetes.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class HandshakesTest {
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch go = new CountDownLatch(1);
    private final CountDownLatch done = new CountDownLatch(6);
    private final List<String> order = new CopyOnWriteArrayList<>();

    private Runnable task(String name) {
        return () -> {
            order.add(name);
            done.countDown();
        };
    }

    @Test
    void originsTakeTurnsAndAFailureEndsNothing() throws Exception {
        try (var handshakes = new Handshakes(1)) {
            handshakes.from("loud").execute(() -> {
                begun.countDown();
                awaitGo();
                throw new IllegalStateException("broken");
            });
            begun.await();
            for (int n = 0; n < 4; n++) {
                handshakes.from("loud").execute(task("loud" + n));
            }
            handshakes.from("quiet").execute(task("quiet0"));
            handshakes.from("quiet").execute(task("quiet1"));
            go.countDown();
            done.await();
        }
        assertThat(order).containsExactly("loud0", "quiet0", "loud1", "quiet1", "loud2", "loud3");
    }

    @Test
    void whoHasBegunIsFirstOfItsLineAndWhoIsGoneIsForgotten() throws Exception {
        try (var handshakes = new Handshakes(1)) {
            var first = handshakes.from("here");
            first.execute(() -> {
                begun.countDown();
                awaitGo();
            });
            begun.await();
            var gone = handshakes.from("here");
            gone.execute(task("gone"));
            handshakes.from("here").execute(task("fresh0"));
            handshakes.from("here").execute(task("fresh1"));
            first.execute(task("second"));
            first.execute(task("third"));
            gone.gone();
            gone.execute(task("gone too"));
            go.countDown();
            await().until(() -> order.contains("fresh1"));
        }
        assertThat(order).containsExactly("second", "third", "fresh0", "fresh1");
    }

    private void awaitGo() {
        try {
            go.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
