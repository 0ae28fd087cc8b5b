package io.hypernetes.apiserver.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// As upstream's are (`composition.go` of apiserver's plugin cel).
class PolicyVariablesTest {
    private static Object evaluate(String text, String... variables) {
        return evaluate(text, new Budget(Budget.REQUEST), variables);
    }

    private static Object evaluate(String text, Budget budget, String... variables) {
        Map<String, Expression> expressions = new LinkedHashMap<>();
        Arrays.stream(variables).map(each -> each.split("=", 2)).forEach(each -> expressions.put(each[0], AdmissionLanguage.compile(each[1])));
        return new PolicyVariables(expressions, Map.of("object", Map.of("n", 7L)), budget).evaluate(AdmissionLanguage.compile(text));
    }

    @Test
    void eachIsComputedWhenItIsAskedFor() {
        assertThat(evaluate("variables.a == 8 && variables['b'] == 16", "a=object.n + 1", "b=variables.a * 2")).isEqualTo(true);
        assertThat(evaluate("object.n == 7 || variables.bad == 1", "bad=object.none")).isEqualTo(true);
        assertThat(evaluate("'variables.bad' != '' && has(variables.bad) && !has(variables.other)", "bad=object.none")).isEqualTo(true);
        assertThat(evaluate("variables.all(name, name in ['a', 'b']) && size(variables) == 2", "a=1", "b=2")).isEqualTo(true);
        assertThat(evaluate("variables.none == null", "none=null")).isEqualTo(true);
    }

    @Test
    void whyOneHasNoValueIsTold() {
        assertThatThrownBy(() -> evaluate("variables.b == 1", "a=object.none", "b=variables.a"))
                .isInstanceOf(ExpressionException.class)
                .hasMessage("composited variable \"b\" fails to evaluate: composited variable \"a\" fails to evaluate: no such key: none");
        assertThatThrownBy(() -> evaluate("variables.a == 1", "a=variables.a + 1"))
                .isInstanceOf(ExpressionException.class)
                .hasMessage("composited variable \"a\" fails to evaluate: no such key: a");
    }

    @Test
    void eachIsComputedOnceAndPaidFromTheSameBudget() {
        var loop = "[1, 2, 3, 4, 5, 6, 7, 8, 9].all(i, [1, 2, 3, 4, 5, 6, 7, 8, 9].all(j, i * j > 0))";
        var once = new Budget(2_500);
        assertThat(evaluate("variables.a && variables.a && variables.a && variables.b", once, "a=" + loop, "b=variables.a")).isEqualTo(true);
        var small = new Budget(500);
        assertThatThrownBy(() -> evaluate("variables.a || true", small, "a=" + loop)).hasMessage(Budget.SPENT);
        assertThat(small.isSpent()).isTrue();
    }
}
