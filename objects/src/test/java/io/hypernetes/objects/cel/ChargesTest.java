package io.hypernetes.objects.cel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cel.common.types.SimpleType;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChargesTest {
    private static final Environment ENVIRONMENT = Environment.of(Map.of("self", SimpleType.DYN), List.of());

    private static final Map<String, Object> LARGE = Map.of(
            "a", "a".repeat(100_000),
            "b", "b".repeat(100_000),
            "ab", "a".repeat(50_000) + "b",
            "wide", "\u20ac".repeat(1_000_000),
            "same", Collections.nCopies(300, "x".repeat(1_000_000)),
            "query", "/?" + "a=1&".repeat(700_000),
            "texts", LongStream.range(0, 1_000).mapToObj(Long::toString).toList(),
            "numbers", LongStream.range(0, 3_000).boxed().toList(),
            "others", LongStream.range(3_000, 6_000).boxed().toList());

    private static Object evaluate(String text) {
        return ENVIRONMENT.compile(text).evaluate(Map.of("self", LARGE), new Budget(Budget.REQUEST));
    }

    /// Each is a call, or a few, whose work is the product of what it is given: were it charged after it was done, it would not end.
    @ParameterizedTest
    @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
    @ValueSource(strings = {
        "self.a.replace('a', self.b) == ''",
        "self.a.replace('', self.b) == ''",
        "self.a.replace('a', self.b, 90000) == ''",
        "self.a.split('').join(self.b) == ''",
        "self.texts.map(t, self.b).join(self.b) == ''",
        "self.a.contains(self.ab)",
        "self.a.indexOf(self.ab) == 0",
        "self.a.indexOf(self.ab, 1) == 0",
        "self.a.lastIndexOf('b' + self.a.substring(1)) == 0",
        "self.a.split(self.ab).size() == 0",
        "self.a.replace(self.ab, '') == ''",
        "sets.contains(self.numbers, self.others)",
        "sets.intersects(self.numbers, self.others)",
        "sets.equivalent(self.numbers, self.others)",
        "self.numbers.all(n, self.wide.size() > n)",
        "self.wide.findAll('.').size() == 0",
        "self.numbers.all(n, self.numbers.sum() > n)",
        "self.numbers.all(n, !(-1 in self.numbers))",
        "self.numbers.all(n, self.numbers.indexOf(-1) < n)",
        "self.numbers.all(n, self.a + self.b != '')",
        "self.numbers.all(n, (self.numbers + self.others).size() > n)",
        "self.numbers.all(n, self.numbers != self.others)",
        "self.numbers.all(n, self.a < self.ab)",
        "self.numbers.all(n, bytes(self.a).size() > n)",
        "self.numbers.all(n, self.a.lowerAscii() != 'b' && self.a.trim() != 'b')",
        "self.same.sum() == 0",
        "self.same.join().size() == 0",
        "self.same.sum() == 0 || true",
        "url(self.query).getQuery().size() == 1",
        "[url('/' + self.a)].all(u, self.numbers.all(n, [u] != [url('/b')]))",
        "self.numbers.all(n, '%s'.format([self.numbers]) != '')",
    })
    void workIsChargedBeforeItIsDone(String text) {
        assertThatThrownBy(() -> evaluate(text)).isInstanceOf(ExpressionException.class).hasMessageContaining("cost limit exceeded");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "self.a.replace('b', self.b) == self.a && self.ab.replace('b', self.b).size() == 150000",
        "self.a.contains('aab') == false && self.ab.contains('aab') && self.ab.indexOf('b') == 50000 && self.ab.lastIndexOf('b') == 50000",
        "self.texts.join(',').split(',') == self.texts && self.texts.join().size() == 2890",
        "sets.contains(self.texts, ['1', '2', '999']) && !sets.intersects(self.texts, ['a']) && sets.equivalent(self.texts.filter(t, int(t) < 50), self.texts.filter(t, t.size() < 3 && int(t) < 50))",
        "self.texts.map(t, int(t) + 1).filter(n, n % 2 == 0).size() == 500",
        "self.numbers.exists(n, n == 2999) && 2999 in self.numbers && self.numbers.sum() > 0 && self.numbers.isSorted()",
        "self.a + self.b != self.b + self.a && self.wide.size() == 1000000",
        "self.texts.indexOf('7') == 7 && self.texts.lastIndexOf('7') == 7 && '%s-%d'.format(['a', 1]) == 'a-1'",
        "url(self.query.substring(0, 20002)).getQuery()['a'].size() == 5000 && url(self.query).getEscapedPath() == '/'",
        "self.texts.transformList(i, t, t + string(i)).size() == 1000 && self.texts.transformMap(i, t, i).size() == 1000",
    })
    void whatIsWithinReasonIsDone(String text) {
        assertThat(evaluate(text)).isEqualTo(true);
    }

    /// Upstream's environment (`pkg/cel/environment/base.go` of apiserver) has strings in version 2, sets, optional values and loops with two variables of
    /// the language's libraries, and no others.
    @ParameterizedTest
    @ValueSource(strings = {
        "lists.range(9223372036854775807).size() == 0",
        "[[1]].flatten() == [1]",
        "[1, 1].distinct() == [1]",
        "[2, 1].sort() == [1, 2]",
        "[2, 1].sortBy(i, i) == [1, 2]",
        "[1, 2].slice(0, 1) == [1]",
        "[1, 2].reverse() == [2, 1]",
        "'ab'.reverse() == 'ba'",
        "math.greatest(1, 2) == 2",
        "base64.encode(b'a') == ''",
        "cel.bind(a, 1, a + a) == 2",
    })
    void whatUpstreamDoesNotHaveIsNotThere(String text) {
        assertThatThrownBy(() -> ENVIRONMENT.compile(text)).isInstanceOf(ExpressionException.class).hasMessageContaining("undeclared reference");
    }

    @Test
    void eachFunctionHasACharge() {
        assertThat(Functions.names()).contains("string_replace_string_string", "list_join", "list_sets_contains_list", "equals", "add_list", "string_format", "matches")
                .doesNotContain("string_reverse", "list_range")
                .allSatisfy(overload -> assertThat(Charges.of(overload)).isNotNull());
        assertThatThrownBy(() -> Charges.of("new_function")).hasMessageContaining("new_function").hasMessageContaining("Charges");
    }

    /// What is typed at run time is told apart there, too.
    @Test
    void functionsOfListsAndTextsHaveOneName() {
        assertThat(evaluate("self.texts.indexOf('7') == 7 && self.ab.indexOf('b') == 50000 && self.ab.lastIndexOf('a') == 49999")).isEqualTo(true);
    }
}
