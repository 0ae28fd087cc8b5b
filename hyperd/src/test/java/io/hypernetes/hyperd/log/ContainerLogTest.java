package io.hypernetes.hyperd.log;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerLogTest {
    private static final Clock NOON = Clock.fixed(Instant.parse("2026-11-23T12:00:00.000000042Z"), ZoneOffset.UTC);

    @TempDir
    Path folder;

    private LogPosition journalled = LogPosition.START;

    private ContainerLog open(Path path) throws IOException {
        return open(path, Long.MAX_VALUE);
    }

    private ContainerLog open(Path path, long mostFileBytes) throws IOException {
        return ContainerLog.open(path, journalled, NOON, position -> journalled = position, mostFileBytes);
    }

    @Test
    void linesAreWrittenWhenTheyAreWhole() throws Exception {
        Path path = folder.resolve("a/b/0.log");
        try (ContainerLog log = open(path)) {
            assertThat(log.append(LogStream.STDOUT, bytes("one\ntw"))).isEqualTo(4);
            assertThat(log.append(LogStream.STDERR, bytes("oops\n"))).isEqualTo(5);
            assertThat(log.append(LogStream.STDOUT, bytes("o\n\n"))).isEqualTo(9);
            assertThat(log.append(LogStream.STDOUT, bytes("no newline"))).isEqualTo(9);
            assertThat(log.end(LogStream.STDOUT)).isEqualTo(19);
        }
        assertThat(Files.readAllLines(path))
                .containsExactly(
                        "2026-11-23T12:00:00.000000042Z stdout F one",
                        "2026-11-23T12:00:00.000000042Z stderr F oops",
                        "2026-11-23T12:00:00.000000042Z stdout F two",
                        "2026-11-23T12:00:00.000000042Z stdout F ",
                        "2026-11-23T12:00:00.000000042Z stdout P no newline");
    }

    /// A kubelet gives the renamed file its name back when it finds no other there.
    @Test
    void whereALogCannotBeReopenedNoEmptyOneTakesItsPlace() throws Exception {
        Path path = folder.resolve("0.log");
        java.util.concurrent.atomic.AtomicBoolean full = new java.util.concurrent.atomic.AtomicBoolean();
        try (ContainerLog log = ContainerLog.open(path, LogPosition.START, NOON, position -> {
            if (full.get()) {
                throw new IllegalStateException("the journal is full");
            }
        }, Long.MAX_VALUE)) {
            log.append(LogStream.STDOUT, bytes("one\n"));
            full.set(true);
            Files.move(path, folder.resolve("0.log.1"));
            org.assertj.core.api.Assertions.assertThatThrownBy(log::reopen).hasMessage("the journal is full");
            assertThat(path).doesNotExist();
            Files.move(folder.resolve("0.log.1"), path);
            log.append(LogStream.STDOUT, bytes("two\n"));
        }
        assertThat(Files.readString(path)).contains("one\n", "two\n");
    }

    @Test
    void longLinesAreSplit() throws Exception {
        Path path = folder.resolve("0.log");
        try (ContainerLog log = open(path)) {
            log.append(LogStream.STDOUT, bytes("x".repeat(2 * ContainerLog.LINE_BYTES) + "\n" + "y".repeat(ContainerLog.LINE_BYTES + 1) + "\n"));
        }
        assertThat(Files.readAllLines(path).stream().map(line -> line.substring(31, 40).strip() + " " + (line.length() - 40)))
                .containsExactly("stdout P " + 16384, "stdout F " + 16384, "stdout P " + 16384, "stdout F " + 1);
    }

    @Test
    void aTornLastLineIsCutOffAndComesAgain() throws Exception {
        Path path = folder.resolve("0.log");
        try (ContainerLog log = open(path)) {
            log.append(LogStream.STDOUT, bytes("one\n"));
        }
        Files.writeString(path, "2026-11-23T12:00:00.000000042Z stdout F tw", StandardOpenOption.APPEND);
        try (ContainerLog log = open(path)) {
            assertThat(log.resume(LogStream.STDOUT)).isEqualTo(4);
            log.append(LogStream.STDOUT, bytes("two\n"));
        }
        assertThat(content(path, "stdout")).isEqualTo("one\ntwo\n");
    }

    @Test
    void aNewSessionReadsAgainWhatWasNotWritten() throws Exception {
        Path path = folder.resolve("0.log");
        try (ContainerLog log = open(path)) {
            log.append(LogStream.STDOUT, bytes("one\ntw"));
            assertThat(log.resume(LogStream.STDOUT)).isEqualTo(4);
            log.append(LogStream.STDOUT, bytes("two\n"));
        }
        assertThat(content(path, "stdout")).isEqualTo("one\ntwo\n");
    }

    @Test
    void aFileThatWasThereBeforeIsNotOurs() throws Exception {
        Path path = folder.resolve("0.log");
        Files.writeString(path, "2026-11-23T12:00:00.000000042Z stdout F of another container\n");
        try (ContainerLog log = open(path)) {
            assertThat(log.resume(LogStream.STDOUT)).isZero();
            assertThat(log.append(LogStream.STDOUT, bytes("mine\n"))).isEqualTo(5);
        }
        try (ContainerLog log = open(path)) {
            assertThat(log.resume(LogStream.STDOUT)).isEqualTo(5);
        }
    }

    @Test
    void whatTheGuestHasForgottenIsNotAskedForAgain() throws Exception {
        Path path = folder.resolve("0.log");
        try (ContainerLog log = open(path)) {
            log.append(LogStream.STDOUT, bytes("one\n"));
        }
        Files.delete(path);
        try (ContainerLog log = open(path)) {
            log.forgotten(LogStream.STDOUT, 4);
            assertThat(log.resume(LogStream.STDOUT)).isEqualTo(4);
        }
    }

    @Test
    void aDeathBetweenRenameAndReopenLosesNothing() throws Exception {
        Path path = folder.resolve("0.log");
        try (ContainerLog log = open(path)) {
            log.append(LogStream.STDOUT, bytes("one\n"));
        }
        Files.move(path, folder.resolve("0.log.20261123"));
        try (ContainerLog log = open(path)) {
            assertThat(log.resume(LogStream.STDOUT)).isEqualTo(4);
            log.append(LogStream.STDOUT, bytes("two\n"));
        }
        try (ContainerLog log = open(path)) {
            assertThat(log.resume(LogStream.STDOUT)).isEqualTo(8);
        }
    }

    @Test
    void aFileThatNobodyRotatesInTimeEndsAtItsBound() throws Exception {
        Path path = folder.resolve("0.log");
        int most = 100_000;
        try (ContainerLog log = open(path, most)) {
            for (int i = 0; i < 2_000; i++) {
                log.append(LogStream.STDOUT, bytes(i + "\n".repeat(50)));
                assertThat(Files.exists(path) ? Files.size(path) : 0).isLessThan(most + 10_000);
            }
            assertThat(log.written(LogStream.STDOUT)).isEqualTo(10 + 90 * 2 + 900 * 3 + 1_000 * 4 + 2_000 * 50);
            assertThat(logs()).as("the present one and what is not longer than one").hasSize(2);
            assertThat(bytesOf(folder)).isLessThan(2 * (most + 10_000));
        }
        try (ContainerLog log = open(path, most)) {
            assertThat(log.resume(LogStream.STDOUT)).as("after a death").isEqualTo(10 + 90 * 2 + 900 * 3 + 1_000 * 4 + 2_000 * 50);
        }
        Path before = logs().stream().filter(each -> !each.equals(path)).findFirst().orElseThrow();
        String all = content(before, "stdout") + content(path, "stdout");
        assertThat(all).endsWith("1998" + "\n".repeat(50) + "1999" + "\n".repeat(50)).contains("1990" + "\n".repeat(50) + "1991");
    }

    @Test
    void whereThePositionCannotBeKeptTheFileGoesOn() throws Exception {
        Path path = folder.resolve("0.log");
        boolean[] full = {false};
        try (ContainerLog log = ContainerLog.open(path, journalled, NOON, position -> {
            if (full[0]) {
                throw new UncheckedIOException(new IOException("no space left"));
            }
            journalled = position;
        }, 1_000)) {
            full[0] = true;
            for (int i = 0; i < 100; i++) {
                log.append(LogStream.STDOUT, bytes("line " + i + "\n"));
            }
            assertThat(logs()).containsExactly(path);
            full[0] = false;
            log.append(LogStream.STDOUT, bytes("last\n"));
            assertThat(logs()).hasSize(2);
            assertThat(path).isEmptyFile();
        }
        assertThat(content(logs().getLast(), "stdout")).startsWith("line 0\nline 1\n").endsWith("line 99\nlast\n");
    }

    private List<Path> logs() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    private static long bytesOf(Path folder) throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                bytes += Files.size(file);
            }
        }
        return bytes;
    }

    /// Any bytes, in any pieces, over any number of deaths, torn tails and rotations: each byte is in the log once, in order.
    @Property(tries = 60)
    void everyByteOnce(@ForAll @IntRange(min = 0, max = 1_000_000) int seed) throws Exception {
        Random random = new Random(seed);
        byte[] output = new byte[random.nextInt(60_000)];
        for (int i = 0; i < output.length; i++) {
            output[i] = random.nextInt(random.nextBoolean() ? 40 : 2000) == 0 ? (byte) '\n' : (byte) (' ' + random.nextInt(90));
        }
        Path place = Files.createTempDirectory("hyperd-log-");
        try {
            journalled = LogPosition.START;
            Path path = place.resolve("0.log");
            ContainerLog log = open(path);
            int position = (int) log.resume(LogStream.STDOUT);
            int rotations = 0;
            while (position < output.length) {
                int size = Math.min(output.length - position, 1 + random.nextInt(9000));
                long written = log.append(LogStream.STDOUT, ByteBuffer.wrap(output, position, size));
                position += size;
                assertThat(written).isBetween((long) position - ContainerLog.LINE_BYTES - 1, (long) position);
                switch (random.nextInt(8)) {
                    case 0 -> {
                        log.close();
                        if (random.nextBoolean()) {
                            Files.writeString(path, "2026-11-23T12:00:00.0Z stdo", StandardOpenOption.APPEND);
                        }
                        log = open(path);
                        position = (int) log.resume(LogStream.STDOUT);
                    }
                    case 1 -> {
                        Files.move(path, place.resolve("1." + String.format("%04d", rotations++)));
                        if (random.nextBoolean()) {
                            log.reopen();
                        } else {
                            log.close();
                            log = open(path);
                            position = (int) log.resume(LogStream.STDOUT);
                        }
                    }
                    default -> {}
                }
            }
            assertThat(log.end(LogStream.STDOUT)).isEqualTo(output.length);
            log.close();
            StringBuilder all = new StringBuilder();
            for (Path file : files(place)) {
                all.append(content(file, "stdout"));
            }
            all.append(content(path, "stdout"));
            assertThat(all.toString()).isEqualTo(new String(output, ISO_8859_1));
        } finally {
            for (Path file : files(place)) {
                Files.delete(file);
            }
            Files.deleteIfExists(place.resolve("0.log"));
            Files.delete(place);
        }
    }

    private static List<Path> files(Path place) throws IOException {
        try (Stream<Path> files = Files.list(place)) {
            return files.filter(file -> file.getFileName().toString().startsWith("1.")).sorted(Comparator.naturalOrder()).toList();
        }
    }

    private static String content(Path path, String stream) {
        try {
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            List<String> lines = new ArrayList<>(Files.readAllLines(path, ISO_8859_1));
            for (String line : lines) {
                String[] words = line.split(" ", 4);
                if (words[1].equals(stream)) {
                    content.writeBytes(words[3].getBytes(ISO_8859_1));
                    if (words[2].equals("F")) {
                        content.write('\n');
                    }
                }
            }
            return content.toString(ISO_8859_1);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(ISO_8859_1));
    }
}
