package io.hypernetes.objects;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @Test
    void duplicatesAreNotedAndTheLastWins() {
        Json.Document document = Json.read("{\"a\":1,\"b\":[{\"c\":1,\"c\":2}],\"a\":3}".getBytes(UTF_8));
        assertThat(document.repeats().first()).containsExactly("duplicate field \"b[0].c\"", "duplicate field \"a\"");
        assertThat(Json.print(document.root())).isEqualTo("{\"b\":[{\"c\":2}],\"a\":3}");
    }

    @Test
    void pathsOfDuplicatesAreFewAndShort() {
        String deep = ("{\"" + "k".repeat(1000) + "\":").repeat(190) + "{\"a\":1" + ",\"a\":1".repeat(10_000) + "}" + "}".repeat(190);
        assertThat(Json.read(deep.getBytes(UTF_8)).repeats().first().stream().mapToInt(String::length).sum()).isBetween(1, 70_000);
    }

    /// Half of a pair cannot be written.
    @Test
    void aPathIsCutBetweenItsLetters() {
        for (String before : new String[] {"", "k"}) {
            String name = before + "\uD83D\uDE00".repeat(1000);
            Json.Document document = Json.read("{\"%s\":1,\"%s\":2}".formatted(name, name).getBytes(UTF_8));
            assertThat(document.repeats().first()).singleElement().satisfies(
                    path -> assertThat(Json.readObject(Json.print(Json.object().put("path", path))).path("path").asString()).isEqualTo(path).hasSizeBetween(100, 1000).endsWith("...\""));
        }
    }

    @Test
    void numbersKeepTheirExactForm() {
        String text = "{\"a\":1,\"b\":9007199254740993,\"c\":123456789012345678901234567890,\"d\":0.1}";
        assertThat(Json.print(Json.readObject(text))).isEqualTo(text);
    }

    /// A single value is printed without a generator.
    @Property
    void aValueIsPrintedAsWithinADocument(@ForAll String text, @ForAll int number) {
        assertThat("[" + Json.print(Json.text(text)) + "]").isEqualTo(Json.print(Json.array().add(text)));
        assertThat("[" + Json.print(Json.integer(number)) + "]").isEqualTo(Json.print(Json.array().add(number)));
    }

    @Property
    void aTextOfAsciiIsPrintedAsWithinADocument(@ForAll @CharRange(from = 0, to = 127) String text) {
        assertThat("[" + Json.print(Json.text(text)) + "]").isEqualTo(Json.print(Json.array().add(text)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{}{}", "[1,]", "{\"a\":}", "nul", "{'a':1}", "1e999999999999", "\u0000"})
    void whatIsNoDocument(String text) {
        assertThatThrownBy(() -> Json.read(text.getBytes(UTF_8))).isInstanceOf(MalformedJsonException.class);
    }

    @Test
    void hostileDepthIsRefused() {
        assertThatThrownBy(() -> Json.read("[".repeat(2_000_000).getBytes(UTF_8))).isInstanceOf(MalformedJsonException.class);
        assertThatThrownBy(() -> Json.read("{\"a\":".repeat(5000).getBytes(UTF_8))).isInstanceOf(MalformedJsonException.class);
    }

    @Test
    void whatIsReadCanBeWrittenHoweverDeepItIs() {
        String deep = "[".repeat(Json.MAX_DEPTH) + "]".repeat(Json.MAX_DEPTH);
        assertThat(Json.print(Json.read(deep.getBytes(UTF_8)).root())).isEqualTo(deep);
    }

    /// Ownership makes names of values: `k:{"uid":"..."}`.
    @Test
    void aNameMayBeAsLongAsAText() {
        String name = "n".repeat(200_000);
        assertThat(Json.readObject("{\"a\":{\"" + name + "\":{\"b\":[1]}}}").path("a").path(name)).hasToString("{\"b\":[1]}");
    }

    /// A parser keeps names for those after it, thousands of them.
    @Test
    void longNamesAreNotKept() {
        for (int i = 0; i < 10; i++) {
            Json.readObject("{\"" + i + "-" + "n".repeat(40_000) + "\":1}");
        }
        long before = used();
        for (int i = 0; i < 400; i++) {
            Json.readObject("{\"" + i + "n".repeat(40_000) + "\":1}");
        }
        assertThat(used() - before).isLessThan(8 << 20);
    }

    private static long used() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Test
    void whatIsStoredMayBeSomewhatDeeperThanWhatIsSent() {
        String sent = "{\"a\":".repeat(Json.MAX_DEPTH) + "1" + "}".repeat(Json.MAX_DEPTH);
        String more = "{\"a\":".repeat(50) + sent + "}".repeat(50);
        assertThat(Json.print(Json.readObject(more))).isEqualTo(more);
        assertThatThrownBy(() -> Json.read(more.getBytes(UTF_8))).isInstanceOf(MalformedJsonException.class).hasMessageContaining("1000 deep");
    }

    /// Each is many times larger in memory than in the text.
    @Test
    void ofValuesThereMayBeSoMany() {
        String many = "{\"a\":[" + "0,".repeat(Json.MAX_NODES) + "0]}";
        assertThatThrownBy(() -> Json.read(many.getBytes(UTF_8))).isInstanceOf(MalformedJsonException.class).hasMessageContaining("more than 500000 values");
        assertThat(Json.readObject(many).path("a").size()).as("stored by an earlier version, or by who sends no JSON").isEqualTo(Json.MAX_NODES + 1);
    }
}
