package io.hypernetes.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparseFileTest {
    private static final long LARGE = 64L << 30;

    @TempDir
    Path folder;

    /// Data at random places of a file that no disk would hold.
    private Path sparse(long seed, boolean zerosWritten) throws Exception {
        Path file = folder.resolve("file-" + seed + zerosWritten);
        Random random = new Random(seed);
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            raw.setLength(LARGE);
            for (int i = 0; i < 20; i++) {
                byte[] data = new byte[random.nextInt(1, 20_000)];
                long at = random.nextLong(LARGE - data.length);
                random.nextBytes(data);
                raw.seek(at);
                raw.write(data);
            }
            if (zerosWritten) {
                raw.seek(LARGE - 300_000);
                raw.write(new byte[200_000]);
            }
        }
        return file;
    }

    private static long allocated(Path file) throws Exception {
        return 512 * ((Number) Long.parseLong(new String(
                new ProcessBuilder("stat", "-c", "%b", file.toString()).start().getInputStream().readAllBytes()).strip())).longValue();
    }

    @Test
    void aCopyHoldsTheSameAndNoMore() throws Exception {
        Path file = sparse(1, true);
        Path copy = folder.resolve("copy");
        byte[] digest = SparseFile.copy(file, copy);
        assertThat(Files.size(copy)).isEqualTo(LARGE);
        assertThat(allocated(copy)).isLessThan(2 << 20);
        assertThat(SparseFile.digest(copy)).isEqualTo(digest).isEqualTo(SparseFile.digest(file));
        assertThat(new ProcessBuilder("bash", "-c", "cmp -n 1 " + file + " " + copy).start().waitFor()).isZero();
        assertThatThrownBy(() -> SparseFile.copy(file, copy)).isInstanceOf(FileAlreadyExistsException.class);
    }

    @Test
    void zerosAreAsGoodAsHoles() throws Exception {
        assertThat(SparseFile.digest(sparse(2, true))).isEqualTo(SparseFile.digest(sparse(2, false)));
    }

    @Test
    void aByteOrALengthMakesAnotherDigest() throws Exception {
        Path file = sparse(3, false);
        byte[] digest = SparseFile.digest(file);
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            raw.seek(LARGE / 2);
            raw.write(1);
        }
        byte[] changed = SparseFile.digest(file);
        assertThat(changed).isNotEqualTo(digest);
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            raw.seek(LARGE / 2);
            raw.write(0);
            assertThat(SparseFile.digest(file)).isEqualTo(digest);
            raw.setLength(LARGE + 1);
        }
        assertThat(SparseFile.digest(file)).isNotEqualTo(digest);
    }

    @Test
    void smallAndEmptyFilesToo() throws Exception {
        for (int size : new int[] {0, 1, 4095, 4096, 4097, 3_000_000}) {
            byte[] data = new byte[size];
            new Random(size).nextBytes(data);
            Path file = Files.write(folder.resolve("small-" + size), data);
            byte[] digest = SparseFile.copy(file, folder.resolve("copy-" + size));
            assertThat(Files.readAllBytes(folder.resolve("copy-" + size))).isEqualTo(data);
            assertThat(SparseFile.digest(file)).isEqualTo(digest);
        }
    }
}
