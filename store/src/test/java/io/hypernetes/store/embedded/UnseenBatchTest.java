package io.hypernetes.store.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.store.Change;
import io.hypernetes.store.Operation;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.Watch;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a batch on its way to the disk lets those see that it changes something of, and those that it does not.
@Timeout(60)
class UnseenBatchTest {
    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2030-01-01T00:00:00Z"));
    private final EmbeddedSettings settings = EmbeddedSettings.defaults().withClock(now::get);

    @Test
    void whereABatchChangesNothingTheRevisionIsTheTime() throws Exception {
        var log = new HeldLog();
        try (var store = EmbeddedStore.over("test", settings, log, new DurableLog.Content(List.of(), 5, 5))) {
            long first = store.commit(List.of(Operation.put("/a/x", new byte[1]))).revision();
            try (var a = store.watch("/a/", first);
                    var b = store.watch("/b/", first);
                    var all = store.watch("/", first)) {
                log.hold();
                var written = CompletableFuture.supplyAsync(() -> store.commit(List.of(
                        new Operation.Check("/a/x", first), Operation.put("/b/x", new byte[1]), Operation.put("top", new byte[1]))));
                log.entered.await();
                now.set(now.get().plusMillis(20));
                long time = now.get().toEpochMilli() * 1000;

                assertThat(store.list("/a/", "", 0).revision()).isEqualTo(time);
                assertThat(store.tick("/a/x/y")).isEqualTo(time + 1);
                assertThat(a.progress()).isEqualTo(time + 2);
                for (long revision : List.of(store.list("/b/", "", 0).revision(), store.tick("/b/x"), b.progress(), store.list("/", "", 0).revision(),
                        store.list("/b", "", 0).revision(), store.tick("to"), store.tick(), all.progress())) {
                    assertThat(revision).as("lacks the batch").isGreaterThan(first).isLessThan(log.attempted);
                }
                try (var late = store.watch("/b/", store.list("/b/", "", 0).revision());
                        var lateAll = store.watch("/", store.tick())) {
                    log.release();
                    assertThat(written.get().revision()).isEqualTo(log.attempted);
                    for (var watch : List.of(b, all, late, lateAll)) {
                        assertThat(watch.next(Duration.ZERO).orElseThrow().entry().key()).isEqualTo("/b/x");
                    }
                    assertThat(a.next(Duration.ZERO)).isEmpty();
                }
                long later = store.tick();
                assertThat(later).as("above all that was given to anybody").isGreaterThan(time + 2);
                assertThat(store.commit(List.of(Operation.put("/a/x", new byte[2]))).revision()).isGreaterThan(later);
                assertThat(a.next(Duration.ZERO)).isPresent();
            }
        }
    }

    @Test
    void whatWaitsForTheNextBatchComesAboveWhatWasGivenDuringThisOne() throws Exception {
        var log = new HeldLog();
        try (var store = EmbeddedStore.over("test", settings, log, new DurableLog.Content(List.of(), 5, 5))) {
            store.commit(List.of(Operation.put("/b/x", new byte[1])));
            log.hold();
            var b = CompletableFuture.supplyAsync(() -> store.commit(List.of(Operation.put("/b/x", new byte[1]))));
            log.entered.await();
            // The clock stands, and the next one is already on its way.
            var a = CompletableFuture.supplyAsync(() -> store.commit(List.of(Operation.put("/a/x", new byte[1]))));
            long given = 0;
            for (int i = 0; i < 1_000; i++) {
                long revision = store.list("/a/", "", 0).revision();
                assertThat(revision).isGreaterThan(given);
                given = revision;
            }
            try (var watch = store.watch("/a/", given)) {
                log.release();
                b.get();
                assertThat(a.get().revision()).isGreaterThan(given);
                assertThat(watch.next(Duration.ZERO)).isPresent();
                assertThat(store.tick("/a/")).isGreaterThan(a.get().revision());
            }
        }
    }

