package io.hypernetes.apiserver.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.cel.AdmissionLanguage;
import io.hypernetes.objects.cel.Budget;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;

/// As upstream's are (`composition.go` of apiserver's plugin cel).
class PolicyVariablesTest {
    private static final Map<String, Object> OBJECT = Map.of("n", 7L, "l", LongStream.range(0, 20_000).boxed().toList());

    private static Object evaluate(String text, String... variables) {
        return evaluate(text, new Budget(Budget.REQUEST), variables);
    }

    private static Object evaluate(String text, Budget budget, String... variables) {
        return evaluate(text, OBJECT, budget, variables);
    }

    private static Object evaluate(String text, Map<String, Object> object, Budget budget, String... variables) {
        Map<String, Expression> expressions = new LinkedHashMap<>();
        Arrays.stream(variables).map(each -> each.split("=", 2)).forEach(each -> expressions.put(each[0], AdmissionLanguage.compile(each[1])));
        try (var all = new PolicyVariables(expressions, Map.of("object", object), budget)) {
            return all.evaluate(AdmissionLanguage.compile(text));
        }
    }

    @Test
    void eachIsComputedWhenItIsAskedFor() {
        assertThat(evaluate("variables.a == 8 && variables['b'] == 16", "a=object.n + 1", "b=variables.a * 2")).isEqualTo(true);
        assertThat(evaluate("object.n == 7 || variables.bad == 1", "bad=object.none")).isEqualTo(true);
        assertThat(evaluate("'variables.bad' != '' && !has(variables.other) && has(variables.good)", "bad=object.none", "good=1")).isEqualTo(true);
        assertThatThrownBy(() -> evaluate("has(variables.bad)", "bad=object.none"))
                .hasMessage("composited variable \"bad\" fails to evaluate: no such key: none");
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

    /// Were each failure told with the whole of the one before, and computed again, this would take more than any memory, and for ever.
    @Test
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    void whatFailsIsComputedOnceAndToldBriefly() {
        var variables = new String[90];
        variables[0] = "v0=object['" + "n".repeat(60_000) + "']";
        for (int i = 1; i < variables.length; i++) {
            variables[i] = "v" + i + "=variables.v" + (i - 1) + " == 1 || variables.v" + (i - 1) + " == 2";
        }
        var budget = new Budget(10_000);
        assertThatThrownBy(() -> evaluate("variables.v89", budget, variables))
                .isInstanceOfSatisfying(ExpressionException.class, e -> {
                    assertThat(e.text()).startsWith("composited variable \"v89\" fails to evaluate: composited variable \"v88\"").hasSizeLessThan(1_000);
                    assertThat(causes(e)).allSatisfy(cause -> assertThat(String.valueOf(cause.getMessage())).hasSizeLessThan(2_000));
                });
    }

    private static List<Throwable> causes(Throwable e) {
        return Stream.<Throwable>iterate(e, Objects::nonNull, Throwable::getCause).toList();
    }

    @Test
    void aFailureOfAFunctionIsToldOfTheVariableToo() {
        assertThatThrownBy(() -> evaluate("variables.a == 1", "a=quantity(string(object.n) + '?').sign()"))
                .isInstanceOf(ExpressionException.class)
                .hasMessageStartingWith("composited variable \"a\" fails to evaluate: ");
    }

    @Test
    void variablesThatAreNamedByEachOtherTooDeeplyFail() {
        var variables = new String[1_000];
        variables[0] = "v0=1";
        for (int i = 1; i < variables.length; i++) {
            variables[i] = "v" + i + "=variables.v" + (i - 1);
        }
        assertThatThrownBy(() -> evaluate("variables.v999 == 1", variables))
                .isInstanceOf(ExpressionException.class)
                .hasMessageStartingWith("composited variable \"v999\" fails to evaluate: ");
        assertThat(evaluate("variables.v90 == 1 && variables.v180 == 1", variables)).isEqualTo(true);
        var budget = new Budget(Budget.REQUEST);
        assertThat(evaluate("variables.v999 == 1 || true", budget, variables)).isEqualTo(true);
    }

    /// Ten of ten megabytes would be within what may be spent, and stay until the policy is evaluated.
    @Test
    void whatTheyHoldTogetherIsBounded() {
        var object = Map.<String, Object>of("s", "x".repeat(1_500_000));
        var references = IntStream.range(0, 20).mapToObj(i -> "v" + i + "=object.s").toArray(String[]::new);
        assertThat(evaluate("variables.all(name, variables[name].size() == 1500000)", object, new Budget(Budget.REQUEST), references)).isEqualTo(true);
        assertThat(evaluate("variables.v2.size() == 1500001", object, new Budget(Budget.REQUEST), "v0=object.s + '0'", "v1=variables.v0", "v2=variables.v1"))
                .isEqualTo(true);
        var copies = IntStream.range(0, 10).mapToObj(i -> "v" + i + "=object.s + '" + i + "'").toArray(String[]::new);
        var budget = new Budget(Budget.REQUEST);
        assertThat(evaluate("variables.v0 != variables.v1", object, budget, copies)).isEqualTo(true);
        assertThatThrownBy(() -> evaluate("variables.all(name, variables[name].size() == 1500001)", object, new Budget(Budget.REQUEST), copies))
                .isInstanceOf(ExpressionException.class)
                .hasMessageContaining("what all variables hold together is too large");
    }

    /// A policy is evaluated for each of a thousand parameters, and each forgets what the one before held.
    @Test
    void whatThoseBeforeHeldIsForgotten() {
        var object = Map.<String, Object>of("s", "x".repeat(1_500_000));
        var budget = new Budget(Budget.REQUEST);
        for (int i = 0; i < 10; i++) {
            assertThat(evaluate("variables.v0 != variables.v1", object, budget, "v0=object.s + '0'", "v1=object.s + '1'")).isEqualTo(true);
        }
    }

    /// To look through the names computes nothing, and walks no value.
    @Test
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    void theNamesAreLookedThroughAsTheyStand() {
        assertThat(evaluate("variables.map(name, name) == ['c', 'a', 'b']", "c=object.none", "a=1", "b=2")).isEqualTo(true);
        assertThat(evaluate("variables.a.size() == 20000 && variables.a.all(i, variables.exists(name, name == 'a'))",
                        "a=object.l.map(i, i)", "b=variables"))
                .isEqualTo(true);
        assertThatThrownBy(() -> evaluate("variables.a == variables.b", "a=variables", "b={'a': variables}")).isInstanceOf(ExpressionException.class);
    }
}
