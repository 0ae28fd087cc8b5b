package io.hypernetes.apiserver.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class DestinationsTest {
    private static final Destinations ORDINARY = new Destinations(Destinations.PRIVATE, List.of("10.1.0.0/16"));

    @Test
    void theHostItselfItsWireAndTheOperatorsRangesAreDenied() {
        for (var literal : List.of("127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "224.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1",
                "::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::")) {
            assertThat(ORDINARY.permits(InetAddress.ofLiteral(literal))).as(literal).isFalse();
        }
        for (var literal : List.of("192.0.2.1", "10.1.2.3", "2001:db8::1")) {
            assertThat(ORDINARY.permits(InetAddress.ofLiteral(literal))).as(literal).isTrue();
        }
    }

    @Test
    void whatIsTheOperatorsAtTheTimeIsDeniedTooUnlessItIsAllowedByName() {
        var others = ORDINARY.without(address -> address.equals(InetAddress.ofLiteral("192.0.2.1")) || address.equals(InetAddress.ofLiteral("10.1.2.3")));
        assertThat(others.permits(InetAddress.ofLiteral("192.0.2.1"))).isFalse();
        assertThat(others.permits(InetAddress.ofLiteral("192.0.2.2"))).isTrue();
        assertThat(others.permits(InetAddress.ofLiteral("10.1.2.3"))).isTrue();
    }

    @Test
    void aNameIsWhereItsAddressesAre() throws Exception {
        assertThatThrownBy(() -> ORDINARY.resolve("localhost")).isInstanceOf(Destinations.DeniedException.class).hasMessageContaining("127.0.0.1");
        assertThat(ORDINARY.resolve("192.0.2.7")).isEqualTo(InetAddress.ofLiteral("192.0.2.7"));
    }
}
