package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.keys.KeyRing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;

/// A store whose values are sealed has none of them in the open, and they end with their owner's key.
class SealedStoreTest {
    private static final byte[] SECRET = "the tenant's secret, nobody else's".getBytes(UTF_8);

    @TempDir
    Path folder;

    private EmbeddedStore open(KeyRing keys) {
        return EmbeddedStore.open(folder.resolve("store"), Folders.settings().withKeys(keys));
    }

    private KeyRing keys() {
        return KeyRing.open(folder.resolve("keys"), folder.resolve("master.key"), new SecureRandom());
    }

    @Test
    void noValueIsInTheOpenAndAllComeBack() throws IOException {
        try (Store store = open(keys())) {
            store.commit(List.of(Operation.create("/red/a", SECRET), Operation.create("/blue/a", SECRET), Operation.create("number", SECRET)));
            store.commit(List.of(Operation.put("/red/a", SECRET)));
            assertThat(foundIn(folder)).isEmpty();
        }
        assertThat(foundIn(folder)).isEmpty();
        assertThat(keys().owners()).containsExactlyInAnyOrder("red", "blue", "root");
        try (Store store = open(keys())) {
            for (String key : List.of("/red/a", "/blue/a", "number")) {
                assertThat(store.get(key).orElseThrow().value()).isEqualTo(SECRET);
            }
        }
    }

    @Test
    void manyValuesOfManyOwnersComeBackInOrder() {
        List<Operation> all = new ArrayList<>();
        for (int n = 0; n < 3000; n++) {
            all.add(Operation.create("/tenant-" + n % 40 + "/key-" + n, ("value " + n).getBytes(UTF_8)));
        }
        try (Store store = open(keys())) {
            store.commit(all);
        }
        try (Store store = open(keys())) {
            List<Entry> entries = store.list("", "", 0).entries();
            assertThat(entries).extracting(Entry::key).isSorted().hasSize(3000);
            assertThat(entries).allSatisfy(entry -> assertThat(new String(entry.value(), UTF_8))
                    .isEqualTo("value " + entry.key().substring(entry.key().lastIndexOf('-') + 1)));
        }
    }

    /// Rows of the store are read many into an array, long ones into one of their own.
    @Test
    void valuesOfAllLengthsComeBack() {
        List<Integer> lengths = List.of(0, 1, 60_000, 70_000, 200_000, 3, 9 << 20, 5, 8 << 20, 1 << 20, 0, 7 << 20, 2);
        try (Store store = open(keys())) {
            for (int n = 0; n < lengths.size(); n++) {
                store.commit(List.of(Operation.create("/red/%03d".formatted(n), filled(lengths.get(n), n))));
            }
        }
        try (Store store = open(keys())) {
            for (int n = lengths.size() - 1; n >= 0; n--) {
                assertThat(store.get("/red/%03d".formatted(n)).orElseThrow().value()).isEqualTo(filled(lengths.get(n), n));
            }
        }
    }

    private static byte[] filled(int length, int with) {
        byte[] bytes = new byte[length];
        java.util.Arrays.fill(bytes, (byte) with);
        return bytes;
    }

    @Test
    void whoOpensAtLeisureOpensWhatIsAskedForAndTheRestWhenTold() throws Exception {
        try (Store store = open(keys())) {
            store.commit(List.of(Operation.create("/red/a", SECRET), Operation.create("/red/b", SECRET)));
        }
        exchangeRows();
        EmbeddedSettings leisurely = Folders.settings().withKeys(keys()).withValuesOpenedAtLeisure();
        try (EmbeddedStore store = EmbeddedStore.open(folder.resolve("store"), leisurely)) {
            // Nobody has looked at what was exchanged yet.
            store.commit(List.of(Operation.create("/red/c", SECRET)));
            assertThat(store.get("/red/c").orElseThrow().value()).isEqualTo(SECRET);
            store.openValues();
            store.openValues();
            await().untilAsserted(() -> assertThatThrownBy(() -> store.commit(List.of(Operation.put("/red/c", SECRET))))
                    .isInstanceOf(StoreUnavailableException.class));
        }
        // One that was never told closes as well.
        exchangeRows();
        try (EmbeddedStore store = EmbeddedStore.open(folder.resolve("store"), leisurely)) {
            assertThat(store.get("/red/a").orElseThrow().value()).isEqualTo(SECRET);
        }
    }

    /// Values are opened behind the start: what was changed on the disk meanwhile is not shown, found soon without being asked for, and not written over.
    @Test
    void aRowThatWasExchangedIsNotShownAndNothingMoreIsWritten() throws Exception {
        try (Store store = open(keys())) {
            store.commit(List.of(Operation.create("/red/a", SECRET), Operation.create("/red/b", SECRET), Operation.create("/red/c", SECRET)));
        }
        exchangeRows();
        try (Store store = open(keys())) {
            assertThatThrownBy(() -> store.get("/red/a").orElseThrow().value()).isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("a value of red does not open");
            assertThat(store.get("/red/c").orElseThrow().value()).isEqualTo(SECRET);
            await().untilAsserted(() -> assertThatThrownBy(() -> store.commit(List.of(Operation.put("/red/d", SECRET))))
                    .isInstanceOf(StoreUnavailableException.class).hasMessageContaining("a value of red does not open"));
        }
    }

