package io.hypernetes.apiserver.body;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class YamlBodyTest {
    @Test
    void duplicatesAreNotedAndTheLastWins() {
        var document = read("{a: 1, b: [x, {c: 1, c: 2}], a: 3}");
        assertThat(document.repeats().first()).containsExactly("yaml: unmarshal errors:\n  line 1: key \"c\" already set in map\n  line 1: key \"a\" already set in map");
        assertThat(Json.print(document.root())).isEqualTo("{\"a\":3,\"b\":[\"x\",{\"c\":2}]}");
    }

    @Test
    void pathsOfDuplicatesAreFewAndShort() {
        var deep = ("{" + "k".repeat(1000) + ": ").repeat(190) + "{a: 1" + ",a: 1".repeat(10_000) + "}" + "}".repeat(190);
        assertThat(read(deep).repeats().first().stream().mapToInt(String::length).sum()).isBetween(1, 70_000);
    }

    /// A text is kept once, but written as often as it is named.
    @Test
    void longTextsAreNotRepeated() {
        var text = "x".repeat(100_000);
        assertThat(read("a: &a " + text + "\nb: [*a, *a]\n").root().path("b").path(1).asString()).isEqualTo(text);
        for (var often : new String[] {"b: [*a" + ",*a".repeat(1000) + "]", "b: [{*a : 1}" + ",{*a : 1}".repeat(1000) + "]"}) {
            assertThatThrownBy(() -> read("a: &a " + text + "\n" + often)).isInstanceOf(MalformedJsonException.class).hasMessageContaining("aliases");
        }
    }

    /// As JSON refuses them: they would be written, and never be read again.
    @Test
    void numbersAreAsLongAsThoseOfJson() {
        for (var number : new String[] {"1".repeat(401), "-" + "1".repeat(400), "1." + "5".repeat(400), "1".repeat(395) + "e-400"}) {
            assertThatThrownBy(() -> read("a: " + number)).isInstanceOf(MalformedJsonException.class).hasMessageContaining("a number has more than 400 characters");
            assertThat(read("a: \"" + number + "\"").root().path("a").isString()).isTrue();
        }
        assertThat(read("a: " + "1".repeat(400)).root().path("a").isBigInteger()).isTrue();
        var twice = "? " + "1".repeat(500) + "\n: 1\n";
        assertThat(read(twice + twice).repeats().first()).hasSize(1);
    }

    private static Json.Document read(String text) {
        return YamlBody.read(text.getBytes(StandardCharsets.UTF_8));
    }
}
