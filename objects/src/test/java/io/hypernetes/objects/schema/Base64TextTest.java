package io.hypernetes.objects.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/// The cases are those of Go's own test (encoding/base64/base64_test.go, TestDecodeCorrupt), and the first one that kubectl users meet.
class Base64TextTest {
    @Test
    void whereItGoesWrongIsWhereGoSaysSo() {
        Map<String, Integer> cases = Map.ofEntries(
                Map.entry("not base64!", 3), Map.entry("", -1), Map.entry("\n", -1), Map.entry("AAA=\n", -1), Map.entry("AAAA\n", -1),
                Map.entry("!!!!", 0), Map.entry("====", 0), Map.entry("x===", 1), Map.entry("=AAA", 0), Map.entry("A=AA", 1), Map.entry("AA=A", 2),
                Map.entry("AA==A", 4), Map.entry("AAA=AAAA", 4), Map.entry("AAAAA", 4), Map.entry("AAAAAA", 4), Map.entry("A=", 1), Map.entry("A==", 1),
                Map.entry("AA=", 3), Map.entry("AA==", -1), Map.entry("AAA=", -1), Map.entry("AAAA", -1), Map.entry("AAAAA=", 5), Map.entry("YWJjZA=====", 8),
                Map.entry("A!\n", 1), Map.entry("A=\n", 1));
        cases.forEach((text, at) -> assertThat(Base64Text.fault(text)).as(text).isEqualTo(at));
    }
}
