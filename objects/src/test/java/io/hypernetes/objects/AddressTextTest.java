package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTextTest {
    @Test
    void zerosBeforeAPartAreReadButNotPlain() {
        assertThat(AddressText.isV4("10.0.0.255")).isTrue();
        assertThat(AddressText.v4("10.0.0.255")).containsExactly(10, 0, 0, -1);
        for (String text : new String[] {"010.0.0.255", "10.00.0.255"}) {
            assertThat(AddressText.isV4(text)).isFalse();
            assertThat(AddressText.v4(text)).containsExactly(10, 0, 0, -1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.0004", "1.2..4", "::1", "1.2.3.4 ", "\u0661.2.3.4"})
    void otherTextsAreNoAddressesOfFourParts(String text) {
        assertThat(AddressText.isV4(text)).isFalse();
        assertThat(AddressText.v4(text)).isNull();
    }
}