    @Test
    void afterAFailedWriteReadersOfOthersGoOnBelowTheCeilingForEver() throws Exception {
        var log = new HeldLog();
        try (var store = EmbeddedStore.over("test", settings, log, new DurableLog.Content(List.of(), 5, 5))) {
            store.commit(List.of(Operation.put("/a/x", new byte[1])));
            log.failing = true;
            assertThatThrownBy(() -> store.commit(List.of(Operation.put("/b/x", new byte[1])))).isInstanceOf(StoreUnavailableException.class);
            now.set(now.get().plusSeconds(3600));
            for (int i = 0; i < 2; i++) {
                assertThat(store.list("/a/", "", 0).entries()).hasSize(1);
                assertThat(store.list("/a/", "", 0).revision()).isEqualTo(log.ceiling);
                assertThat(store.list("/b/", "", 0).revision()).isLessThan(log.attempted);
                assertThat(store.tick()).isLessThan(log.attempted);
            }
        }
    }

    @Test
    void aListAndTheWatchFromItMissAndDoubleNothingWhileOthersWrite(@TempDir Path folder) throws Exception {
        var over = new AtomicBoolean();
        try (var store = EmbeddedStore.open(folder, Folders.settings())) {
            store.commit(List.of(Operation.put("/a/n", new byte[] {0, 0, 0, 0})));
            var writers = new ArrayList<Thread>();
            for (var key : List.of("/a/n", "/b/n", "/c/n", "/d/n")) {
                writers.add(Thread.ofVirtual().start(() -> {
                    for (int i = 1; !over.get(); i++) {
                        store.commit(List.of(Operation.put(key, ByteBuffer.allocate(4).putInt(i).array())));
                    }
                }));
            }
            try {
                long before = 0;
                for (int round = 0; round < 300; round++) {
                    boolean all = round % 3 == 0;
                    var page = store.list(all ? "/" : "/a/", "", 0);
                    assertThat(page.revision()).as("ever newer").isGreaterThanOrEqualTo(all ? 0 : before);
                    before = all ? before : page.revision();
                    try (var watch = store.watch(all ? "/" : "/a/", page.revision())) {
                        int shown = number(page.entries().getFirst().value());
                        assertThat(number(next(watch).entry().value())).isEqualTo(shown + 1);
                        assertThat(number(next(watch).entry().value())).isEqualTo(shown + 2);
                        // What a bookmark carries is where another goes on.
                        long bookmark = watch.progress();
                        var following = next(watch);
                        try (var other = store.watch(all ? "/" : "/a/", bookmark)) {
                            assertThat(next(other)).isEqualTo(following);
                        }
                    }
                }
            } finally {
                over.set(true);
                for (var writer : writers) {
                    writer.join();
                }
            }
        }
    }

    private static int number(byte[] value) {
        return ByteBuffer.wrap(value).getInt();
    }

    /// The next change of `/a/n`.
    private static Change next(Watch watch) throws InterruptedException {
        while (true) {
            var change = watch.next(Duration.ofSeconds(30)).orElseThrow();
            if (change.entry().key().equals("/a/n")) {
                return change;
            }
        }
    }

    /// A log whose writes can be held up, and fail.
    private static final class HeldLog implements DurableLog {
        volatile CountDownLatch entered = new CountDownLatch(0);
        private volatile CountDownLatch released = new CountDownLatch(0);
        volatile boolean failing;
        volatile long attempted;
        volatile long ceiling;

        void hold() {
            entered = new CountDownLatch(1);
            released = new CountDownLatch(1);
        }

        void release() {
            released.countDown();
        }

        @Override
        public void write(List<Change> changes, long lastCommit, long next) {
            if (lastCommit != 0) {
                attempted = lastCommit;
            }
            entered.countDown();
            try {
                released.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (failing) {
                throw new StoreUnavailableException("the disk is gone");
            }
            ceiling = next;
        }

        @Override
        public String refusal() {
            return "";
        }

        @Override
        public void close() {}
    }
}
