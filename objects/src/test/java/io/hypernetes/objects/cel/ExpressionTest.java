package io.hypernetes.objects.cel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cel.common.types.SimpleType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExpressionTest {
    private static final Environment ENVIRONMENT = Environment.of(Map.of("self", SimpleType.DYN), List.of());

    private static Object evaluate(String text, Object self) {
        return ENVIRONMENT.compile(text).evaluate(Map.of("self", self), new Budget(Budget.REQUEST));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "[1, 2, 2].isSorted() && ![2, 1].isSorted() && ['a', 'b'].isSorted()",
        "[1, 3].sum() == 4 && [1.5, 3.0].sum() == 4.5 && [1, 3].max() == 3 && ['b', 'a'].min() == 'a'",
        "['a', 'b', 'a'].indexOf('b') == 1 && ['a', 'b', 'a'].lastIndexOf('a') == 2 && ['a'].indexOf('x') == -1",
        "'abc 123'.find('[0-9]+') == '123' && '1 2'.findAll('[0-9]') == ['1', '2'] && '1 2'.findAll('[0-9]', 1) == ['1'] && '1 2'.findAll('[0-9]', -1).size() == 2",
        "quantity('1Gi').isGreaterThan(quantity('1000Mi')) && quantity('2').add(1).compareTo(quantity('3')) == 0",
        "isQuantity('5Mi') && !isQuantity('x') && quantity('3').isInteger() && quantity('3').asInteger() == 3",
        "ip('10.0.0.1').family() == 4 && isIP('::1') && !isIP('1.2.3') && ip('::1').isLoopback() && ip.isCanonical('::1')",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsIP(ip('11.1.2.3'))",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').containsCIDR('10.2.0.0/16') && string(cidr('fd00::/8').ip()) == 'fd00::'",
        "url('https://a.example:8080/x?y=1').getPort() == '8080' && url('https://a/x?y=1').getQuery()['y'] == ['1'] && isURL('https://a') && !isURL('a b')",
        "'%s has %d at %.2f'.format(['x', 3, 1.5]) == 'x has 3 at 1.50'",
        "format.dns1123Label().validate('Upper').hasValue() && !format.dns1123Label().validate('lower').hasValue()",
        "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-rc.1').compareTo(semver('1.0.0')) == -1 && isSemver('1.2.3')",
        "self.items.all(i, i.size() == 1) && self.items.exists(i, i == 'b') && self.n == 7 && self.n < 7.5",
        "self.?missing.orValue('none') == 'none' && has(self.n) && !has(self.missing)",
    })
    void theFunctionsOfKubernetesAreThere(String text) {
        assertThat(evaluate(text, Map.of("items", List.of("a", "b"), "n", 7L))).isEqualTo(true);
    }

    @Test
    void whatHasNoValueSaysWhy() {
        assertThatThrownBy(() -> evaluate("self.x == 1", Map.of())).isInstanceOf(ExpressionException.class).hasMessageContaining("x");
        assertThatThrownBy(() -> evaluate("1 / 0 == 1", Map.of())).isInstanceOf(ExpressionException.class);
        assertThatThrownBy(() -> evaluate("quantity('x').sign() == 1", Map.of())).isInstanceOf(ExpressionException.class);
        assertThatThrownBy(() -> ENVIRONMENT.compile("self.")).isInstanceOf(ExpressionException.class);
        assertThatThrownBy(() -> ENVIRONMENT.compile("nobody == 1")).hasMessageContaining("undeclared reference");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            int(self.s) > 0                                 | type conversion error from 'string' to 'int'
            self.one < 0 ? true : uint(self.s) > 0u         | type conversion error from 'string' to 'uint'
            ['é', self.s].all(x, double(x) > 0.0)           | type conversion error from 'string' to 'double'
            bool(self.s)                                    | type conversion error from 'string' to 'bool'
            duration(self.s) >= duration('1ms')             | type conversion error from 'string' to 'google.protobuf.Duration'
            timestamp(self.s).getFullYear() == 1            | type conversion error from 'string' to 'google.protobuf.Timestamp'
            1 / self.zero == 1                              | division by zero
            1 % self.zero == 1                              | modulus by zero
            9223372036854775807 + self.one > 0              | integer overflow
            int(self.large) > 0                             | integer overflow
            uint(-self.one) > 0u                            | unsigned integer overflow
            self.s.substring(50) == ''                      | index out of range: 50
            self.s.charAt(50) == ''                         | index out of range: 50
            self.s.indexOf('h', 50) == 0                    | index out of range: 50
            self.?none.value() == 1                         | optional.none() dereference
            quantity(self.s).sign() == 1                    | quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'
            """)
    void whatHasNoValueIsToldInUpstreamsWords(String text, String reason) {
        assertThatThrownBy(() -> evaluate(text, Map.of("s", "hello", "zero", 0L, "one", 1L, "large", 1e30)))
                .isInstanceOf(ExpressionException.class)
                .hasMessage(reason);
    }

    @Test
    void costIsBoundedInTimeAndMemory() {
        var many = java.util.stream.LongStream.range(0, 2000).boxed().toList();
        var self = Map.of("l", many, "s", "x".repeat(1 << 20));
        for (var text : List.of(
                "self.l.all(a, self.l.all(b, self.l.all(c, true)))",
                "self.l.map(a, self.s + string(a)).size() == 0",
                "self.l.map(a, self.l + self.l).size() == 0")) {
            assertThatThrownBy(() -> evaluate(text, self))
                    .isInstanceOf(ExpressionException.class)
                    .hasMessageContaining("cost limit exceeded");
        }
        for (var text : List.of("self.l.filter(a, a >= 0).size() == 2000", "self.l.map(a, [a]).map(b, b[0]).size() == 2000")) {
            assertThat(evaluate(text, self)).isEqualTo(true);
        }
        var budget = new Budget(3);
        assertThatThrownBy(() -> ENVIRONMENT.compile("self.l.all(a, a >= 0)").evaluate(Map.of("self", self), budget))
                .hasMessageContaining("running out of cost budget");
        assertThat(budget.isSpent()).isTrue();
        var deep = "(".repeat(5000) + "1" + ")".repeat(5000);
        assertThatThrownBy(() -> ENVIRONMENT.compile(deep)).isInstanceOf(ExpressionException.class);
    }

    /// Compiled as it is, such a pattern takes more memory than there is; it may be made only when the expression is evaluated.
    @ParameterizedTest
    @ValueSource(strings = {
        "self.s.matches('((x{1000}){1000}){1000}')",
        "matches(self.s, '((x{1000}){1000}){1000}')",
        "self.s.find('((x{1000}){1000}){1000}') == ''",
        "self.s.findAll('((x{1000}){1000}){1000}') == []",
        "self.s.findAll('((x{1000}){1000}){1000}', 1) == []",
        "self.s.matches('((x{' + self.n + '}){1000}){' + self.n + '}')",
    })
    void aPatternThatBecomesTooLargeHasNoValue(String text) {
        assertThatThrownBy(() -> evaluate(text, Map.of("s", "hello", "n", "1000"))).isInstanceOf(ExpressionException.class).hasMessageContaining("invalid repeat count: `{1000}`");
    }

    @Test
    @Timeout(60)
    void matchingCostsByItsSteps() {
        var self = Map.of("s", "a".repeat(200_000), "l", java.util.stream.LongStream.range(0, 2000).boxed().toList());
        for (var text : List.of(
                "self.s.findAll('a.*b|a').size() == 0",
                "self.s.matches('(a{0,500}b)+c')",
                "self.l.all(i, !self.s.matches('(a{0,50}b)+c'))",
                "self.l.all(i, !'x'.matches('(x{1,99}y[a-z]{9}){1,10}z' + string(i)))")) {
            assertThatThrownBy(() -> evaluate(text, self)).as(text).isInstanceOf(ExpressionException.class).hasMessageContaining("cost limit exceeded");
        }
        assertThat(evaluate("self.l.all(i, 'ab-c'.matches('^([a-z]([-a-z0-9]{0,61}[a-z0-9])?){1,9}$')) && self.s.matches('^a+$')", self)).isEqualTo(true);
    }

    /// In upstream's words.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "int(self.text)             | type conversion error from 'string' to 'int'",
        "uint(self.text)            | type conversion error from 'string' to 'uint'",
        "double(self.text)          | type conversion error from 'string' to 'double'",
        "bool(self.text)            | type conversion error from 'string' to 'bool'",
        "duration(self.text)        | type conversion error from 'string' to 'google.protobuf.Duration'",
        "timestamp(self.text)       | type conversion error from 'string' to 'google.protobuf.Timestamp'",
        "[1].map(i, int(self.text)) | type conversion error from 'string' to 'int'",
        "int(self.large)            | integer overflow",
        "self.most + 1              | integer overflow",
        "uint(self.negative)        | unsigned integer overflow",
        "self.negative / 0          | division by zero",
        "self.negative % 0          | modulus by zero",
    })
    void whatIsNoNumberIsSaidToBeNone(String text, String wanted) {
        assertThatThrownBy(() -> evaluate(text, Map.of("text", "x", "large", 1e30, "most", Long.MAX_VALUE, "negative", -1L)))
                .hasMessage(wanted);
    }
}
