package io.hypernetes.objects.cel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CompiledExpressionsTest {
    private static String numbers(int count, int first) {
        return "[" + first + ",1".repeat(count - 1) + "].size() == " + count;
    }

    @Test
    void anExpressionHasSoManyNodesAndNoMore() {
        assertThat(AdmissionLanguage.compile(numbers(19_000, 1)).nodes()).isEqualTo(19_004);
        assertThatThrownBy(() -> AdmissionLanguage.compile(numbers(20_000, 1)))
                .isInstanceOf(ExpressionException.class)
                .hasMessageContaining("more than 20000 names, constants, operators and calls");
        assertThatThrownBy(() -> MutationLanguage.compile(MutationLanguage.Kind.APPLY_CONFIGURATION, "Object{spec: [1" + ",1".repeat(30_000) + "]}"))
                .hasMessageContaining("more than 20000");
    }

    /// All of them together would take some gigabytes.
    @Test
    void whatIsCompiledIsKeptByWeightAndMadeAgain() {
        var all = new ArrayList<Expression>();
        long share = Runtime.getRuntime().maxMemory() / 64;
        long each = 15_000 * CompiledExpressions.BYTES_A_NODE;
        int more = (int) (2 * share / each) + 2;
        long before = CompiledExpressions.weight();
        for (int i = 0; i < more; i++) {
            all.add(CompiledExpressions.of("tenant", AdmissionLanguage::compile, numbers(15_000, i)));
        }
        assertThat(CompiledExpressions.weight() - before).isLessThanOrEqualTo(share);
        for (var expression : List.of(all.getFirst(), all.getLast(), all.getFirst())) {
            assertThat(expression.evaluate(Map.of(), new Budget(Budget.REQUEST))).isEqualTo(true);
        }
        assertThat(CompiledExpressions.weight() - before).isLessThanOrEqualTo(share);
    }

    @Test
    void whatCannotBeCompiledIsToldWhenItIsMade() {
        assertThatThrownBy(() -> CompiledExpressions.of("tenant", AdmissionLanguage::compile, "nobody == 1")).hasMessageContaining("undeclared reference");
        var failing = CompiledExpressions.of("tenant", AdmissionLanguage::compile, "1 / (object.n - 1) == 1");
        assertThatThrownBy(() -> failing.evaluate(Map.of("object", Map.of("n", 1L)), new Budget(Budget.REQUEST))).hasMessage("division by zero");
    }
}
