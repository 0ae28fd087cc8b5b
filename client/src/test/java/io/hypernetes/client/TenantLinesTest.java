package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TenantLinesTest {
    private final ConcurrentLinkedQueue<String> begun = new ConcurrentLinkedQueue<>();
    private final CountDownLatch over = new CountDownLatch(1);
    private final TenantLines<String> lines = new TenantLines<>("test", 10, (tenant, item) -> {
        begun.add(item);
        if (tenant.startsWith("hangs")) {
            try {
                over.await();
            } catch (InterruptedException ended) {
                begun.add(item + " interrupted");
            }
        }
    });

    @AfterEach
    void end() {
        over.countDown();
        lines.close();
    }

    @Test
    void whoHangsHoldsUpNobodyElse() {
        for (int i = 0; i < 9; i++) {
            assertThat(lines.offer("hangs-" + i, "h" + i)).isNull();
        }
        // Or those would still wait, and one of red's would have to make way.
        await().until(() -> begun.size() == 9);
        IntStream.range(0, 5).forEach(i -> assertThat(lines.offer("red", "r" + i)).isNull());
        await().until(() -> begun.contains("r4"));
        assertThat(begun.stream().filter(item -> item.startsWith("r"))).as("in their order").containsExactly("r0", "r1", "r2", "r3", "r4");
    }

    @Test
    void whatFailsHoldsUpNothingBehindIt() {
        try (TenantLines<String> failing = new TenantLines<>("failing", 2, (tenant, item) -> {
            begun.add(item);
            throw new AssertionError(item);
        })) {
            for (int i = 0; i < 5; i++) {
                String item = "f" + i;
                assertThat(failing.offer("red", item)).isNull();
                await().until(() -> begun.contains(item));
            }
        }
    }

    @Test
    void theLastOfTheLongestLineMakesWay() {
        lines.offer("hangs", "h0");
        await().until(() -> begun.contains("h0"));
        lines.offer("hangs-too", "t0");
        await().until(() -> begun.contains("t0"));
        IntStream.range(1, 11).forEach(i -> assertThat(lines.offer("hangs", "h" + i)).isNull());
        assertThat(lines.offer("hangs", "h11")).as("its own line is the longest").isEqualTo("h11");
        assertThat(lines.offer("hangs-too", "t1")).isEqualTo("h10");
        assertThat(lines.offer("red", "r")).isEqualTo("h9");
        await().until(() -> begun.contains("r"));
        over.countDown();
        await().until(() -> begun.contains("h8") && begun.contains("t1"));
        assertThat(begun).doesNotContain("h9", "h10", "h11");
    }

    @Test
    void whatIsClosedDoesNoMore() {
        lines.offer("hangs", "h0");
        lines.offer("hangs", "h1");
        await().until(() -> begun.contains("h0"));
        lines.close();
        await().until(() -> begun.contains("h0 interrupted"));
        assertThat(lines.offer("red", "r")).isEqualTo("r");
        assertThat(begun).doesNotContain("h1", "r");
    }
}
