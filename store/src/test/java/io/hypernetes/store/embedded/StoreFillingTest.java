package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Page;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.keys.KeyRing;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreFillingTest {
    @TempDir
    Path folder;

    private EmbeddedSettings settings(String name) {
        return Folders.settings().withKeys(KeyRing.open(folder.resolve(name + "-keys"), folder.resolve(name + "-master.key"), new SecureRandom()));
    }

    @Test
    void aCopyShowsWhatTheStoreShowedAndGoesOnBehindIt() throws Exception {
        Page page;
        long after;
        try (var store = EmbeddedStore.open(folder.resolve("a"), settings("a"))) {
            for (int n = 0; n < 1001; n++) {
                store.commit(List.of(Operation.create("/red/" + n, ("value " + n).getBytes(UTF_8))));
            }
            store.commit(List.of(Operation.put("/red/5", "changed".getBytes(UTF_8))));
            page = store.list("", "", 0);
            // What came after the copy is known to those who followed the store.
            after = store.commit(List.of(Operation.delete("/red/6"))).revision();
        }
        try (var filling = StoreFilling.begin(folder.resolve("b"), settings("b"))) {
            page.entries().forEach(filling::add);
            filling.finish(page.revision());
        }
        try (var store = EmbeddedStore.open(folder.resolve("b"), settings("b"))) {
            assertThat(store.list("", "", 0).entries()).usingRecursiveFieldByFieldElementComparator().isEqualTo(page.entries());
            assertThat(store.tick()).isGreaterThan(after);
            assertThatThrownBy(() -> store.watch("/red/", after)).isInstanceOf(CompactedException.class);
            Entry five = store.get("/red/5").orElseThrow();
            assertThat(store.commit(List.of(new Operation.Put("/red/5", five.revision(), _ -> "again".getBytes(UTF_8)))).revision()).isGreaterThan(after);
        }
    }

    @Test
    void aStoreThatIsThereIsNotWrittenOver() {
        try (var store = EmbeddedStore.open(folder.resolve("a"), settings("a"))) {
            store.commit(List.of(Operation.create("/red/a", new byte[1])));
        }
        assertThatThrownBy(() -> StoreFilling.begin(folder.resolve("a"), settings("a"))).isInstanceOf(StoreUnavailableException.class).hasMessageContaining("not written over");
        try (var filling = StoreFilling.begin(folder.resolve("b"), settings("b"))) {
            filling.add(new Entry("/red/a", new byte[1], 5, 9));
            assertThatThrownBy(() -> filling.finish(8)).isInstanceOf(StoreUnavailableException.class).hasMessageContaining("newer than");
            assertThatThrownBy(() -> filling.add(new Entry("/red/a", new byte[1], 0, 0))).isInstanceOf(StoreUnavailableException.class);
        }
    }
}
