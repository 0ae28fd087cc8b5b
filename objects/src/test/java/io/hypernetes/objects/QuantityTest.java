package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityTest {
    @ParameterizedTest
    @CsvSource({
        "0,0", "0Mi,0", "1,1", "-1,-1", "0.5,500m", "1.5,1500m", "100m,100m", "1000m,1", "1024,1024", "1024Ki,1Mi", "1Ki,1Ki",
        "0.5Mi,512Ki", "1.5Gi,1536Mi", "512Mi,512Mi", "1000Mi,1000Mi", "1e3,1e3", "12E6,12e6", "1E,1E", "1500,1500",
        "1000k,1M", "1000000,1M", "1234567,1234567", "0.000000001,1n", "0.0000000001,1n", "1.1n,2n", "5u,5u", "0.1Ki,102400m",
        "+3,3", ".5,500m", "5.,5", "9223372036854775807,9223372036854775807", "99999E,9223372036854775807"
    })
    void theCanonicalForm(String text, String canonical) {
        assertThat(Quantity.parse(text).toString()).isEqualTo(canonical);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "1 ", "Mi", "1mi", "1KiB", "--1", "1.2.3", "1e", "1e99999", "0x10", "NaN", "1_000", ".", "1ki", "1ee3"})
    void whatIsNoQuantity(String text) {
        assertThatThrownBy(() -> Quantity.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void hostileLengthsAndExponentsAreCheap() {
        assertThatThrownBy(() -> Quantity.parse("1".repeat(1_000_000))).isInstanceOf(IllegalArgumentException.class);
        assertThat(Quantity.parse("1e9999").value()).isEqualTo(Long.MAX_VALUE);
        assertThat(Quantity.parse("1e-9999")).isEqualTo(Quantity.parse("1n"));
    }

    @Test
    void bytesThatNoBinarySuffixExpressesSettle() {
        assertThat(Quantity.parse("10562.5Ki").toString()).isEqualTo("10816000");
        assertThat(Quantity.parse("10562.5Ki").settled()).isEqualTo("10816k");
        assertThat(Quantity.parse("1536Mi").settled()).isEqualTo("1536Mi");
    }

    @Test
    void wholeNumbersRoundUp() {
        assertThat(Quantity.parse("1001m").value()).isEqualTo(2);
        assertThat(Quantity.parse("0.1m").millis()).isEqualTo(1);
        assertThat(Quantity.ofBytes(1536L << 20).toString()).isEqualTo("1536Mi");
        assertThat(Quantity.ofMillis(2500).toString()).isEqualTo("2500m");
    }

    @Property
    void theCanonicalFormReadsBackTheSame(@ForAll("quantities") Quantity q) {
        Quantity read = Quantity.parse(q.toString());
        assertThat(read).isEqualTo(q);
        assertThat(Quantity.parse(q.settled())).isEqualTo(q);
        assertThat(Quantity.parse(q.settled()).toString()).isEqualTo(q.settled());
    }

    @Property
    void additionIsThatOfNumbers(@ForAll("quantities") Quantity a, @ForAll("quantities") Quantity b) {
        assertThat(a.plus(b)).isEqualTo(b.plus(a));
        assertThat(a.plus(b).minus(b)).isEqualTo(a);
        assertThat(a.plus(b).decimal()).isEqualByComparingTo(a.decimal().add(b.decimal()));
        assertThat(a.minus(a).isZero()).isTrue();
    }

    @Property
    void orderIsThatOfNumbers(@ForAll("quantities") Quantity a, @ForAll("quantities") Quantity b) {
        assertThat(Integer.signum(a.compareTo(b))).isEqualTo(a.decimal().compareTo(b.decimal()));
        assertThat(a.equals(b)).isEqualTo(a.compareTo(b) == 0);
        if (a.equals(b)) {
            assertThat(a.hashCode()).isEqualTo(b.hashCode());
        }
        assertThat(BigDecimal.valueOf(a.value())).isGreaterThanOrEqualTo(a.signum() > 0 ? a.decimal() : BigDecimal.valueOf(a.value()));
    }

    /// What is a quantity is said by this pattern, which is slower than the parser.
    @Property(tries = 20_000)
    void theFormIsThatOfThePattern(@ForAll("almostQuantities") String text) {
        boolean isQuantity = text.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,4})?");
        if (isQuantity) {
            Quantity read = Quantity.parse(text);
            assertThat(read.settled()).isEqualTo(Quantity.parse(read.toString()).toString());
        } else {
            assertThatThrownBy(() -> Quantity.parse(text)).isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("not a quantity");
        }
    }

    @Provide
    Arbitrary<String> almostQuantities() {
        Arbitrary<String> parts = Arbitraries.of(
                "+", "-", ".", "0", "1", "1024", "99", "e", "E", "e3", "n", "u", "m", " ", "k", "K", "Ki", "M", "i", "T", "Ei", "\u0661", "\n", "x");
        return parts.list().ofMaxSize(5).map(list -> String.join("", list));
    }

    @Provide
    Arbitrary<Quantity> quantities() {
        Arbitrary<Long> digits = Arbitraries.longs().between(-999_999_999L, 999_999_999L);
        Arbitrary<String> fractions = Arbitraries.of("", ".5", ".25", ".001");
        Arbitrary<String> suffixes = Arbitraries.of("", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E-3", "e0");
        return Combinators.combine(digits, fractions, suffixes).as((d, f, s) -> Quantity.parse(d + f + s));
    }
}
