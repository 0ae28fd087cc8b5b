package io.hypernetes.kubelet.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogReaderTest {
    @TempDir
    Path folder;

    private final LogWatch watch = new LogWatch();

    @AfterEach
    void close() {
        watch.close();
    }

    private static LogOptions options(boolean follow, boolean timestamps, long tail, long limit, @Nullable Instant since) {
        return new LogOptions(follow, false, timestamps, tail, limit, since);
    }

    private String read(LogOptions options) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new LogReader(folder.resolve("0.log"), options, () -> true, out, watch).copy();
        return out.toString();
    }

    private void append(String text) throws IOException {
        Files.writeString(folder.resolve("0.log"), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Test
    void plainTailLimitTimesAndSince() throws Exception {
        append("2026-01-01T00:00:01.5Z stdout F one\n2026-01-01T00:00:02Z stderr P two\n2026-01-01T00:00:02Z stderr F -more\n2026-01-01T00:00:03Z stdout F \n");
        assertThat(read(options(false, false, -1, -1, null))).isEqualTo("one\ntwo-more\n\n");
        assertThat(read(options(false, false, 1, -1, null))).isEqualTo("\n");
        assertThat(read(options(false, false, 0, -1, null))).isEmpty();
        assertThat(read(options(false, false, 99, -1, null))).isEqualTo("one\ntwo-more\n\n");
        assertThat(read(options(false, false, -1, 5, null))).isEqualTo("one\nt");
        assertThat(read(options(false, true, 1, -1, null))).isEqualTo("2026-01-01T00:00:03Z \n");
        assertThat(read(options(false, true, -1, -1, Instant.parse("2026-01-01T00:00:02Z"))))
                .isEqualTo("2026-01-01T00:00:02Z two-more\n2026-01-01T00:00:03Z \n");
    }

    @Test
    void tailCountsAcrossBlocks() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            lines.append("2026-01-01T00:00:01Z stdout F ").append(i).append('\n');
        }
        append(lines.toString());
        assertThat(read(options(false, false, 15_000, -1, null))).startsWith("5000\n5001\n").endsWith("19999\n").hasLineCount(15_000);
    }

    @Test
    void followingLosesAndDoublesNothingAtRotation() throws Exception {
        append("2026-01-01T00:00:01Z stdout F 0\n");
        AtomicBoolean ended = new AtomicBoolean();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Thread reader = Thread.ofVirtual().start(() -> {
            try {
                new LogReader(folder.resolve("0.log"), options(true, false, -1, -1, null), ended::get, out, watch).copy();
            } catch (IOException | InterruptedException broken) {
                throw new AssertionError(broken);
            }
        });
        await().until(() -> out.size() > 0);
        StringBuilder wanted = new StringBuilder("0\n");
        for (int i = 1; i <= 3_000; i++) {
            append("2026-01-01T00:00:01Z stdout F " + i + "\n");
            wanted.append(i).append('\n');
            if (i == 1_000 || i == 2_000) {
                int soFar = wanted.length();
                await().until(() -> out.size() >= soFar - 200);
                Files.move(folder.resolve("0.log"), folder.resolve("0.log." + i));
                // What the writer still had open goes to the old file.
                Files.writeString(folder.resolve("0.log." + i), "2026-01-01T00:00:01Z stdout F late\n", StandardOpenOption.APPEND);
                wanted.append("late\n");
            }
        }
        ended.set(true);
        assertThat(reader.join(Duration.ofSeconds(60))).isTrue();
        assertThat(out.toString()).isEqualTo(wanted.toString());
    }

    /// A container may write so much between two looks that what follows the file being read is renamed too.
    @Test
    void followingReadsThePartsThatWereRotatedBetweenTwoLooks() throws Exception {
        Files.writeString(folder.resolve("0.log.2026-01-01T000000.000000001Z"), "2026-01-01T00:00:01Z stdout F before\n");
        append("2026-01-01T00:00:01Z stdout F 1\n");
        following(look -> {
            if (look == 2) {
                rotate("2026-01-01T000000.000000002Z");
                append("2026-01-01T00:00:01Z stdout F 2\n");
                rotate("2026-01-01T000000.000000003Z");
                append("2026-01-01T00:00:01Z stdout F 3\n");
                rotate("2026-01-01T000000.000000003Z-1");
                append("2026-01-01T00:00:01Z stdout F 4\n");
            } else if (look == 7) {
                // All is read by now; the file that was read last is gone, too, and so are older ones.
                rotate("2026-01-01T000000.000000004Z");
                append("2026-01-01T00:00:01Z stdout F 5\n");
                rotate("2026-01-01T000000.000000005Z");
                for (int part = 1; part < 5; part++) {
                    Files.deleteIfExists(folder.resolve("0.log.2026-01-01T000000.00000000" + part + "Z"));
                }
                Files.deleteIfExists(folder.resolve("0.log.2026-01-01T000000.000000003Z-1"));
                append("2026-01-01T00:00:01Z stdout F 6\n");
            }
            return look < 12;
        }, "1\n2\n3\n4\n5\n6\n");
    }

    @Test
    void aRotationThatFailsShowsNothingTwice() throws Exception {
        append("2026-01-01T00:00:01Z stdout F 1\n");
        following(look -> {
            if (look == 2) {
                rotate("2026-01-01T000000.000000002Z");
                append("");
            } else if (look == 4) {
                Files.move(folder.resolve("0.log.2026-01-01T000000.000000002Z"), folder.resolve("0.log"), StandardCopyOption.ATOMIC_MOVE);
                append("2026-01-01T00:00:01Z stdout F 2\n");
            } else if (look == 6) {
                rotate("2026-01-01T000000.000000003Z");
                append("2026-01-01T00:00:01Z stdout F 3\n");
            }
            return look < 8;
        }, "1\n2\n3\n");
    }

    private interface Look {
        /// @return whether the container goes on
        boolean at(int look) throws IOException;
    }

    private void rotate(String time) throws IOException {
        Files.move(folder.resolve("0.log"), folder.resolve("0.log." + time));
    }

    /// @param looks is called before each look of the reader
    private void following(Look looks, String wanted) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AtomicInteger number = new AtomicInteger();
        new LogReader(folder.resolve("0.log"), options(true, false, -1, -1, null), () -> {
            try {
                return !looks.at(number.incrementAndGet());
            } catch (IOException broken) {
                throw new java.io.UncheckedIOException(broken);
            }
        }, out, watch).copy();
        assertThat(out.toString()).isEqualTo(wanted);
    }

    /// Root has 128 of them for everything on a host.
    @Test
    void howeverManyFollowThereIsOneInotifyInstanceAndNoneForWhoOnlyReads() throws Exception {
        append("2026-01-01T00:00:01Z stdout F 0\n");
        long before = inotifyInstances();
        CountDownLatch going = new CountDownLatch(1);
        List<OutputStream> clients = new ArrayList<>();
        List<Thread> readers = new ArrayList<>();
        AtomicInteger blocked = new AtomicInteger();
        for (int i = 0; i < 40; i++) {
            OutputStream slow = new ByteArrayOutputStream() {
                @Override
                public void flush() throws IOException {
                    try {
                        blocked.incrementAndGet();
                        going.await();
                    } catch (InterruptedException stopped) {
                        throw new IOException(stopped);
                    }
                }
            };
            clients.add(slow);
            boolean follow = i >= 20;
            readers.add(Thread.ofVirtual().start(() -> {
                try {
                    new LogReader(folder.resolve("0.log"), options(follow, false, -1, -1, null), () -> true, slow, watch).copy();
                } catch (IOException | InterruptedException broken) {
                    throw new AssertionError(broken);
                }
            }));
            int so = i + 1;
            await().until(() -> blocked.get() == so);
            if (i == 19) {
                assertThat(inotifyInstances()).isEqualTo(before);
            }
        }
        assertThat(inotifyInstances()).isEqualTo(before + 1);
        going.countDown();
        for (Thread reader : readers) {
            assertThat(reader.join(Duration.ofSeconds(20))).isTrue();
        }
        assertThat(clients).allSatisfy(client -> assertThat(client.toString()).isEqualTo("0\n"));
    }

    private static long inotifyInstances() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.filter(descriptor -> {
                try {
                    return Files.readSymbolicLink(descriptor).toString().contains("inotify");
                } catch (IOException closed) {
                    return false;
                }
            }).count();
        }
    }

    /// Those of one folder, one of whom leaves.
    @Test
    void everyFollowerIsToldAndLooksByItselfWhereNothingTells() throws Exception {
        try (LogWatch patient = new LogWatch(Duration.ofMinutes(5))) {
            LogWatch.Follower one = patient.follow(folder);
            LogWatch.Follower two = patient.follow(folder);
            one.close();
            append("x");
            Thread told = Thread.ofVirtual().start(() -> awaitNews(two));
            assertThat(told.join(Duration.ofSeconds(20))).isTrue();
        }
        watch.close();
        awaitNews(watch.follow(folder));
    }

    private static void awaitNews(LogWatch.Follower follower) {
        try {
            follower.await();
        } catch (InterruptedException stopped) {
            throw new AssertionError(stopped);
        }
    }
}
