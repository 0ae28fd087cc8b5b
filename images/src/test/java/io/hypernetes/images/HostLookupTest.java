package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HostLookupTest {

    /// Of no address all can be said, also that it is where everything is allowed.
    @Test
    void aHostWithoutAddressesIsUnknown() {
        assertThatThrownBy(() -> new HostLookup(host -> new java.net.InetAddress[0], Duration.ofSeconds(20)).addresses("registry.test"))
                .isInstanceOf(UnknownHostException.class).hasMessage("registry.test");
    }

    /// Whoever looks up has no carrier of virtual threads, of which there are few.
    @Test
    void nobodyWaitsLongerThanItMayTake() {
        CountDownLatch over = new CountDownLatch(1);
        CompletableFuture<Thread> asking = new CompletableFuture<>();
        HostLookup silent = new HostLookup(host -> {
            asking.complete(Thread.currentThread());
            try {
                over.await();
            } catch (InterruptedException never) {
                throw new AssertionError(never);
            }
            throw new UnknownHostException(host);
        }, Duration.ofMillis(200));
        assertThatThrownBy(() -> silent.addresses("registry.test")).isInstanceOf(SocketTimeoutException.class).hasMessageContaining("looking up registry.test took longer");
        assertThat(asking).succeedsWithin(Duration.ofSeconds(20)).matches(thread -> !thread.isVirtual());
        over.countDown();
    }
}
