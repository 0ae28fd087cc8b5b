package io.hypernetes.store.embedded;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.store.CompactedException;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.StoreUnavailableException;
import io.hypernetes.store.Watch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EmbeddedStoreTest {
    @TempDir
    Path folder;

    @Test
    void aSecondOpenerIsToldWhoHasTheStore() {
        try (EmbeddedStore first = EmbeddedStore.open(folder, Folders.settings())) {
            assertThatThrownBy(() -> EmbeddedStore.open(folder, Folders.settings()))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("pid " + ProcessHandle.current().pid())
                    .hasMessageContaining(folder.toString());
            first.commit(List.of(Operation.put("/a", new byte[0])));
        }
    }

    /// The kernel's lock is gone as soon as the process that has it closes any file of the lock's.
    @Test
    void whoIsRefusedInTheSameProcessTakesNoLockAway() throws Exception {
        Path store = folder.resolve("store");
        try (EmbeddedStore held = EmbeddedStore.open(store, Folders.settings())) {
            assertThatThrownBy(() -> EmbeddedStore.open(store, Folders.settings())).isInstanceOf(StoreUnavailableException.class);
            assertThatThrownBy(() -> EmbeddedStore.open(Files.createSymbolicLink(folder.resolve("other"), store), Folders.settings())).isInstanceOf(StoreUnavailableException.class);
            assertThat(held.get("/any")).isEmpty();
            assertThat(isLockedByThisProcess(store.resolve("lock"))).isTrue();
        }
        assertThat(isLockedByThisProcess(store.resolve("lock"))).isFalse();
        EmbeddedStore.open(store, Folders.settings()).close();
    }

    private static boolean isLockedByThisProcess(Path file) throws IOException {
        String holder = " " + ProcessHandle.current().pid() + " ";
        String inode = ":" + Files.getAttribute(file, "unix:ino") + " ";
        return Files.readAllLines(Path.of("/proc/locks")).stream().anyMatch(line -> line.contains("POSIX") && line.contains(holder) && line.contains(inode));
    }

    @Test
    void theNativeLibraryIsUnpackedOnceAndRepaired() throws Exception {
        EmbeddedSettings settings = Folders.settings().withNativeFolder(folder.resolve("native"));
        EmbeddedStore.open(folder.resolve("a"), settings).close();
        List<Path> found = libraries();
        assertThat(found).hasSize(1);
        var unpacked = Files.getLastModifiedTime(found.getFirst());
        EmbeddedStore.open(folder.resolve("b"), settings).close();
        assertThat(libraries()).isEqualTo(found);
        assertThat(Files.getLastModifiedTime(found.getFirst())).isEqualTo(unpacked);
        // A new file, not the mapped one: half an unpacking that a crash left.
        Files.delete(found.getFirst());
        Files.write(found.getFirst(), new byte[1000]);
        EmbeddedStore.open(folder.resolve("c"), settings).close();
        assertThat(Files.size(found.getFirst())).isGreaterThan(1 << 20);
    }

    private List<Path> libraries() throws Exception {
        try (var files = Files.walk(folder.resolve("native"))) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    @Test
    void writesAreRefusedWhileSpaceIsShortAndReadersGoOn() {
        try (EmbeddedStore store = EmbeddedStore.open(folder, Folders.settings().withReservedBytes(1L << 60))) {
            assertThatThrownBy(() -> store.commit(List.of(Operation.put("/a", new byte[0]))))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("MiB must stay free");
            assertThat(store.list("/", "", 0).entries()).isEmpty();
        }
        try (EmbeddedStore store = EmbeddedStore.open(folder, Folders.settings())) {
            store.commit(List.of(Operation.put("/a", new byte[0])));
        }
    }

    @Test
    void aSlowWatcherIsCutOffAndTheOthersAreNot() throws Exception {
        try (EmbeddedStore store = EmbeddedStore.open(folder, Folders.settings().withWatchBacklog(10));
                Watch slow = store.watch("/a", store.tick());
                Watch other = store.watch("/b", store.tick())) {
            for (int i = 0; i < 12; i++) {
                store.commit(List.of(Operation.put("/a", new byte[0])));
            }
            store.commit(List.of(Operation.put("/b", new byte[0])));
            assertThatThrownBy(() -> slow.next(Duration.ZERO)).isInstanceOf(CompactedException.class);
            assertThat(other.next(Duration.ZERO)).isPresent();
        }
    }

    @Test
    void historyIsBoundedByNumberAndAge() {
        AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2030-01-01T00:00:00Z"));
        EmbeddedSettings settings = Folders.settings().withHistory(100, Duration.ofSeconds(75)).withClock(now::get);
        try (EmbeddedStore store = EmbeddedStore.open(folder, settings)) {
            long start = store.tick();
            long first = store.commit(List.of(Operation.put("/a", new byte[0]))).revision();
            now.set(now.get().plusSeconds(70));
            long second = store.commit(List.of(Operation.put("/a", new byte[0]))).revision();
            store.watch("/", start).close();
            now.set(now.get().plusSeconds(70));
            store.commit(List.of(Operation.put("/a", new byte[0])));
            assertThatThrownBy(() -> store.watch("/", start)).isInstanceOf(CompactedException.class);
            store.watch("/", first).close();
            for (int i = 0; i < 101; i++) {
                store.commit(List.of(Operation.put("/a", new byte[0])));
            }
            assertThatThrownBy(() -> store.watch("/", second)).isInstanceOf(CompactedException.class);
        }
    }

    @Test
    void aClockThatWentBackGivesNoOldRevision() {
        AtomicReference<Instant> now = new AtomicReference<>(Instant.parse("2030-01-01T00:00:00Z"));
        EmbeddedSettings settings = Folders.settings().withClock(now::get);
        long tick;
        try (EmbeddedStore store = EmbeddedStore.open(folder, settings)) {
            store.commit(List.of(Operation.put("/a", new byte[0])));
            now.set(now.get().plusSeconds(3600));
            tick = store.tick();
            assertThat(tick).isGreaterThanOrEqualTo(now.get().toEpochMilli() * 1000);
        }
        now.set(now.get().minusSeconds(86_400));
        try (EmbeddedStore store = EmbeddedStore.open(folder, settings)) {
            assertThat(store.tick()).isGreaterThan(tick);
            assertThat(store.commit(List.of(Operation.put("/a", new byte[0]))).revision()).isGreaterThan(tick + 1);
        }
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aFailedWriteIsNeverSeenAndEndsAllWriting(Throwable failure) throws Exception {
        FailingLog log = new FailingLog(failure);
        try (EmbeddedStore store = EmbeddedStore.over("test", EmbeddedSettings.defaults(), log,
                new DurableLog.Content(List.of(new Entry("/a", "old".getBytes(UTF_8), 5, 5)), 5, 5))) {
            long before = store.tick();
            try (Watch watch = store.watch("/", before)) {
                log.failing = true;
                assertThatThrownBy(() -> store.commit(List.of(Operation.put("/a", "new".getBytes(UTF_8)))))
                        .isInstanceOf(StoreUnavailableException.class);
                log.failing = false;
                assertThatThrownBy(() -> store.commit(List.of(Operation.put("/a", "newer".getBytes(UTF_8)))))
                        .isInstanceOf(StoreUnavailableException.class);
                assertThat(store.get("/a").orElseThrow().value()).isEqualTo("old".getBytes(UTF_8));
                assertThat(watch.next(Duration.ZERO)).isEmpty();
                assertThat(store.list("/", "", 0).revision()).as("below what the disk may hold").isLessThan(log.attempted);
            }
        }
    }

    /// What a log may throw, by its contract and by accident: no writer may wait for ever after any of it.
    private static Stream<Throwable> failures() {
        return Stream.of(
                new StoreUnavailableException("the disk is gone"), new IllegalStateException("a fault"), new OutOfMemoryError("no heap"));
    }

    private static final class FailingLog implements DurableLog {
        private final Throwable failure;
        volatile boolean failing;
        volatile long attempted;

        FailingLog(Throwable failure) {
            this.failure = failure;
        }

        @Override
        public void write(List<io.hypernetes.store.Change> changes, long lastCommit, long ceiling) {
            attempted = lastCommit;
            if (failing) {
                switch (failure) {
                    case RuntimeException exception -> throw exception;
                    case Error error -> throw error;
                    default -> throw new AssertionError(failure);
                }
            }
        }

        @Override
        public String refusal() {
            return "";
        }

        @Override
        public void close() {}
    }
}
