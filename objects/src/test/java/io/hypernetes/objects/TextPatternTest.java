package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextPatternTest {
    private static final int ROUNDS = 5_000;

    /// In the words of Go's regexp/syntax/parse.go.
    @ParameterizedTest
    @CsvSource(delimiterString = " => ", textBlock = """
            ((x{1000}){1000}){1000} => invalid repeat count: `{1000}`
            (x{1000}){2} => invalid repeat count: `{2}`
            (?:(?:x{0,30})*y){40,} => invalid repeat count: `{40,}`
            ((?i)a|(b(c{2,500}[{}])){3}) => invalid repeat count: `{3}`
            ([\\Q{}]\\p{L}\\x{10FFFF}{999}){2} => invalid repeat count: `{2}`
            x{1001} => invalid repeat count: `{1001}`
            x{99999999999} => invalid repeat count: `{99999999999}`
            ([[:alpha:]]{501}){2} => invalid repeat count: `{2}`
            (x{2} => missing closing )
            x) => unexpected )
            [x => missing closing ]
            """)
    void whatIsTooMuchIsRefusedBeforeItIsCompiled(String text, String why) {
        assertThatThrownBy(() -> TextPattern.of(text)).isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("error parsing regexp: ").hasMessageContaining(why);
    }

    @Test
    void whatBecomesTooLargeIsRefused() {
        assertThatThrownBy(() -> TextPattern.of("(" + "x".repeat(120) + "){1000}")).hasMessageContaining("expression too large").hasMessageEndingWith("...`");
        assertThatThrownBy(() -> TextPattern.of("x{1000}".repeat(101))).hasMessageContaining("expression too large");
        assertThatThrownBy(() -> TextPattern.of("\\p{L}".repeat(80))).as("1300 ranges each").hasMessageContaining("expression too large");
        assertThatThrownBy(() -> TextPattern.of("x".repeat(20_000))).hasMessageContaining("expression too large");
        assertThatThrownBy(() -> TextPattern.of("(".repeat(1001) + ")".repeat(1001))).hasMessageContaining("expression nests too deeply");
        TextPattern.of("(".repeat(300) + ")".repeat(300)).compile();
    }

    /// A name is no flag: with letters of both cases the ranges of such addresses take much more.
    @Test
    void theNameOfAGroupFoldsNoLetters() {
        String address = "([0-9a-fA-F]{1,4}:){7,7}[0-9a-fA-F]{1,4}|".repeat(20);
        TextPattern.of("(?P<ip>" + address + "x)").compile();
        TextPattern.of("(?P<minor>[0-9]+)" + address).compile();
    }

    @Test
    void anEmptyTextTakesStepsToo() {
        TextPattern.Search search = TextPattern.of("(?:a?){1000}b").in("", 1_000_000);
        assertThat(search.find()).isFalse();
        assertThat(search.steps()).isGreaterThan(1000);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$",
        "^((https?|ftp)://)?([^/?#]*)?([^?#]{0,255})(\\?([^#]{1,500}))?(#(.*))?$",
        "^[^\\x00-\\x1F\\x{7f}]{1,63}$", "(?i)^(?P<name>[a-z{}]+){2,3}?$", "a{,5}{x}{01}", "[]a]+[^]a]", "\\Q(*\\E+", "^$", "", "|", "a||b", "(|a)*",
        "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$", "\\pL\\PN[\\p{Greek}-]", "[[:alpha:][:digit:]_-]{1,100}", "^x{0,1000}$",
    })
    void whatIsOrdinaryIsTaken(String text) {
        TextPattern pattern = TextPattern.of(text);
        pattern.compile();
        assertThat(pattern.size()).isGreaterThanOrEqualTo(Pattern.compile(text).programSize()).isLessThan(4 * Pattern.compile(text).programSize() + 20);
    }

    /// Never is a program larger than it was said to be, and nothing is refused but for what it would take.
    @Test
    @Timeout(60)
    void noProgramIsLargerThanItWasSaidToBe() {
        long seed = Long.getLong("pattern.seed", System.nanoTime());
        var random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            String text = i % 2 == 0 ? grown(random, 4) : scattered(random);
            int size;
            try {
                size = TextPattern.of(text).size();
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).as("seed %d: %s", seed, text).matches("(?s)error parsing regexp: (invalid|missing|unexpected|expression).*");
                continue;
            }
            assertThat(size).as("seed %d: %s", seed, text).isBetween(0, 100_000);
            try {
                assertThat(Pattern.compile(text).programSize()).as("seed %d: %s", seed, text).isLessThanOrEqualTo(size);
            } catch (PatternSyntaxException e) {
                // Told by the compiler.
            }
        }
    }

    private static String grown(Random random, int depth) {
        String inner = depth == 0 ? List.of("x", "[a-z]", ".", "\\d", "[^]x]", "\\p{Greek}", "ab", "\\x{61}").get(random.nextInt(8)) : "";
        if (!inner.isEmpty()) {
            return inner;
        }
        String first = grown(random, depth - 1);
        return switch (random.nextInt(7)) {
            case 0 -> first + grown(random, depth - 1);
            case 1 -> first + "|" + grown(random, depth - 1);
            case 2 -> "(" + first + ")" + List.of("*", "+", "?", "*?").get(random.nextInt(4));
            case 3 -> "(?:" + first + "){" + random.nextInt(30) + "}";
            case 4 -> "(?i:" + first + "){" + random.nextInt(5) + "," + random.nextInt(40) + "}";
            case 5 -> "(?P<n>" + first + "){" + random.nextInt(200) + ",}";
            default -> "(" + first + ")";
        };
    }

    private static String scattered(Random random) {
        var text = new StringBuilder();
        for (int i = random.nextInt(24); i >= 0; i--) {
            text.append(List.of("(", ")", "[", "]", "{", "}", "|", "*", "+", "?", "\\", "\\Q", "\\E", "\\p", "x", ":", "-", "^", "i", "<", "P", ">", "0", "1", "29", ",", "(?",
                    "{9}", "{2,7}", "[:", ":]", "я", "\uD83D\uDE00", "(?i)", "\\x").get(random.nextInt(35)));
        }
        return text.toString();
    }

    @Test
    void aSearchTakesNoMoreStepsThanItMay() {
        var pattern = TextPattern.of("a.*b|a");
        var all = pattern.in("aaaa", 1000);
        assertThat(all.find() && all.find() && all.find() && all.find()).isTrue();
        assertThat(all.find()).isFalse();
        assertThat(all.steps()).isPositive();
        var tiring = pattern.in("a".repeat(100_000), 5_000_000);
        assertThatThrownBy(() -> {
                    while (tiring.find()) {
                        assertThat(tiring.found()).isEqualTo("a");
                    }
                })
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the text is too long to be searched for `a.*b|a`");
    }
}
