package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackingTest {
    private final Packing packing = new Packing("test");

    @AfterEach
    void close() {
        packing.close();
    }

    @Test
    void likesOfOneFolderArePackedAgainstTheFirst() {
        var pods = replicas("/red/pods/shop/web-", 'a', 50);
        pods.forEach(packing::found);
        assertThat(pods.getFirst().isPacked()).isFalse();
        assertThat(pods.subList(1, 50)).allMatch(Entry::isPacked);
        assertThat(pods).allSatisfy(entry -> assertThat(new String(entry.value(), UTF_8)).endsWith(entry.key()));
        assertThat(pods).allSatisfy(entry -> assertThat(entry.length()).isEqualTo(entry.value().length));
    }

    @Test
    void nothingIsPackedAgainstAnotherTenants() {
        var red = replicas("/red/pods/shop/web-", 'a', 1).getFirst();
        var blue = replicas("/blue/pods/shop/web-", 'a', 1).getFirst();
        packing.found(red);
        packing.found(blue);
        assertThat(blue.isPacked()).isFalse();
    }

    @Test
    void aGroupThatBecomesAnotherGetsAnotherBase() {
        replicas("/red/pods/shop/web-", 'a', 100).forEach(packing::found);
        var later = replicas("/red/pods/shop/web-", 'b', 100);
        later.forEach(packing::found);
        assertThat(later.stream().filter(Entry::isPacked)).hasSizeGreaterThan(95);
    }

    @Test
    void smallAndUnlikeOnesStayAsTheyAre() {
        var random = new Random(1);
        var unlike = new ArrayList<Entry>();
        for (int i = 0; i < 100; i++) {
            byte[] value = new byte[i < 50 ? Packing.SHORTEST_BYTES - 1 : 2_000];
            if (i >= 50) {
                random.nextBytes(value);
            }
            unlike.add(new Entry("/red/secrets/shop/s" + i, value, 1, 1));
        }
        unlike.forEach(packing::found);
        assertThat(unlike).noneMatch(Entry::isPacked);
    }

    @Test
    void aShortValueDoesNotKeepALongOne() {
        var text = replicas("/red/configmaps/shop/a-", 'a', 1).getFirst().value();
        var slice = new Entry("/red/configmaps/shop/a-short", Arrays.copyOf(text, 500), 1, 1);
        packing.found(new Entry("/red/configmaps/shop/a-long", text, 1, 1));
        packing.found(slice);
        assertThat(slice.isPacked()).isFalse();
    }

    @Test
    void whatIsDeletedIsNoBase() {
        var pods = replicas("/red/pods/shop/web-", 'a', 3);
        packing.written(List.of(new Change(pods.get(0), null, true), new Change(pods.get(1), null, false), new Change(pods.get(2), null, false)), Set.of());
        await().until(pods.get(2)::isPacked);
        assertThat(pods.get(0).isPacked()).isFalse();
        assertThat(pods.get(1).isPacked()).isFalse();
    }

    @Test
    void nothingIsPackedAgainstAFormerTenantOfItsName(@TempDir Path folder) {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var former = replicas("/red/secrets/shop/s-", 'a', 2);
            former.forEach(entry -> put(store, entry));
            await().until(() -> store.get(former.getLast().key()).orElseThrow().isPacked());
            former.forEach(entry -> store.commit(List.of(new Operation.Delete(entry.key(), Operation.ANY, _ -> entry.value()))));
            var next = replicas("/red/secrets/shop/s-2", 'a', 2);
            next.forEach(entry -> put(store, entry));
            await().until(() -> store.get(next.getLast().key()).orElseThrow().isPacked());
            assertThat(store.get(next.getFirst().key()).orElseThrow().isPacked()).isFalse();
        }
    }

    @Test
    void aStoreMayPackNothing(@TempDir Path folder) {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults().withoutPacking())) {
            assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName).doesNotContain("store-packing-" + folder);
            put(store, replicas("/red/pods/shop/web-", 'a', 1).getFirst());
        }
    }

    @Test
    void whatWasWrittenIsPackedSoon() {
        var pods = replicas("/red/pods/shop/web-", 'a', 10);
        packing.written(pods.stream().map(entry -> new Change(entry, null, false)).toList(), Set.of());
        await().until(() -> pods.subList(1, 10).stream().allMatch(Entry::isPacked));
    }

    @Test
    void aStoreHoldsPackedWhatIsWrittenAndWhatItFinds(@TempDir Path folder) {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            for (var entry : replicas("/red/pods/shop/web-", 'a', 10)) {
                put(store, entry);
            }
            await().until(() -> isPacked(store));
        }
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            await().until(() -> isPacked(store));
            assertThat(store.list("/red/", "", 0).entries())
                    .hasSize(10)
                    .allSatisfy(entry -> assertThat(new String(entry.value(), UTF_8)).endsWith(entry.key()));
        }
    }

    private static void put(EmbeddedStore store, Entry entry) {
        store.commit(List.of(new Operation.Put(entry.key(), Operation.ABSENT, _ -> entry.value())));
    }

    private static boolean isPacked(EmbeddedStore store) {
        return store.list("/red/", "", 0).entries().stream().filter(Entry::isPacked).count() == 9;
    }

    @Test
    void groups() {
        assertThat(Packing.group("/red/pods/shop/web-6d4b75cb6d-hwfn8")).isEqualTo("/red/pods/shop/web-6d4b75cb6d-");
        assertThat(Packing.group("/red/events/shop/web-1.17f3")).isEqualTo("/red/events/shop/web-1.");
        assertThat(Packing.group("/red/pods/shop/p17")).isEqualTo("/red/pods/shop/");
        assertThat(Packing.group("plain")).isEmpty();
    }

    private static List<Entry> replicas(String prefix, char of, int count) {
        var made = new ArrayList<Entry>();
        for (int i = 0; i < count; i++) {
            String key = prefix + i;
            var random = new Random(of);
            var text = new StringBuilder();
            for (int c = 0; c < 2_000; c++) {
                text.append((char) ('a' + random.nextInt(26)));
            }
            made.add(new Entry(key, (text + key).getBytes(UTF_8), 1, 1));
        }
        return made;
    }
}
