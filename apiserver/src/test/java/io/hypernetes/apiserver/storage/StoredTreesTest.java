package io.hypernetes.apiserver.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import io.hypernetes.store.Entry;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StoredTreesTest {
    private static final String KEY = "/root/core/namespaces/_/default";

    private final StoredTrees trees = new StoredTrees();

    private static byte[] text(String name) {
        return ("{\"metadata\":{\"name\":\"" + name + "\"}}").getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void isReadOnceUntilItIsWrittenAgain() {
        byte[] text = text("a");
        var first = trees.of(new Entry(KEY, text, 5, 5));
        assertThat(Json.string(first, "metadata", "name")).isEqualTo("a");
        assertThat(trees.of(new Entry(KEY, text, 5, 5))).isSameAs(first);
        assertThat(Json.string(trees.of(new Entry(KEY, text("b"), 5, 6)), "metadata", "name")).isEqualTo("b");
        // Who still has the state before sees that.
        assertThat(trees.of(new Entry(KEY, text, 5, 5))).isEqualTo(first);
    }

    @Test
    void whatIsLongIsNotHeld() {
        byte[] text = text("x".repeat(10_000));
        var first = trees.of(new Entry(KEY, text, 5, 5));
        assertThat(trees.of(new Entry(KEY, text, 5, 5))).isEqualTo(first).isNotSameAs(first);
    }
}
