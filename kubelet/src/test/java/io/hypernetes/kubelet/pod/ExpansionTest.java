package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExpansionTest {
    private final Expansion expansion = new Expansion();

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
        "$(A)$(B)$(NONE)$(A, ab$(NONE)$(A",
        "$(A)$(, a$(",
    })
    void expandsAsKubernetesDoes(String text, String wanted) {
        assertThat(expansion.word(text, Map.of("A", "a", "B", "b"))).isEqualTo(wanted);
    }

    @Test
    void whatDoublesEndsWhereLinuxWouldNotTakeIt() {
        Map<String, String> variables = new HashMap<>();
        variables.put("A0", expansion.value("A0", "0123456789", variables));
        assertThatThrownBy(() -> {
            for (int i = 1; i < 40; i++) {
                String before = "$(A" + (i - 1) + ")";
                variables.put("A" + i, expansion.value("A" + i, before + before, variables));
            }
        }).isInstanceOf(ConfigException.class).hasMessage("the variable A14 would be longer than 131067 bytes, the most that Linux takes of it");
        assertThat(variables).hasSize(14);
    }

    @Test
    void allTogetherIsBoundedToo() {
        Map<String, String> variables = Map.of("A", "x".repeat(100_000));
        assertThatThrownBy(() -> {
            for (int i = 0; i < 1_000; i++) {
                expansion.word("$(A)", variables);
            }
        }).isInstanceOf(ConfigException.class).hasMessageContaining("variables, command and arguments").hasMessageContaining("2097152");
    }

    @Test
    void whatLinuxTakesIsGiven() {
        String most = "x".repeat((128 << 10) - 1);
        assertThat(expansion.word("$(A)", Map.of("A", most))).isEqualTo(most);
        assertThatThrownBy(() -> expansion.word("$(A)x", Map.of("A", most))).isInstanceOf(ConfigException.class);
        assertThat(expansion.count("AB", "x".repeat((128 << 10) - 4))).hasSize((128 << 10) - 4);
        assertThatThrownBy(() -> expansion.count("AB", "x".repeat((128 << 10) - 3))).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> expansion.count("AB", "\u20ac".repeat(50_000))).as("in bytes").isInstanceOf(ConfigException.class);
    }

    @Test
    void aPathIsNoLongerThanLinuxTakes() {
        assertThat(expansion.path("a/$(A)", Map.of("A", "b"))).isEqualTo("a/b");
        assertThatThrownBy(() -> expansion.path("a/$(A)", Map.of())).hasMessage("missing value for A");
        assertThatThrownBy(() -> expansion.path("$(A)", Map.of("A", "x".repeat(5_000)))).isInstanceOf(ConfigException.class).hasMessageContaining("subPathExpr");
    }

    /// With a look to the end for each it takes minutes.
    @Test
    void whatIsBegunAMillionTimesAndNeverEndedIsReadOnce() {
        String text = "$(".repeat(1_000_000);
        assertThatThrownBy(() -> expansion.word(text, Map.of())).isInstanceOf(ConfigException.class);
        assertThat(new Expansion().word("$(".repeat(60_000), Map.of())).hasSize(120_000);
    }
}
