package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.keys.KeyRing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/// What a store tells after a start, by its revisions and by how far back they go, is for who watches one part of it the same whether others wrote before
/// or not; after an end in order and after a crash.
class UnseenRestartTest {
    @TempDir
    Path folder;

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2030-01-01T00:00:00Z"));

    private EmbeddedSettings settings(String name) {
        return Folders.settings().withClock(now::get)
                .withKeys(KeyRing.open(folder.resolve(name + "-keys"), folder.resolve(name + "-master.key"), new SecureRandom()));
    }

    private EmbeddedStore open(String name) {
        return EmbeddedStore.open(folder.resolve(name), settings(name));
    }

    private long put(Store store, String key) {
        return store.commit(List.of(Operation.put(key, new byte[1]))).revision();
    }

    /// What is on the disk while the store is open, under another name.
    private void crashed(String name, String copy) throws IOException {
        for (var each : List.of("", "-keys", "-master.key")) {
            var from = folder.resolve(name + each);
            try (var files = Files.walk(from)) {
                for (var file : files.toList()) {
                    Files.copy(file, folder.resolve(copy + each).resolve(from.relativize(file).toString()));
                }
            }
        }
    }

    private static boolean reaches(Store store, String prefix, long revision) throws InterruptedException {
        try (var watch = store.watch(prefix, revision)) {
            assertThat(watch.next(Duration.ZERO)).isEmpty();
            return true;
        } catch (CompactedException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void howFarBackAPastGoesAfterAStartDependsOnOnesOwnChangesOnly(boolean crash) throws Exception {
        var told = new ArrayList<List<Object>>();
        for (var name : List.of("alone", "beside")) {
            now.set(Instant.parse("2030-01-01T00:00:00Z"));
            long made;
            long changed;
            long seen;
            try (var store = open(name)) {
                put(store, "/loud/pods/a");
                now.set(now.get().plusSeconds(1));
                made = put(store, "/quiet/pods/a");
                now.set(now.get().plusSeconds(1));
                put(store, "/quiet/pods/b");
                changed = store.commit(List.of(Operation.delete("/quiet/pods/b"))).revision();
                now.set(now.get().plusSeconds(1));
                seen = store.list("/quiet/", "", 0).revision();
                now.set(now.get().plusSeconds(1));
                if (name.equals("beside")) {
                    put(store, "/loud/pods/a");
                    store.commit(List.of(Operation.delete("/loud/pods/a")));
                    put(store, "/third/pods/a");
                }
                if (crash) {
                    crashed(name, name + "-2");
                }
            }
            now.set(now.get().plusSeconds(5));
            try (var store = open(crash ? name + "-2" : name)) {
                told.add(List.of(
                        store.tick("/quiet/"), reaches(store, "/quiet/", seen), reaches(store, "/quiet/pods/", changed), reaches(store, "/quiet/", changed - 1), reaches(store, "/quiet/", made),
                        assertThatThrownBy(() -> store.watch("/quiet/", made)).actual().toString()));
                assertThat(reaches(store, "/loud/", seen)).isEqualTo(name.equals("alone"));
                assertThat(reaches(store, "/", seen)).as("for who watches all").isEqualTo(name.equals("alone"));
                // What is written from now on comes to who goes on from before.
                put(store, "/quiet/pods/c");
                try (var watch = store.watch("/quiet/", seen)) {
                    assertThat(watch.next(Duration.ZERO).orElseThrow().entry().key()).isEqualTo("/quiet/pods/c");
                }
            }
        }
        assertThat(told.getFirst()).isEqualTo(told.getLast()).containsSubsequence(true, true, false, false);
    }

    @Test
    void thePastOfWhatIsGoneIsGoneToo() throws Exception {
        long before;
        long lived;
        try (var store = open("a")) {
            put(store, "/other/pods/a");
            before = store.tick();
            put(store, "/gone/pods/a");
            lived = store.tick("/gone/");
            store.commit(List.of(Operation.delete("/gone/pods/a")));
            put(store, "/other/pods/a");
        }
        for (int start = 0; start < 2; start++) {
            try (var store = open("a")) {
                assertThat(reaches(store, "/gone/", lived)).as("whose deletion would be missed").isFalse();
                assertThat(reaches(store, "/other/", before)).isFalse();
                put(store, "/gone/pods/b");
                assertThatThrownBy(() -> store.watch("/gone/", lived)).isInstanceOf(CompactedException.class);
                store.commit(List.of(Operation.delete("/gone/pods/b")));
            }
        }
        assertThat(rows("a")).containsExactly("/other/");
    }

    @Test
    void whatAnOlderVersionWroteIsNotMissed() throws Exception {
        long seen;
        try (var store = open("a")) {
            put(store, "/quiet/pods/a");
            put(store, "/loud/pods/a");
            seen = store.tick("/quiet/");
        }
        // It does not keep the rows that say when what was changed.
        try (var options = new Options(); var db = RocksDB.open(options, folder.resolve("a/db").toString())) {
            db.put("mlast-commit".getBytes(UTF_8), ByteBuffer.allocate(8).putLong(seen + 1).array());
            db.put("mceiling".getBytes(UTF_8), ByteBuffer.allocate(8).putLong(seen + 1).array());
        }
        for (int start = 0; start < 2; start++) {
            try (var store = open("a")) {
                assertThat(reaches(store, "/quiet/", seen)).isFalse();
                assertThat(reaches(store, "/quiet/", seen + 1)).isTrue();
                put(store, "/loud/pods/a");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void revisionsThatAreAheadOfTheClockDoNotCountWhatOthersDo(boolean setBack) throws Exception {
        long last;
        try (var store = open("a")) {
            put(store, "/quiet/pods/a");
            last = store.tick();
            crashed("a", "b");
        }
        now.set(now.get().plusSeconds(setBack ? -40 : 2));
        try (var store = open("b")) {
            long first = store.tick("/quiet/");
            long ahead = first - micros();
            assertThat(first).isGreaterThan(last);
            assertThat(ahead).isPositive();
            long expected = first;
            for (int step = 0; step < 40; step++) {
                for (int i = 0; i < step; i++) {
                    put(store, "/loud/pods/a");
                    store.tick("/loud/");
                }
                now.set(now.get().plusMillis(20));
                expected += 10_000;
                assertThat(store.tick("/quiet/")).isCloseTo(expected, within(5L));
            }
            // Until the wall clock has caught up, by as much again.
            now.set(now.get().plusNanos(2 * ahead * 1_000));
            assertThat(store.tick("/quiet/")).isCloseTo(micros(), within(10L));
        }
    }

    @Test
    void aClockThatIsSetBackMeanwhileDoesNotStandStill() {
        try (var store = open("a")) {
            put(store, "/quiet/pods/a");
            long before = store.tick("/quiet/");
            now.set(now.get().minusSeconds(10));
            assertThat(store.tick("/quiet/")).isBetween(before, before + 2);
            for (int i = 0; i < 50; i++) {
                put(store, "/loud/pods/a");
            }
            now.set(now.get().plusSeconds(4));
            assertThat(store.tick("/quiet/")).isBetween(before + 2_000_000, before + 2_000_002);
            now.set(now.get().plusSeconds(30));
            assertThat(store.tick("/quiet/")).isEqualTo(micros());
        }
    }

    /// The first revision after a crash tells in which half minute somebody wrote last, no more.
    @Test
    void whereRevisionsBeginAfterACrashTellsNotWhenOthersWrote() throws Exception {
        var first = new ArrayList<Long>();
        for (int wrote = 0; wrote < 3; wrote++) {
            now.set(Instant.parse("2030-01-01T00:00:00Z"));
            try (var store = open("a" + wrote)) {
                for (int second = 0; second < 28; second++) {
                    if (second % 10 == 1 || wrote == 1 || wrote == 2 && second % 3 == 0) {
                        put(store, "/loud/pods/a");
                    }
                    now.set(now.get().plusSeconds(1));
                }
                crashed("a" + wrote, "b" + wrote);
            }
            try (var store = open("b" + wrote)) {
                first.add(store.tick("/quiet/"));
            }
        }
        assertThat(first).containsOnly(first.getFirst());
    }

    private long micros() {
        return now.get().toEpochMilli() * 1_000 + now.get().getNano() / 1_000 % 1_000;
    }

    /// The parts of which it is kept when they were changed.
    private List<String> rows(String name) throws RocksDBException {
        var rows = new ArrayList<String>();
        try (var options = new Options(); var db = RocksDB.open(options, folder.resolve(name + "/db").toString()); var all = db.newIterator()) {
            for (all.seek(new byte[] {'p'}); all.isValid() && all.key()[0] == 'p'; all.next()) {
                rows.add(new String(all.key(), 1, all.key().length - 1, UTF_8));
            }
        }
        return rows;
    }
}
