package io.hypernetes.network.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {
    @Test
    void countsAndNamesItsAddresses() {
        Cidr high = Cidr.parse("192.168.252.0/22");
        assertThat(high.size()).isEqualTo(1024);
        assertThat(high.address(1)).isEqualTo("192.168.252.1");
        assertThat(high.address(1023)).isEqualTo("192.168.255.255");
        assertThat(high.host("192.168.255.255")).isEqualTo(1023);
        assertThat(high.host("192.168.251.255")).isEqualTo(-1);
        assertThat(high).hasToString("192.168.252.0/22");
        assertThat(high.mac(1)).isEqualTo("0a:58:c0:a8:fc:01");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10.0.0.0", "10.0.0.1/24", "256.0.0.0/24", "10.0.0.0/31", "10.0.0.0/7", "fd00::/64"})
    void refusesWhatIsNone(String text) {
        assertThatThrownBy(() -> Cidr.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
