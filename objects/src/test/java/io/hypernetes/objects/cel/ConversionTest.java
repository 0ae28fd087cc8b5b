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
        "optional.of(self.m).optMap(v, self.l.all(i, optional.of(i).optMap(w, v).hasValue())).value()",
        "optional.of(self.m).optMap(v, self.l.all(i, v.name7 == 7)).value()",
        "[self.m.transformMap(k, v, v)].all(n, self.l.all(i, n.name7 == 7))",
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
        "[[self.s]].exists(v, self.l.exists(i, dyn(v) || i < 0))",
        "[[self.s]].exists(v, self.l.exists(i, dyn(v) ? true : false))",
        "[{'a': self.s}].exists(v, self.l.exists(i, dyn(v) || i < 0))",
        "[{'a': self.s}].exists(v, self.l.exists(i, self.m[dyn(v)] == 1))",
        "[optional.of([self.s])].exists(v, self.l.exists(i, dyn(v) || i < 0))",
        "[optional.of(self.s)].exists(v, self.l.exists(i, dyn(v) || i < 0))",
        "[bytes(self.s)].exists(v, self.l.exists(i, dyn(v) || i < 0))",
        "[url('/' + self.s)].exists(v, self.l.exists(i, dyn(v) || i < 0))",
        "[self.s.split('')].exists(v, self.l.exists(i, dyn(v) || i < 0))",
    })
    void whatFailsAtEachStepIsBoundedToo(String text) {
        assertThatThrownBy(() -> evaluate(text)).isInstanceOf(ExpressionException.class).message().isNotEqualTo(Budget.INTERRUPTED);
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
        "optional.of({'a': 1}).optMap(v, v in [{'a': 1}] && [v] == [{'a': 1}] && {'a': 1} in [v] && type(v) == map).value()",
        "optional.of({'a': 1}).optMap(v, [v]).value()[0] == {'a': 1} && optional.of({'a': 1}).optMap(v, optional.of(2).optMap(w, v)).value().value().a == 1",
        "[1, 2].transformMap(i, v, v) == {0: 1, 1: 2} && {'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 2) == {'b': 4}",
        "{'a': 1}.transformMapEntry(k, v, {v: k}) == {1: 'a'} && {'a': {'b': 1}}.transformMap(k, v, v.transformMap(l, w, w + 1)) == {'a': {'b': 2}}",
        "[[1], [2]].map(x, {'k': x}).exists(m, m.k == [2]) && has({'a': [1].map(x, x)}.a) && 'a' in {'a': 1}.transformMap(k, v, v)",
        "dyn(1u) in [1] && dyn(1.0) in [1] && !(dyn('1') in [1]) && dyn([1.0]) in [[1]] && dyn({'a': 1u}) in [{'a': 1}] && optional.of(1) in [optional.of(1)]",
        "type([1.5].map(x, x)[0]) == double && type([b'a'].map(x, x)[0]) == bytes && type([null].map(x, x)[0]) == null_type",
        "([1] + [2] + [3]).exists_one(x, x == 2) && [1, 2, 3].map(x, x > 1, x * 2) == [4, 6]",
    })
    void whatIsGatheredIsAsItWas(String text) {
        assertThat(evaluate(text)).isEqualTo(true);
    }

    /// As upstream's: what has no value is no value. `a || b` that fails is one for the library.
    @ParameterizedTest
    @ValueSource(strings = {
        "(self.none == 1 || self.none == 2) != true",
        "(self.none == 1 && self.none == 2) == false || false",
        "!(self.none == 1 || self.none == 2)",
        "[self.none == 1 || self.none == 2].size() == 1",
        "{'a': self.none == 1 && true}.size() == 1",
        "[1, 2].map(i, self.none == i || false).size() == 2",
        "[1, 2].transformMap(i, v, self.none == v || false).size() == 2",
        "optional.of(self.none == 1 || false).hasValue()",
        "optional.of(1).optMap(v, self.none == v || false).hasValue()",
        "[true ? (self.none == 1 || false) : true].size() == 1",
        "[[1].exists(i, self.none == i)].size() == 1",
        "[1].all(i, self.none == i) in [true, false] || false",
        "(self.none == 1 || false) ? true : true",
        "[1].exists_one(i, self.none == i || false) || true == false",
        "string(self.none == 1 || false) != ''",
    })
    void anErrorIsNoValue(String text) {
        assertThatThrownBy(() -> evaluate(text)).isInstanceOf(ExpressionException.class).hasMessage("no such key: none");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "self.none == 1 || true",
        "!(self.none == 1 && false)",
        "(self.none == 1 || self.none == 2) || true",
        "(true ? self.none == 1 || false : false) || true",
        "[1, 2].exists(i, self.none == 1 || i == 2)",
        "!([1, 2].all(i, (self.none == 1 || false) && i < 2))",
        "([1].exists(i, self.none == i) || true) && [[1, 2], [3]].exists(l, l.all(i, self.none == i || i == 3))",
        "{'a': 1}.exists(k, v, self.none == 1 || v == 1)",
    })
    void anErrorThatIsOfNoMatterIsPassedOver(String text) {
        assertThat(evaluate(text)).isEqualTo(true);
    }

    /// As upstream's: a key is there once.
    @ParameterizedTest
    @ValueSource(strings = {"{'a': 1, 'b': 1}.transformMapEntry(k, v, {v: k}) == {}", "[1, 1u].transformMapEntry(k, v, {v: k}) == {}"})
    void whatIsGatheredTwiceIsAnError(String text) {
        assertThatThrownBy(() -> evaluate(text)).isInstanceOf(ExpressionException.class).hasMessage("insert failed: key '1' already exists");
    }

    /// A key that is no key is walked all the same, to find that it is not there.
    @ParameterizedTest
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    @ValueSource(strings = {
        "self.l.exists(i, dyn(self.l) in self.m)",
        "self.l.exists(i, self.m[?dyn(self.l)].hasValue())",
        "self.l.exists(i, optional.of(self.m)[?dyn(self.l)].hasValue())",
        "self.l.exists(i, self.m[dyn(self.l)] == 1)",
    })
    void toLookForWhatIsNoKeyCostsItsSize(String text) {
        assertThatThrownBy(() -> evaluate(text)).isInstanceOf(ExpressionException.class).hasMessageContaining("cost limit exceeded");
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
    void manyShortEvaluationsAreInterruptedToo() {
        var seconds = new AtomicLong();
        var budget = new Budget(Budget.REQUEST, () -> TimeUnit.SECONDS.toNanos(seconds.getAndIncrement()));
        var expression = ENVIRONMENT.compile("1 + 1 == 2");
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 10_000; i++) {
                        expression.evaluate(Map.of(), budget);
                    }
                })
                .isInstanceOf(ExpressionException.class)
                .hasMessage(Budget.INTERRUPTED);
    }

    @Test
    void aLargeValueIsToldBriefly() {
        assertThat(LARGE).hasToString("map of 3");
        assertThat(((Map<?, ?>) LARGE).get("l")).hasToString("list of 30000");
        assertThat(ENVIRONMENT.compile("[1, 2].map(x, x)").evaluate(Map.of(), new Budget(100))).hasToString("list of 2");
        assertThat(ENVIRONMENT.compile("[1, 2].transformMap(i, x, x)").evaluate(Map.of(), new Budget(100))).hasToString("map of 2");
    }
}
