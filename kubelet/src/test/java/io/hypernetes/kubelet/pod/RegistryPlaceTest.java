package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.kubelet.probe.HostLookups;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RegistryPlaceTest {

    private static Optional<String> refusal(String image, Predicate<InetAddress> operators) throws IOException {
        return RegistryPlace.refusal("acme", image, new HostLookups(InetAddress::getAllByName), Duration.ofSeconds(20), operators);
    }

    /// A registry that is looked up once more for the pull could be anywhere then. And whoever looks up has no carrier of virtual threads, of which there are few.
    @Test
    void aRegistryOfWhichNobodyTellsInTimeWhereItIsIsNotPulledFrom() {
        CountDownLatch over = new CountDownLatch(1);
        CompletableFuture<Thread> asking = new CompletableFuture<>();
        HostLookups silent = new HostLookups(host -> {
            asking.complete(Thread.currentThread());
            try {
                over.await();
            } catch (InterruptedException never) {
                throw new AssertionError(never);
            }
            throw new UnknownHostException(host);
        });
        CompletableFuture<Optional<String>> answer = CompletableFuture.supplyAsync(() -> {
            try {
                return RegistryPlace.refusal("acme", "registry.test/a", silent, Duration.ofSeconds(1), _ -> false);
            } catch (IOException unknown) {
                throw new UncheckedIOException(unknown);
            }
        }, Thread::startVirtualThread);
        assertThat(answer).failsWithin(Duration.ofSeconds(20)).withThrowableThat().withMessageContaining("lookup registry.test: i/o timeout");
        assertThat(asking).succeedsWithin(Duration.ofSeconds(20)).matches(thread -> !thread.isVirtual());
        over.countDown();
    }

    @Test
    void tenantsNameNoRegistryOnTheNodeOrItsWire() throws IOException {
        for (String image : new String[] {
            "127.0.0.1:5000/a:1", "localhost/a", "LOCALHOST/a", "Localhost/a/b:1", "localhost:10250/a", "169.254.169.254/latest/meta-data", "[::1]:5000/a", "[fe80::1]/a", "0.0.0.0:1/a", "127.1.2.3/a@sha256:0", "224.0.0.1/a"}) {
            assertThat(refusal(image, _ -> false)).as(image).isPresent();
        }
        for (String image : new String[] {"192.0.2.1:5000/a:1", "10.0.0.5/a", "[2001:db8::1]:5000/a", "no-such-host.invalid/a"}) {
            assertThat(refusal(image, _ -> false)).as(image).isEmpty();
        }
    }

    @Test
    void tenantsNameNoRegistryAtTheOperatorsAddresses() throws IOException {
        assertThat(refusal("10.0.0.5:5000/a:1", address -> address.isSiteLocalAddress())).hasValueSatisfying(
                why -> assertThat(why).contains("10.0.0.5").contains("registry-cidrs"));
        assertThat(refusal("192.0.2.1/a", address -> address.isSiteLocalAddress())).isEmpty();
    }

    @Test
    void aNameWithoutARegistryIsTheDefaultOnes() {
        assertThat(RegistryPlace.registry("busybox:1")).isEqualTo("docker.io");
        assertThat(RegistryPlace.registry("library/busybox")).isEqualTo("docker.io");
        assertThat(RegistryPlace.registry("hypernetes.io/sample/busybox:1")).isEqualTo("hypernetes.io");
    }
}
