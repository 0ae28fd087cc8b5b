package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.AddressText;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.net.InetAddress;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressesTest {
    private static final List<String> PARTS = List.of(":", ":", ":", "::", "0", "1", "ffff", "ff", "12345", "1.2.3.4", "1.2.3.256", "01.2.3.4", ".", "g", "%1", "");

    @ParameterizedTest
    @ValueSource(strings = {"1.2.3.4::", "1.2.3.4::1", "::1.2.3.4:1", "1:2:3:4:5:1.2.3.4::", "1:2:3:4:5:6:7::8", ":::", "::1::", ":", "1.2.3.4:", "::1.2.3.4."})
    void otherTextsAreNoAddresses(String text) {
        assertThat(Addresses.isAddress(text)).isFalse();
        assertThat(Addresses.address(text)).containsExactly(Addresses.ADDRESS_HINT);
        assertThat(Addresses.range(text + "/64")).containsExactly(Addresses.RANGE_HINT);
        assertThat(Addresses.canonicalRange(text + "/64")).containsExactly(Addresses.RANGE_HINT);
    }

    @Test
    void theSameTextsAreAddressesToJava() throws Exception {
        Random random = new Random(1);
        int addresses = 0;
        for (int i = 0; i < 300_000; i++) {
            StringBuilder made = new StringBuilder();
            for (int parts = 1 + random.nextInt(16); parts > 0; parts--) {
                made.append(PARTS.get(random.nextInt(PARTS.size())));
            }
            String text = made.toString();
            boolean is = Addresses.isV6(text);
            addresses += is ? 1 : 0;
            assertThat(is).as(text).isEqualTo(isToJava(text));
            Addresses.range(text + "/64");
            Addresses.canonicalRange(text + "/64");
            List<String> odd = Addresses.canonicalAddress(text);
            if (is && Addresses.address(text).isEmpty()) {
                assertThat(odd.isEmpty()).as(text).isEqualTo(AddressText.of(InetAddress.ofLiteral(text)).equals(text));
            }
        }
        assertThat(addresses).isGreaterThan(1000);
    }

    private static boolean isToJava(String text) {
        // Java lets any number of zeros stand before a number.
        if (!text.contains(":") || text.contains("%") || text.matches("(.*[^0-9])?0[0-9]+[.].*") || text.matches(".*[0-9a-f]{5}.*")) {
            return false;
        }
        try {
            InetAddress.ofLiteral(text);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    @Test
    void whatWasStoredWrongCanBeWritten() {
        Kind nodes = Kinds.load().get("v1", "Node");
        var stored = Json.readObject("{\"metadata\":{\"name\":\"x\"},\"spec\":{\"podCIDR\":\"1.2.3.4::/64\",\"podCIDRs\":[\"1.2.3.4::/64\"]}}");
        assertThat(nodes.validateCreate(stored).stream().map(FieldError::text)).contains("spec.podCIDRs[0]: Invalid value: \"1.2.3.4::/64\": " + Addresses.RANGE_HINT);
        var cordoned = stored.deepCopy();
        Json.child(cordoned, "spec").put("unschedulable", true);
        assertThat(nodes.validateUpdate(cordoned, stored, null)).isEmpty();
    }
}
