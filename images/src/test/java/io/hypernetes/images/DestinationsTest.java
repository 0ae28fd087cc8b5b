package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DestinationsTest {
    private static final URI PUBLIC = URI.create("https://192.0.2.7/v2/");
    private static final URI HERE = URI.create("http://127.0.0.1:5000/v2/");

    @ParameterizedTest
    @ValueSource(strings = {
        "http://127.0.0.1/x", "http://127.9.9.9:6443/x", "https://localhost/x", "http://[::1]/x", "http://0.0.0.0/x", "http://[::]/x", "http://[::ffff:127.0.0.1]/x",
        "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/x", "http://224.0.0.1/x", "http://LOCALHOST/x"})
    void addressesOfThisHostAndItsSegmentAreNotFollowed(String next) {
        assertThatThrownBy(() -> from(PUBLIC).check(URI.create(next))).isInstanceOf(ImageException.class).hasMessageContaining("is an address of");
    }

    @Test
    void whatIsNoHostOrNotKnownIsNotFollowed() {
        assertThatThrownBy(() -> from(PUBLIC).check(URI.create("http://no-such-host.invalid/x"))).isInstanceOf(UnknownHostException.class);
        assertThatThrownBy(() -> from(PUBLIC).check(URI.create("mailto:somebody"))).isInstanceOf(IOException.class).hasMessageContaining("without a host");
        // Of the registry itself the connection says it.
        URI nowhere = URI.create("https://no-such-host.invalid/v2/");
        assertThatCode(() -> from(nowhere).check(nowhere)).doesNotThrowAnyException();
    }

    @Test
    void aRegistryThatMovesToAnAddressOfTheOperatorsIsNoLongerSpokenTo() throws IOException {
        AtomicBoolean moved = new AtomicBoolean();
        Destinations destinations = new Destinations(PUBLIC, OperatorAddresses.known(_ -> moved.get()));
        destinations.check(PUBLIC);
        moved.set(true);
        assertThatThrownBy(() -> destinations.check(PUBLIC)).isInstanceOf(ImageException.class).hasMessageContaining("192.0.2.7 is at an address of the operator's own");
    }

    private static Destinations from(URI home) {
        return new Destinations(home, OperatorAddresses.known(_ -> false));
    }

    /// Whoever looks up has no carrier of virtual threads, of which there are few. And one that answers late may answer with anything.
    @Test
    void anAddressThatNobodyTellsInTimeIsNotSpokenTo() {
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
        URI slow = URI.create("https://registry.test/v2/");
        for (URI home : new URI[] {slow, PUBLIC}) {
            Destinations destinations = new Destinations(home, OperatorAddresses.known(_ -> false), silent);
            assertThatThrownBy(() -> destinations.check(slow)).isInstanceOf(SocketTimeoutException.class).hasMessageContaining("looking up registry.test took longer");
        }
        assertThat(asking).succeedsWithin(Duration.ofSeconds(20)).matches(thread -> !thread.isVirtual());
        over.countDown();
    }

    @Test
    void othersAreAndWhatIsLocalToALocalRegistryToo() {
        assertThatCode(() -> from(PUBLIC).check(URI.create("https://198.51.100.1/x"))).doesNotThrowAnyException();
        assertThatCode(() -> from(HERE).check(URI.create("http://127.0.0.1:5001/x"))).doesNotThrowAnyException();
        assertThatThrownBy(() -> from(HERE).check(URI.create("http://169.254.169.254/x"))).hasMessageContaining("own network segment");
    }

    @Test
    void theOperatorsAddressesAreNotFollowedFromElsewhere() {
        URI own = URI.create("https://10.0.0.5/v2/");
        URI next = URI.create("https://10.0.0.6/x");
        assertThatThrownBy(() -> new Destinations(PUBLIC, OperatorAddresses.known(InetAddress::isSiteLocalAddress)).check(next)).isInstanceOf(ImageException.class).hasMessageContaining("operator's own");
        assertThatCode(() -> new Destinations(own, OperatorAddresses.known(InetAddress::isSiteLocalAddress)).check(next)).doesNotThrowAnyException();
    }

    @Test
    void whileTheOperatorsAddressesAreNotAllKnownARegistryServesWhatItHasItselfAndSendsNowhere() throws IOException {
        URI denied = URI.create("https://10.0.0.6/x");
        Destinations destinations = new Destinations(PUBLIC, new OperatorAddresses(InetAddress::isSiteLocalAddress, _ -> true));
        destinations.check(PUBLIC);
        assertThatThrownBy(() -> destinations.check(denied)).isInstanceOf(ImageException.class).hasMessageContaining("operator's own machines (10.0.0.6); such");
        assertThatThrownBy(() -> destinations.check(URI.create("https://198.51.100.1/x"))).isInstanceOf(ImageException.class).hasMessageContaining("for all that is known yet");
    }
}
