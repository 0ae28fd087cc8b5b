package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

class OperatorRangesTest {
    private static Settings settings(String... flags) {
        return Settings.read(Path.of("/nowhere/config.yaml"), List.of(flags));
    }

    private static InetAddress at(String literal) {
        return InetAddress.ofLiteral(literal);
    }

    @Test
    void whatIsTheOperatorsIsDeniedToRegistriesUnlessItIsNamed() {
        var registries = OperatorRanges.registries(settings("denied-cidrs=203.0.113.0/24", "registry-cidrs=203.0.113.5/32"));
        for (String own : List.of("203.0.113.1", "10.88.1.2", "10.96.0.1", "100.126.0.1", "127.0.0.1", "169.254.169.254")) {
            assertThat(registries.permits(at(own))).as(own).isFalse();
        }
        HostAddresses.all().forEach(own -> assertThat(registries.permits(at(own))).as(own).isFalse());
        for (String other : List.of("203.0.113.5", "192.168.1.1", "192.0.2.1")) {
            assertThat(registries.permits(at(other))).as(other).isTrue();
        }
    }

    /// As machines get them from leases and with networks of containers. Tests run as root.
    @Test
    void anAddressThatThisMachineGetsLaterIsItsOwnToo() throws Exception {
        String later = "198.51.100." + ThreadLocalRandom.current().nextInt(1, 255);
        var registries = OperatorRanges.registries(settings());
        var webhooks = OperatorRanges.webhooks(settings());
        assertThat(registries.permits(at(later))).isTrue();
        ip("add", later);
        try {
            assertThat(registries.permits(at(later))).isFalse();
            assertThat(webhooks.permits(at(later))).isFalse();
            assertThat(OperatorRanges.registries(settings("registry-cidrs=" + later + "/32")).permits(at(later))).as("named").isTrue();
        } finally {
            ip("del", later);
        }
        assertThat(registries.permits(at(later))).isTrue();
    }

    private static void ip(String verb, String address) throws Exception {
        assertThat(new ProcessBuilder("ip", "address", verb, address + "/32", "dev", "lo").inheritIO().start().waitFor()).isZero();
    }

    @Test
    void webhooksMayBeAtPublicAddressesThatAreNotTheOperators() {
        var webhooks = OperatorRanges.webhooks(settings("denied-cidrs=203.0.113.0/24", "webhook-cidrs=192.168.7.0/24", "advertise-address=198.51.100.9"));
        for (String own : List.of("203.0.113.1", "198.51.100.9", "192.168.1.1", "10.88.1.2", "169.254.169.254")) {
            assertThat(webhooks.permits(at(own))).as(own).isFalse();
        }
        assertThat(webhooks.permits(at("192.168.7.7"))).isTrue();
        assertThat(webhooks.permits(at("192.0.2.1"))).isTrue();
    }

    @Test
    void whatIsNoRangeIsTold() {
        assertThatThrownBy(() -> OperatorRanges.registries(settings("registry-cidrs=here"))).isInstanceOf(UsageException.class).hasMessageContaining("registry-cidrs");
    }
}
