package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DestinationsTest {
    private static final URI PUBLIC = URI.create("https://192.0.2.7/v2/");
    private static final URI HERE = URI.create("http://127.0.0.1:5000/v2/");

    @ParameterizedTest
    @ValueSource(strings = {
        "http://127.0.0.1/x", "http://127.9.9.9:6443/x", "https://localhost/x", "http://[::1]/x", "http://0.0.0.0/x", "http://[::]/x", "http://[::ffff:127.0.0.1]/x",
        "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/x", "http://224.0.0.1/x", "http://2130706433/x"})
    void addressesOfThisHostAndItsSegmentAreNotFollowed(String next) {
        assertThatThrownBy(() -> Destinations.check(URI.create(next), PUBLIC, _ -> false)).isInstanceOfAny(ImageException.class, IOException.class);
    }

    @Test
    void othersAreAndWhatIsLocalToALocalRegistryToo() {
        assertThatCode(() -> Destinations.check(URI.create("https://198.51.100.1/x"), PUBLIC, _ -> false)).doesNotThrowAnyException();
        assertThatCode(() -> Destinations.check(URI.create("http://127.0.0.1:5001/x"), HERE, _ -> false)).doesNotThrowAnyException();
        assertThatThrownBy(() -> Destinations.check(URI.create("http://169.254.169.254/x"), HERE, _ -> false)).hasMessageContaining("own network segment");
    }

    @Test
    void theOperatorsAddressesAreNotFollowedFromElsewhere() {
        URI own = URI.create("https://10.0.0.5/v2/");
        URI next = URI.create("https://10.0.0.6/x");
        assertThatThrownBy(() -> Destinations.check(next, PUBLIC, InetAddress::isSiteLocalAddress)).isInstanceOf(ImageException.class).hasMessageContaining("operator's own");
        assertThatCode(() -> Destinations.check(next, own, InetAddress::isSiteLocalAddress)).doesNotThrowAnyException();
    }
}
