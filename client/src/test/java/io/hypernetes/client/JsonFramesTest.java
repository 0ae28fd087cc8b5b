package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonFramesTest {
    private static final String ODD = "{\"a\":{\"}{\":[\"\\\"}\",\"\\\\\",{}]},\"ü\":\"\\u007b{\"}";

    /// Comes as a connection brings it: in pieces.
    private static JsonFrames frames(String text, int piece) {
        return new JsonFrames(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)) {
            @Override
            public int read(byte[] into, int offset, int length) {
                return super.read(into, offset, Math.min(piece, length));
            }
        }, 1 << 20);
    }

    private static String text(JsonFrames frames) {
        return new String(frames.bytes(), frames.offset(), frames.length(), StandardCharsets.UTF_8);
    }

    private static List<String> all(JsonFrames frames) throws IOException {
        List<String> all = new ArrayList<>();
        while (frames.next()) {
            all.add(text(frames));
        }
        return all;
    }

    @Test
    void objectsAreCutHoweverTheyAreLaidOutAndCome() throws IOException {
        String pretty = ODD.replace(",", ",\n  ");
        String long1 = "{\"long\":\"" + "x".repeat(30_000) + "\"}";
        for (int piece : new int[] {1, 2, 3, 7, 8192, 100_000}) {
            assertThat(all(frames(ODD + "\n" + ODD + ODD + "\r\n\n" + long1 + "\n \t" + pretty + "\n{}", piece)))
                    .containsExactly(ODD, ODD, ODD, long1, pretty, "{}");
        }
        assertThat(all(frames("", 1))).isEmpty();
        assertThat(all(frames("\n", 1))).isEmpty();
    }

    @Test
    void oneThatIsCutOffIsNone() throws IOException {
        for (int length = 1; length < ODD.getBytes(StandardCharsets.UTF_8).length - 1; length++) {
            JsonFrames frames = frames("{}\n" + ODD.substring(0, Math.min(length, ODD.length() - 1)), 5);
            assertThat(frames.next()).isTrue();
            assertThatThrownBy(frames::next).isInstanceOf(EOFException.class);
        }
    }

    @Test
    void whatIsNoObjectIsToldAtItsBegin() {
        assertThatThrownBy(frames("<html>", 10)::next).isInstanceOf(IOException.class).hasMessageContaining("'<'");
    }

    @Test
    void whatIsHeldIsBounded() throws IOException {
        int most = 1 << 20;
        String fits = "{\"a\":\"" + "x".repeat(most - 8) + "\"}";
        assertThat(fits).hasSize(most);
        assertThat(all(frames("{}" + fits + "{}", 10_000))).hasSize(3);
        JsonFrames endless = new JsonFrames(new InputStream() {
            @Override
            public int read() {
                return '{';
            }
        }, most);
        assertThatThrownBy(endless::next).isInstanceOf(JsonFrames.TooLong.class).hasMessageContaining("more than 1 MiB");
        assertThat(endless.bytes()).hasSize(most);
    }

    @Test
    void aLongOneIsNotKeptForEver() throws IOException {
        JsonFrames frames = frames("{\"a\":\"" + "x".repeat(500_000) + "\"}\n{}", 10_000);
        assertThat(frames.next()).isTrue();
        assertThat(frames.next()).isTrue();
        assertThat(text(frames)).isEqualTo("{}");
        assertThat(frames.next()).isFalse();
        assertThat(frames.bytes()).hasSizeLessThan(10_000);
    }
}
