package io.hypernetes.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamesAndTimesTest {
    @ParameterizedTest
    @ValueSource(strings = {"a", "a-b", "a.b", "1", "a.b-c.d1"})
    void goodSubdomains(String name) {
        assertThat(Names.subdomain(name)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A", "a_b", "-a", "a-", "a..b", ".a", "a.", "ä", "a/b", "a b"})
    void badSubdomains(String name) {
        assertThat(Names.subdomain(name)).hasSize(1);
    }

    @Test
    void lengthsAreLimited() {
        assertThat(Names.subdomain("a".repeat(253))).isEmpty();
        assertThat(Names.subdomain("a".repeat(254))).containsExactly("must be no more than 253 characters");
        assertThat(Names.label("a".repeat(64))).containsExactly("must be no more than 63 characters");
        assertThat(Names.qualified("b.c/" + "a".repeat(64))).isNotEmpty();
        assertThat(Names.label("x".repeat(5_000_000))).isNotEmpty();
    }

    @Test
    void qualifiedNames() {
        for (String good : List.of("a", "A_b.c-d", "example.com/Name", "a.b/c")) {
            assertThat(Names.qualified(good)).isEmpty();
        }
        for (String bad : List.of("", "/a", "a/", "a/b/c", "-a", "A.com/b", "a b")) {
            assertThat(Names.qualified(bad)).isNotEmpty();
        }
        assertThat(Names.configKey("..data")).isNotEmpty();
        assertThat(Names.configKey("a_B-c.9")).isEmpty();
        assertThat(Names.portName("http")).isEmpty();
        assertThat(Names.portName("80")).isNotEmpty();
    }

    /// What the messages say of each form, by patterns, which are slower than the checks.
    @Property(tries = 20_000)
    void theFormsAreThoseOfThePatterns(@ForAll("almostNames") String name) {
        String label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
        String subdomain = label + "(\\." + label + ")*";
        String qualified = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
        assertThat(Names.label(name).isEmpty()).isEqualTo(name.matches(label));
        assertThat(Names.subdomain(name).isEmpty()).isEqualTo(name.matches(subdomain));
        assertThat(Names.labelValue(name).isEmpty()).isEqualTo(name.matches("(" + qualified + ")?"));
        assertThat(Names.qualified(name).isEmpty()).isEqualTo(name.matches("(" + subdomain + "/)?" + qualified));
    }

    @Provide
    Arbitrary<String> almostNames() {
        return Arbitraries.of("a", "z", "0", "9", "A", "Z", "-", "_", ".", "/", "ab", "example.com/", "\u00e4", "\n", " ", "`", "{", "@", "[", ":")
                .list()
                .ofMaxSize(6)
                .map(list -> String.join("", list));
    }

    @Test
    void aQualifiedNameHasOneSlashAtMost() {
        assertThat(Names.qualified("a/b/c")).singleElement().asString().startsWith("a qualified name must consist of");
        assertThat(Names.qualified("/b")).containsExactly("prefix part must be non-empty");
        assertThat(Names.qualified("b/")).hasSize(2).first().isEqualTo("name part must be non-empty");
    }

    @Test
    void generatedNamesFitALabel() {
        Random random = new Random(1);
        assertThat(Names.generate("web-", random)).matches("web-[bcdfghjklmnpqrstvwxz2456789]{5}");
        assertThat(Names.generate("w".repeat(200), random)).hasSize(63);
    }

    @ParameterizedTest
    @CsvSource({
        "0,0s", "59,59s", "119,119s", "120,2m", "150,2m30s", "600,10m", "10740,179m", "10800,3h", "14700,4h5m", "28800,8h",
        "172800,2d", "180000,2d2h", "691200,8d", "63071999,729d", "63072000,2y", "94608000,3y", "63936000,2y10d", "252288000,8y"
    })
    void ages(long seconds, String text) {
        assertThat(ApiTime.age(Duration.ofSeconds(seconds))).isEqualTo(text);
    }

    @Test
    void timesAreCutAndPadded() {
        Instant time = Instant.parse("2026-01-02T03:04:05.000006789Z");
        assertThat(ApiTime.format(time)).isEqualTo("2026-01-02T03:04:05Z");
        assertThat(ApiTime.formatMicro(time)).isEqualTo("2026-01-02T03:04:05.000006Z");
        assertThat(ApiTime.parse("2026-01-02T04:04:05+01:00")).isEqualTo(Instant.parse("2026-01-02T03:04:05Z"));
        assertThatThrownBy(() -> ApiTime.parse("yesterday")).isInstanceOf(IllegalArgumentException.class);
    }
}
