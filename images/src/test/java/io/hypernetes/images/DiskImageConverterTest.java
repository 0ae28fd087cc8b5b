package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskImageConverterTest {
    @TempDir
    Path folder;

    @Test
    void aBombIsRefusedLongBeforeTheGreatestSize() throws Exception {
        Path bomb = folder.resolve("bomb");
        long size = 300L << 20;
        try (OutputStream out = new BufferedOutputStream(new GZIPOutputStream(Files.newOutputStream(bomb)), 1 << 16)) {
            TarWriter tar = new TarWriter(out);
            try (InputStream zeros = new Zeros()) {
                tar.write(TarEntry.file("zeros", 0644, size), zeros);
            }
            tar.finish();
        }
        Path work = Files.createDirectory(folder.resolve("work"));
        DiskImageConverter converter = new DiskImageConverter(ImageSettings.defaults(), work, new NativeZstd(folder));
        assertThatThrownBy(() -> converter.convert("bomb", Files.size(bomb), () -> Files.newInputStream(bomb)))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.TOO_LARGE))
                .hasMessageContaining("unpacks to more than " + (256 << 20));
        assertThat(Files.list(work)).isEmpty();
    }

    private static final class Zeros extends InputStream {
        @Override
        public int read() {
            return 0;
        }

        @Override
        public int read(byte[] buffer, int from, int length) {
            java.util.Arrays.fill(buffer, from, from + length, (byte) 0);
            return length;
        }
    }
}
