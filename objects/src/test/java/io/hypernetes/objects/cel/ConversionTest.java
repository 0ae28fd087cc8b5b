package io.hypernetes.objects.cel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cel.common.types.SimpleType;
import io.hypernetes.objects.Json;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

class ConversionTest {
    private static final Environment ENVIRONMENT = Environment.of(Map.of("self", SimpleType.DYN), List.of());

    private static final Object LARGE = large(30_000);

    private static Object large(int size) {
        ObjectNode object = Json.object();
        var items = object.putArray("l");
        var members = object.putObject("m");
        for (int i = 0; i < size; i++) {
            items.add(i);
            members.put("name" + i, i);
        }
        object.put("s", "x".repeat(3_000_000));
        return Values.of(object);
    }

    private static Object evaluate(String text) {
        return ENVIRONMENT.compile(text).evaluate(Map.of("self", LARGE), new Budget(Budget.REQUEST));
    }

    /// Each names something large at each of many steps: were it walked or copied, the test would take hours.
    @ParameterizedTest
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    @ValueSource(strings = {
        "self.l.all(i, self.l[i] == i)",
        "self.l.all(i, size(self.m) > i)",
        "self.l.all(i, has(self.m.name7) && self.m.name7 == 7)",
        "self.l.all(i, 'name7' in self.m)",
        "self.l.all(i, self.?m.hasValue())",
        "[self.l.map(i, i + 1)].all(n, n.all(i, n[i - 1] == i))",
        "self.l.map(i, i).filter(i, i % 2 == 0).size() == 15000",
        "self.l.transformMap(i, v, v + i).size() == 30000",
        "self.l.transformList(i, v, v + i).size() == 30000",
    })
    void toNameWhatIsLargeTakesNoLonger(String text) {
        assertThat(evaluate(text)).isEqualTo(true);
    }

    /// An error that nobody sees, as the loop goes on, holds no text of what is large.
    @ParameterizedTest
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    @ValueSource(strings = {
        "self.l.exists(i, {dyn(self.l): 1} == {})",
        "self.l.exists(i, dyn(self.m) || i < 0)",
        "self.l.exists(i, dyn(self.s) || i < 0)",
        "self.l.exists(i, optional.of(self.l).optMap(v, v[0] < 0).value())",
        "self.l.exists(i, optional.of(self.m).optMap(v, v.name0 < 0).value())",
    })
    void whatFailsAtEachStepIsBoundedToo(String text) {
        assertThatThrownBy(() -> evaluate(text)).isInstanceOf(ExpressionException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "optional.of([1, 2]).optMap(v, v + [3]).value() == [1, 2, 3]",
        "optional.of([1]).optMap(v, (v + [2]).size() + v.size()).value() == 3",
        "optional.of([]).optMap(v, (v + [1]).size() + v.size()).value() == 1",
        "optional.of([1]).optMap(v, [v, v] == [[1], [1]] && v == [1] && 1 in v && v[0] == 1).value()",
        "optional.of([1]).optFlatMap(v, v[?0]).value() == 1",
        "optional.of({'a': 1}).optMap(v, v.transformMap(k, x, x + 1)).value() == {'a': 2}",
        "optional.of({'a': 1}).optMap(v, v.a + v['a']).value() == 2",
        "[[1, 2].map(x, x)].all(m, (m + [3])[2] == 3 && (m + [4])[2] == 4 && m.size() == 2)",
        "[1, 2].map(x, [x].map(y, y + 1)) == [[2], [3]] && [1, 2].map(x, [1, 2].filter(y, y > x)) == [[2], []]",
        "type([1].map(x, x)) == list && type({'a': 1}) == map && type(self.l) == list && type(self.m) == type({})",
        "[optional.of(1)][0].value() == 1 && [?optional.none(), ?optional.of(2)] == [2] && optional.of(optional.of(1)).value().value() == 1",
        "optional.of({'a': {'b': 1}}).a.b.value() == 1 && !optional.of({'a': 1}).?b.hasValue()",
        "timestamp('2024-01-02T03:04:05Z').getFullYear() == 2024",
        "([1] + [2] + [3]).exists_one(x, x == 2) && [1, 2, 3].map(x, x > 1, x * 2) == [4, 6]",
    })
    void whatIsGatheredIsAsItWas(String text) {
        assertThat(evaluate(text)).isEqualTo(true);
    }

    /// A value that holds another many times is as heavy as what it holds, however it was made.
    @ParameterizedTest
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    @ValueSource(strings = {
        "self.l.transformMap(i, v, self.l).size() == 0",
        "self.l.transformMapEntry(i, v, {i: self.m}).size() == 0",
        "self.l.map(i, self.m).size() == 0",
        "self.l.all(i, (self.l + self.l).size() > i)",
    })
    void whatHoldsMuchCostsAsMuch(String text) {
        assertThatThrownBy(() -> evaluate(text)).isInstanceOf(ExpressionException.class).hasMessageContaining("cost limit exceeded");
    }

    /// Whatever a step costs, it ends.
    @Test
    void whatTakesTooLongIsInterrupted() {
        var seconds = new AtomicLong();
        var budget = new Budget(Budget.REQUEST, () -> TimeUnit.SECONDS.toNanos(seconds.getAndIncrement()));
        assertThatThrownBy(() -> ENVIRONMENT.compile("self.l.all(i, i >= 0 || true)").evaluate(Map.of("self", LARGE), budget))
                .isInstanceOf(ExpressionException.class)
                .hasMessage(Budget.INTERRUPTED);
        assertThat(seconds.get()).isBetween(20L, 30L);
        assertThat(budget.isSpent()).isTrue();
    }

    @Test
    void aLargeValueIsToldBriefly() {
        assertThat(LARGE).hasToString("map of 3");
        assertThat(((Map<?, ?>) LARGE).get("l")).hasToString("list of 30000");
        assertThat(ENVIRONMENT.compile("[1, 2].map(x, x)").evaluate(Map.of(), new Budget(100))).hasToString("list of 2");
    }
}
