package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListPageTest {
    private final List<String> items = new ArrayList<>();

    /// Comes as a connection brings it: in pieces.
    private ListPage read(String text, int piece) throws IOException {
        items.clear();
        return ListPage.read(
                new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)) {
                    @Override
                    public int read(byte[] into, int offset, int length) {
                        return super.read(into, offset, Math.min(piece, length));
                    }
                },
                item -> items.add(new String(item.bytes(), item.offset(), item.length(), StandardCharsets.UTF_8)));
    }

    @Test
    void itemsAreCutHoweverTheListIsLaidOutAndComes() throws IOException {
        String one = "{\"a\":{\"}{]\":[\"\\\"}\",\"\\\\\",{}]},\"ü\":\"\\u007b{\"}";
        String two = "{\"long\":\"" + "x".repeat(30_000) + "\"}";
        String list = "{\"kind\":\"List\",\"n\":-1.5e3,\"t\":true,\"x\":[1,{\"items\":[2]}],\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"t\\u006fken\"},"
                + "\"items\":[" + one + "," + two + ",null,{}],\"e\":\"\\\"\"}\n";
        for (int piece : new int[] {1, 2, 3, 7, 8192, 100_000}) {
            assertThat(read(list, piece)).isEqualTo(new ListPage("token", "7"));
            assertThat(items).containsExactly(one, two, "null", "{}");
            assertThat(read("{ \"items\" : [\n" + one + " ,\n {} ] ,\n\t\"metadata\" : { } }", piece)).isEqualTo(new ListPage("", ""));
            assertThat(items).containsExactly(one, "{}");
        }
        for (String empty : List.of("{}", "{\"items\":[]}", "{\"items\":null,\"metadata\":{}}")) {
            assertThat(read(empty, 2)).isEqualTo(new ListPage("", ""));
            assertThat(items).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "<html>", "{", "{\"items\":[", "{\"items\":[{}", "{\"items\":[{}{}]}", "{\"items\":[{},]}", "{\"a\" 1}", "{a:1}", "{\"items\":[{}]", "{\"a\":}"})
    void whatIsNoListIsTold(String text) {
        assertThatThrownBy(() -> read(text, 3)).isInstanceOf(IOException.class);
    }
}
