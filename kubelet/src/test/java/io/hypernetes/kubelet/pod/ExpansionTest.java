package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExpansionTest {
    @ParameterizedTest
    @CsvSource({
        "plain, plain",
        "$(A), a",
        "x$(A)y$(B)z, xaybz",
        "$(NONE), $(NONE)",
        "$$(A), $(A)",
        "$$$(A), $a",
        "$A, $A",
        "$(A, $(A",
        "100$, 100$",
        "$$, $",
        "$(A)$(A), aa",
        "$($(A)), $($(A))",
    })
    void expandsAsKubernetesDoes(String text, String wanted) {
        assertThat(Expansion.expand(text, Map.of("A", "a", "B", "b"))).isEqualTo(wanted);
    }
}
