package io.hypernetes.apiserver.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LookupsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final InetAddress FOUND = InetAddress.ofLiteral("192.0.2.1");

    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final CountDownLatch slow = new CountDownLatch(1);
    private final Lookups lookups = new Lookups(this::resolve, "test");

    @AfterEach
    void close() {
        slow.countDown();
        lookups.close();
    }

    private InetAddress resolve(String host) throws UnknownHostException {
        asked.add(host);
        try {
            if (host.startsWith("slow")) {
                slow.await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (host.equals("none")) {
            throw new UnknownHostException(host);
        }
        return FOUND;
    }

    @Test
    void aNameIsLookedUpOnceForAllWhoWaitForIt() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var found = IntStream.range(0, 50).mapToObj(_ -> threads.submit(() -> lookups.resolve("a", "slow", PATIENCE))).toList();
            await().until(() -> asked.size() == 1);
            slow.countDown();
            for (Future<InetAddress> each : found) {
                assertThat(each.get()).isEqualTo(FOUND);
            }
        }
        assertThat(asked.size()).isLessThan(50);
        int before = asked.size();
        lookups.resolve("a", "slow", PATIENCE);
        assertThat(asked).as("nothing is kept").hasSize(before + 1);
    }

    @Test
    void namesOfOneTenantThatHangAreFewAndHoldUpNoOther() throws Exception {
        for (int i = 0; i < 4; i++) {
            var name = "slow-" + i;
            assertThatThrownBy(() -> lookups.resolve("a", name, Duration.ofMillis(1))).hasMessage("lookup " + name + ": context deadline exceeded");
        }
        assertThatThrownBy(() -> lookups.resolve("a", "quick", PATIENCE)).hasMessage("lookup quick: too many names are being looked up");
        assertThat(lookups.resolve("b", "quick", PATIENCE)).isEqualTo(FOUND);
        assertThat(lookups.resolve("", "quick", PATIENCE)).isEqualTo(FOUND);
    }

    @Test
    void aNameThatIsNone() {
        assertThatThrownBy(() -> lookups.resolve("a", "none", PATIENCE)).hasMessage("lookup none: no such host");
    }
}
