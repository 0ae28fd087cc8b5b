package io.hypernetes.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What every driver of [Store] must do.
public abstract class StoreContract {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration NOW = Duration.ZERO;

    protected Store store;

    /// Opens the store of this test; called again after a close it finds what was there.
    protected abstract Store open() throws Exception;

    @BeforeEach
    void openStore() throws Exception {
        store = open();
    }

    @AfterEach
    void closeStore() {
        if (store != null) {
            store.close();
        }
    }

    @Test
    void aWrittenValueIsReadWithItsRevisions() {
        Commit created = store.commit(List.of(Operation.create("/a", bytes("1"))));
        Commit updated = store.commit(List.of(Operation.put("/a", bytes("2"))));

        Entry entry = store.get("/a").orElseThrow();
        assertThat(entry.value()).isEqualTo(bytes("2"));
        assertThat(entry.createRevision()).isEqualTo(created.revision());
        assertThat(entry.revision()).isEqualTo(updated.revision()).isGreaterThan(created.revision());
        assertThat(updated.entries()).hasSize(1).first().isEqualTo(entry);
        assertThat(store.get("/b")).isEmpty();
    }

    @Test
    void aValueMayCarryItsOwnRevision() {
        Commit commit = store.commit(List.of(
                new Operation.Put("/a", Operation.ANY, revision -> bytes("rv=" + revision))));

        assertThat(store.get("/a").orElseThrow().value()).isEqualTo(bytes("rv=" + commit.revision()));
    }

    @Test
    void revisionsAreAtLeastTheWallClockInMicroseconds() {
        long before = System.currentTimeMillis() * 1000;
        long tick = store.tick();
        long commit = store.commit(List.of(Operation.put("/a", bytes("1")))).revision();

        assertThat(tick).isGreaterThanOrEqualTo(before);
        assertThat(commit).isGreaterThan(tick);
        assertThat(store.tick()).isGreaterThan(commit);
    }

    @Test
    void preconditionsAreJudgedAndNothingOfARefusedCommitIsSeen() {
        long first = store.commit(List.of(Operation.create("/a", bytes("1")))).revision();

        assertThatThrownBy(() -> store.commit(List.of(
                        Operation.put("/other", bytes("x")), Operation.create("/a", bytes("2")))))
                .isInstanceOfSatisfying(ConflictException.class, e -> {
                    assertThat(e.key()).isEqualTo("/a");
                    assertThat(e.revision()).isEqualTo(first);
                });
        assertThatThrownBy(() -> store.commit(List.of(new Operation.Put("/a", first - 1, r -> bytes("2")))))
                .isInstanceOf(ConflictException.class);
        assertThatThrownBy(() -> store.commit(List.of(new Operation.Put("/none", first, r -> bytes("2")))))
                .isInstanceOfSatisfying(ConflictException.class, e -> assertThat(e.revision()).isZero());
        assertThatThrownBy(() -> store.commit(
                        List.of(Operation.put("/other", bytes("x")), new Operation.Check("/none", first))))
                .isInstanceOf(ConflictException.class);
        assertThatThrownBy(() -> store.commit(List.of(Operation.delete("/none"))))
                .isInstanceOf(ConflictException.class);

        assertThat(store.get("/other")).isEmpty();
        assertThat(store.get("/a").orElseThrow().revision()).isEqualTo(first);
        store.commit(List.of(
                new Operation.Check("/a", first),
                new Operation.Check("/none", Operation.ABSENT),
                Operation.put("/other", bytes("y"))));
        assertThat(store.get("/other")).isPresent();
    }

