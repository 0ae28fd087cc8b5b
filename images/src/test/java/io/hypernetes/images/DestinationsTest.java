package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
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
        assertThatThrownBy(() -> permitted(from(PUBLIC), URI.create(next))).isInstanceOf(ImageException.class).hasMessageContaining("is an address of");
    }

    @Test
    void whatIsNotKnownIsNotFollowed() {
        assertThatThrownBy(() -> permitted(from(PUBLIC), URI.create("http://no-such-host.invalid/x"))).isInstanceOf(UnknownHostException.class);
        URI nowhere = URI.create("https://no-such-host.invalid/v2/");
        assertThatThrownBy(() -> permitted(from(nowhere), nowhere)).isInstanceOf(UnknownHostException.class);
    }

    @Test
    void aRegistryThatMovesToAnAddressOfTheOperatorsIsNoLongerSpokenTo() throws IOException {
        AtomicBoolean moved = new AtomicBoolean();
        Destinations destinations = destinations(PUBLIC, OperatorAddresses.known(_ -> moved.get()));
        permitted(destinations, PUBLIC);
        moved.set(true);
        assertThatThrownBy(() -> permitted(destinations, PUBLIC)).isInstanceOf(ImageException.class).hasMessageContaining("192.0.2.7 is at an address of the operator's own");
    }

    private static List<InetAddress> permitted(Destinations destinations, URI next) throws IOException {
        return destinations.permitted(Destinations.bare(next.getHost()), next.getPort() >= 0 ? next.getPort() : "https".equals(next.getScheme()) ? 443 : 80);
    }

    private static Destinations from(URI home) {
        return destinations(home, OperatorAddresses.known(_ -> false));
    }

    private static Destinations destinations(URI home, OperatorAddresses operators) {
        return new Destinations(home, Requester.OPERATOR, operators, HostLookup.SYSTEM);
    }

    @Test
    void othersAreAndWhatIsLocalToALocalRegistryToo() {
        assertThatCode(() -> permitted(from(PUBLIC), URI.create("https://198.51.100.1/x"))).doesNotThrowAnyException();
        assertThatCode(() -> permitted(from(HERE), URI.create("http://127.0.0.1:5001/x"))).doesNotThrowAnyException();
        assertThatThrownBy(() -> permitted(from(HERE), URI.create("http://169.254.169.254/x"))).hasMessageContaining("own network segment");
    }

    @Test
    void theOperatorsAddressesAreNotFollowedFromElsewhere() {
        URI own = URI.create("https://10.0.0.5/v2/");
        URI next = URI.create("https://10.0.0.6/x");
        assertThatThrownBy(() -> permitted(destinations(PUBLIC, OperatorAddresses.known(InetAddress::isSiteLocalAddress)), next)).isInstanceOf(ImageException.class).hasMessageContaining("operator's own");
        assertThatCode(() -> permitted(destinations(own, OperatorAddresses.known(InetAddress::isSiteLocalAddress)), next)).doesNotThrowAnyException();
    }

    @Test
    void whileTheOperatorsAddressesAreNotAllKnownARegistryServesWhatItHasItselfAndSendsNowhere() throws IOException {
        URI denied = URI.create("https://10.0.0.6/x");
        Destinations destinations = destinations(PUBLIC, new OperatorAddresses(InetAddress::isSiteLocalAddress, _ -> true));
        permitted(destinations, PUBLIC);
        assertThatThrownBy(() -> permitted(destinations, denied)).isInstanceOf(ImageException.class).hasMessageContaining("operator's own machines (10.0.0.6); such");
        assertThatThrownBy(() -> permitted(destinations, URI.create("https://198.51.100.1/x"))).isInstanceOf(ImageException.class).hasMessageContaining("for all that is known yet");
    }

    /// It may move there after whoever names it was told that it may be named.
    @Test
    void aTenantsRegistryIsJudgedEachTimeAndMayBeNowhereOfTheseItself() throws IOException {
        AtomicReference<String> at = new AtomicReference<>("192.0.2.7");
        URI home = URI.create("https://registry.test/v2/");
        Destinations destinations = new Destinations(home, Requester.tenant("acme"), new OperatorAddresses(InetAddress::isSiteLocalAddress, address -> address.getHostAddress().startsWith("198.51.")),
                new HostLookup(host -> new InetAddress[] {InetAddress.ofLiteral(at.get())}, Duration.ofSeconds(20)));
        assertThat(permitted(destinations, home)).containsExactly(InetAddress.ofLiteral("192.0.2.7"));
        for (String place : List.of("127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "10.0.0.5", "198.51.100.1")) {
            at.set(place);
            assertThatThrownBy(() -> permitted(destinations, home)).as(place).isInstanceOf(ImageException.class).hasMessageContaining("registry.test is at an address of");
        }
        Destinations local = new Destinations(HERE, Requester.tenant("acme"), OperatorAddresses.known(_ -> false), HostLookup.SYSTEM);
        assertThatThrownBy(() -> permitted(local, HERE)).isInstanceOf(ImageException.class);
    }
}
