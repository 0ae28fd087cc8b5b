package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class WorkQueueTest {
    private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
    private final WorkQueue<String> queue = new WorkQueue<>(Duration.ofSeconds(1), Duration.ofSeconds(5), clock::nanoTime);

    @Test
    void aKeyWaitsOnceAndIsNeverInTwoHands() throws Exception {
        queue.add("a");
        queue.add("a");
        assertThat(queue.take()).contains("a");
        queue.add("a");
        queue.add("b");
        assertThat(queue.take()).contains("b");
        assertThat(queue.size()).isZero();
        queue.done("a");
        assertThat(queue.take()).contains("a");
    }

    @Test
    void theEarliestDelayCounts() throws Exception {
        queue.addAfter("a", Duration.ofSeconds(10));
        queue.addAfter("a", Duration.ofSeconds(2));
        queue.addAfter("a", Duration.ofSeconds(20));
        clock.advance(Duration.ofSeconds(1));
        assertThat(queue.size()).isZero();
        clock.advance(Duration.ofSeconds(1));
        assertThat(queue.take()).contains("a");
        queue.done("a");
        clock.advance(Duration.ofSeconds(60));
        assertThat(queue.size()).as("leftovers of overtaken delays").isZero();
    }

    /// Near 292 years, where a clock of nanoseconds wraps, and beyond.
    @Test
    void oneVeryLongDelayHoldsNothingUp() throws Exception {
        queue.addAfter("near", Duration.ofNanos(Long.MAX_VALUE));
        queue.addAfter("beyond", Duration.ofSeconds(Long.MAX_VALUE));
        queue.addAfter("soon", Duration.ofSeconds(1));
        clock.advance(Duration.ofSeconds(1));
        assertThat(queue.size()).isOne();
        assertThat(queue.take()).contains("soon");
        queue.done("soon");
        clock.advance(Duration.ofDays(1));
        assertThat(queue.size()).as("a day is the longest").isEqualTo(2);
    }

    @Test
    void delaysKeepTheirOrderWhereTheClockWraps() throws Exception {
        long[] nanos = {Long.MAX_VALUE - 10};
        WorkQueue<String> wrapping = new WorkQueue<>(Duration.ofSeconds(1), Duration.ofSeconds(5), () -> nanos[0]);
        wrapping.addAfter("later", Duration.ofNanos(20));
        wrapping.addAfter("sooner", Duration.ofNanos(5));
        nanos[0] += 5;
        assertThat(wrapping.size()).isOne();
        assertThat(wrapping.take()).contains("sooner");
        nanos[0] += 15;
        assertThat(wrapping.take()).contains("later");
    }

    @Test
    void pausesDoubleUpToTheLongestAndStartAgainAfterSuccess() {
        assertThat(queue.retry("a")).hasSeconds(1);
        assertThat(queue.retry("a")).hasSeconds(2);
        assertThat(queue.retry("a")).hasSeconds(4);
        assertThat(queue.retry("a")).hasSeconds(5);
        assertThat(queue.retry("b")).hasSeconds(1);
        queue.forget("a");
        assertThat(queue.retry("a")).hasSeconds(1);
    }

    @Test
    void closingEndsTake() throws Exception {
        Thread taker = Thread.ofVirtual().start(() -> {
            try {
                assertThat(queue.take()).isEmpty();
            } catch (InterruptedException stopped) {
                throw new AssertionError(stopped);
            }
        });
        queue.close();
        assertThat(taker.join(Duration.ofSeconds(60))).isTrue();
    }
}