    @Test
    void aFailingValueFunctionFailsItsCommitAlone() {
        assertThatThrownBy(() -> store.commit(List.of(
                        Operation.put("/a", bytes("1")),
                        new Operation.Put("/b", Operation.ANY, r -> {
                            throw new IllegalStateException("no value");
                        }))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no value");
        assertThat(store.get("/a")).isEmpty();
        store.commit(List.of(Operation.put("/b", bytes("1"))));
        assertThat(store.get("/b")).isPresent();
    }

    @Test
    void aKeyThatIsWrittenTwiceOrHasNoUtf8FormIsRefused() {
        assertThatThrownBy(() -> store.commit(
                        List.of(Operation.put("/a", bytes("1")), Operation.put("/a", bytes("2")))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store.commit(List.of(Operation.put("/\ud800", bytes("1")))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store.commit(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aRangeIsReadInUtf8OrderPageByPage() {
        List<String> keys = List.of("/p/", "/p/a", "/p/a/b", "/p/b", "/p/\u00e9", "/p/\uffee", "/p/\ud83d\ude00");
        for (String key : keys.reversed()) {
            store.commit(List.of(Operation.put(key, bytes(key))));
        }
        store.commit(List.of(Operation.put("/o", bytes("")), Operation.put("/q", bytes("")), Operation.put("/p", bytes(""))));

        Page all = store.list("/p/", "", 0);
        assertThat(all.entries()).extracting(Entry::key).containsExactlyElementsOf(keys);
        assertThat(all.remaining()).isZero();
        List<String> paged = new ArrayList<>();
        String after = "";
        for (Page page = store.list("/p/", after, 3); ; page = store.list("/p/", after, 3)) {
            page.entries().forEach(entry -> paged.add(entry.key()));
            assertThat(page.remaining()).isEqualTo(keys.size() - paged.size());
            if (page.remaining() == 0) {
                break;
            }
            after = page.entries().getLast().key();
        }
        assertThat(paged).containsExactlyElementsOf(keys);
        assertThat(store.list("/p/", "/zzz", 0).entries()).isEmpty();
        assertThat(store.list("/nothing", "", 0).entries()).isEmpty();
        assertThat(store.list("", "", 0).entries()).hasSize(keys.size() + 3);
    }

    @Test
    void aWatchDeliversWhatHappensToItsPrefixInOrder() throws Exception {
        long created = store.commit(List.of(Operation.create("/w/a", bytes("1")))).revision();
        try (Watch watch = store.watch("/w/", created)) {
            assertThat(watch.next(NOW)).isEmpty();
            store.commit(List.of(Operation.put("/other", bytes("x"))));
            store.commit(List.of(Operation.put("/w/a", bytes("2")), Operation.create("/w/b", bytes("1"))));
            Commit deletion = store.commit(List.of(new Operation.Delete("/w/a", Operation.ANY, r -> bytes("last"))));

            Change update = watch.next(SOON).orElseThrow();
            assertThat(update.entry().value()).isEqualTo(bytes("2"));
            assertThat(update.previous().value()).isEqualTo(bytes("1"));
            assertThat(watch.progress()).isLessThan(update.entry().revision());
            Change creation = watch.next(SOON).orElseThrow();
            assertThat(creation.entry().key()).isEqualTo("/w/b");
            assertThat(creation.previous()).isNull();
            assertThat(creation.entry().revision()).isEqualTo(update.entry().revision());
            Change removal = watch.next(SOON).orElseThrow();
            assertThat(removal.deleted()).isTrue();
            assertThat(removal.entry()).isEqualTo(deletion.entries().getFirst());
            assertThat(removal.entry().value()).isEqualTo(bytes("last"));
            assertThat(removal.entry().revision()).isEqualTo(deletion.revision());
            assertThat(removal.previous().value()).isEqualTo(bytes("2"));
            assertThat(watch.next(NOW)).isEmpty();
            assertThat(watch.progress()).isGreaterThanOrEqualTo(deletion.revision());
        }
    }

    @Test
    void aWatchFromThePastBeginsWithHistory() throws Exception {
        long start = store.tick();
        long first = store.commit(List.of(Operation.put("/a", bytes("1")))).revision();
        store.commit(List.of(Operation.put("/a", bytes("2"))));

        try (Watch all = store.watch("/", start);
                Watch later = store.watch("/", first)) {
            assertThat(all.next(NOW).orElseThrow().entry().value()).isEqualTo(bytes("1"));
            assertThat(all.next(NOW).orElseThrow().entry().value()).isEqualTo(bytes("2"));
            assertThat(later.next(NOW).orElseThrow().entry().value()).isEqualTo(bytes("2"));
            assertThat(later.next(NOW)).isEmpty();
        }
    }

    @Test
    void progressOfAnIdleWatchGoesOn() {
        long start = store.tick();
        try (Watch watch = store.watch("/nothing", start)) {
            long written = store.commit(List.of(Operation.put("/a", bytes("1")))).revision();
            assertThat(watch.progress()).isGreaterThanOrEqualTo(written);
        }
    }

    @Test
    void aClosedWatchOrStoreEndsTheWait() throws Exception {
        Watch watch = store.watch("/", store.tick());
        Thread.ofVirtual().start(watch::close);
        assertThatThrownBy(() -> watch.next(SOON)).isInstanceOf(StoreException.class);

        Watch other = store.watch("/", store.tick());
        Thread.ofVirtual().start(store::close);
        assertThatThrownBy(() -> other.next(SOON)).isInstanceOf(StoreException.class);
        assertThatThrownBy(() -> store.commit(List.of(Operation.put("/a", bytes("1")))))
                .isInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> store.list("/", "", 0)).isInstanceOf(StoreUnavailableException.class);
    }

    /// Counted as it is written, and after a restart without any value being looked at: always what a look at all of them would give.
    @Test
    void theBytesOfEachPartAreKnown() throws Exception {
        var random = new java.util.Random(7);
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 200; i++) {
                String part = List.of("/red/", "/blue/", "quotas/", "plain").get(random.nextInt(4));
                String key = part + random.nextInt(10);
                if (random.nextInt(3) == 0 && store.get(key).isPresent()) {
                    store.commit(List.of(Operation.delete(key)));
                } else {
                    store.commit(List.of(Operation.put(key, new byte[random.nextInt(3_000)]), Operation.put(key + "'", new byte[0])));
                }
                assertBytes();
            }
            store.close();
            store = open();
            assertBytes();
        }
        for (Entry entry : store.list("/red/", "", 0).entries()) {
            store.commit(List.of(Operation.delete(entry.key())));
        }
        assertThat(store.bytes("/red/")).isZero();
        assertBytes();
    }

    private void assertBytes() {
        for (String part : List.of("/red/", "/blue/", "quotas/", "")) {
            assertThat(store.bytes(part.isEmpty() ? part : part + "below")).isEqualTo(store.list(part, "", 0).entries().stream()
                    .mapToLong(entry -> entry.key().length() + entry.length())
                    .sum());
        }
    }

    @Test
    void aReopenedStoreHasEverythingAndItsClockGoesOn() throws Exception {
        Commit kept = store.commit(List.of(Operation.put("/a", bytes("1")), Operation.put("/b", bytes("2"))));
        long last = store.commit(List.of(Operation.delete("/b"))).revision();
        long tick = store.tick();
        store.close();
        store = open();

        assertThat(store.list("/", "", 0).entries()).singleElement()
                .usingRecursiveComparison().isEqualTo(kept.entries().getFirst());
        assertThat(store.tick()).isGreaterThan(tick);
        long next = store.commit(List.of(Operation.put("/c", bytes("3")))).revision();
        assertThat(next).isGreaterThan(tick);
        try (Watch watch = store.watch("/", last)) {
            assertThat(watch.next(NOW).orElseThrow().entry().revision()).isEqualTo(next);
        }
        assertThatThrownBy(() -> store.watch("/", last - 1)).isInstanceOf(CompactedException.class);
    }

    @Test
    void aListAndAWatchFromItNeitherMissNorRepeat() throws Exception {
        AtomicBoolean writing = new AtomicBoolean(true);
        Set<String> written = java.util.concurrent.ConcurrentHashMap.newKeySet();
        ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int w = 0; w < 8; w++) {
                int writer = w;
                threads.submit(() -> {
                    for (int i = 0; writing.get(); i++) {
                        String key = "/k/" + writer + "/" + i;
                        store.commit(List.of(Operation.create(key, bytes("v"))));
                        written.add(key);
                    }
                });
            }
            List<Watch> watches = new ArrayList<>();
            List<Set<String>> seen = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                Set<String> acknowledged = Set.copyOf(written);
                Page page = store.list("/k/", "", 0);
                Set<String> keys = new HashSet<>();
                page.entries().forEach(entry -> {
                    keys.add(entry.key());
                    if (entry.revision() > page.revision()) {
                        failures.add(new AssertionError("entry newer than its page"));
                    }
                });
                assertThat(keys).containsAll(acknowledged);
                watches.add(store.watch("/k/", page.revision()));
                seen.add(keys);
            }
            writing.set(false);
            threads.shutdown();
            assertThat(threads.awaitTermination(20, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
            for (int i = 0; i < watches.size(); i++) {
                long revision = 0;
                for (var change = watches.get(i).next(NOW); change.isPresent(); change = watches.get(i).next(NOW)) {
                    assertThat(change.get().entry().revision()).isGreaterThan(revision);
                    revision = change.get().entry().revision();
                    assertThat(seen.get(i).add(change.get().entry().key())).as("no repetition").isTrue();
                }
                assertThat(seen.get(i)).isEqualTo(written);
                watches.get(i).close();
            }
        }
        assertThat(failures).isEmpty();
    }

    protected static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }
}