    private void exchangeRows() throws Exception {
        byte[] a = "e/red/a".getBytes(UTF_8);
        byte[] b = "e/red/b".getBytes(UTF_8);
        try (Options options = new Options(); RocksDB db = RocksDB.open(options, folder.resolve("store/db").toString())) {
            byte[] row = db.get(a);
            db.put(a, db.get(b));
            db.put(b, row);
        }
    }

    @Test
    void whoeverHasAnEntryCanReadItWhenItsOwnerIsGone() {
        try (Store store = open(keys())) {
            store.commit(List.of(Operation.create("/red/a", SECRET)));
        }
        try (Store store = open(keys())) {
            Entry held = store.get("/red/a").orElseThrow();
            store.commit(List.of(Operation.delete("/red/a")));
            assertThat(folder.resolve("keys/red.key")).doesNotExist();
            assertThat(held.value()).isEqualTo(SECRET);
        }
    }

    @Test
    void theKeyGoesWithTheLastEntryAndTheNextOfThatNameHasAnother() throws IOException {
        Path file = folder.resolve("keys/red.key");
        byte[] first;
        try (Store store = open(keys())) {
            store.commit(List.of(Operation.create("/red/a", SECRET), Operation.create("/red/b", SECRET), Operation.create("/red-2/a", SECRET)));
            first = Files.readAllBytes(file);
            store.commit(List.of(Operation.delete("/red/a")));
            assertThat(file).exists();
            store.commit(List.of(Operation.delete("/red/b")));
            assertThat(file).doesNotExist();
            assertThat(folder.resolve("keys/red-2.key")).exists();
            store.commit(List.of(Operation.create("/red/a", SECRET)));
            assertThat(Files.readAllBytes(file)).isNotEqualTo(first);
        }
        assertThat(holds(folder.resolve("store"), first) || holds(folder.resolve("keys"), first)).isFalse();
        // Even with what a thief copied of the store, the destroyed key's values stay shut: nothing of it is anywhere.
        try (Store store = open(keys())) {
            assertThat(store.get("/red/a").orElseThrow().value()).isEqualTo(SECRET);
        }
    }

    @Test
    void aKeyThatOutlivedItsOwnerInACrashGoesAtTheNextStart() throws IOException {
        try (Store store = open(keys())) {
            store.commit(List.of(Operation.create("/red/a", SECRET)));
        }
        KeyRing keys = keys();
        keys.seal("gone", new byte[0], SECRET);
        keys.seal("half", new byte[0], SECRET);
        Files.write(folder.resolve("keys/half.key"), new byte[72]);
        Files.write(folder.resolve("keys/.made.key"), SECRET);
        try (Store store = open(keys())) {
            assertThat(folder.resolve("keys/gone.key")).doesNotExist();
            assertThat(folder.resolve("keys/half.key")).doesNotExist();
            assertThat(folder.resolve("keys/.made.key")).doesNotExist();
            assertThat(store.get("/red/a")).isPresent();
        }
    }

    @Test
    void whatWasInTheOpenIsSealedWhenTheStoreIsOpenedWithKeys() throws IOException {
        try (Store store = EmbeddedStore.open(folder.resolve("store"), Folders.settings())) {
            for (int n = 0; n < 1200; n++) {
                store.commit(List.of(Operation.create("/red/" + n, SECRET)));
            }
            store.commit(List.of(Operation.create("z", SECRET)));
        }
        assertThat(foundIn(folder)).isNotEmpty();
        try (Store store = open(keys())) {
            assertThat(store.list("", "", 0).entries()).hasSize(1201);
            assertThat(foundIn(folder)).isEmpty();
        }
        assertThatThrownBy(() -> EmbeddedStore.open(folder.resolve("store"), Folders.settings()))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("cannot be opened without its keys");
    }

    @Test
    void keysAreOfTheirMasterAndOfTheirStore() throws IOException {
        try (Store store = open(keys())) {
            store.commit(List.of(Operation.create("/red/a", SECRET), Operation.create("/blue/a", SECRET)));
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("master.key")))).isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("keys/red.key")))).isEqualTo("rw-------");
        Path red = folder.resolve("keys/red.key");
        byte[] key = Files.readAllBytes(red);
        Files.copy(folder.resolve("keys/blue.key"), red, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(this::keys).hasMessageContaining("does not open with the master key");
        Files.delete(red);
        assertThatThrownBy(() -> open(keys())).hasMessageContaining("the key of red is missing");
        Files.write(red, key);
        Files.move(folder.resolve("master.key"), folder.resolve("away"));
        assertThatThrownBy(this::keys).hasMessageContaining("is missing, and there are keys wrapped by it");
        Files.write(folder.resolve("master.key"), new byte[32]);
        assertThatThrownBy(this::keys).hasMessageContaining("does not open with the master key");
        Files.move(folder.resolve("away"), folder.resolve("master.key"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        open(keys()).close();
    }

    private static String foundIn(Path folder) throws IOException {
        return holds(folder, SECRET) ? "the secret" : "";
    }

    /// Reads every byte of every file.
    private static boolean holds(Path folder, byte[] wanted) throws IOException {
        String text = new String(wanted, ISO_8859_1);
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).filter(file -> !file.toString().contains("/native/")).toList()) {
                if (new String(Files.readAllBytes(file), ISO_8859_1).contains(text)) {
                    return true;
                }
            }
        }
        return false;
    }
}
