package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
        assertThatThrownBy(() -> converter.convert("bomb", Files.size(bomb), () -> Files.newInputStream(bomb), Limits.NO_END))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.TOO_LARGE))
                .hasMessageContaining("unpacks to more than " + (256 << 20));
        assertThat(Files.list(work)).isEmpty();
    }

    @Test
    void moreFilesThanAllowedAreRefusedAndLeaveNothing() throws Exception {
        Path layer = folder.resolve("many");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(layer))) {
            TarWriter tar = new TarWriter(out);
            for (int i = 0; i < 1001; i++) {
                tar.write(TarEntry.file("file-" + i, 0644, 0), InputStream.nullInputStream());
            }
            tar.finish();
        }
        Path work = Files.createDirectory(folder.resolve("work"));
        ImageSettings settings = ImageSettings.defaults().withLimits(Limits.of(1 << 30, 1 << 30, 1000));
        DiskImageConverter converter = new DiskImageConverter(settings, work, new NativeZstd(folder));
        assertThatThrownBy(() -> converter.convert("many", Files.size(layer), () -> Files.newInputStream(layer), Limits.NO_END))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.TOO_LARGE))
                .hasMessageContaining("more than 1000 files");
        assertThat(Files.list(work)).isEmpty();
        assertThat(ImageSettings.defaults().limits().entries()).isEqualTo(1_000_000);
    }

    /// As many files as the settings allow a layer, through the real converter (`layer.files`: so many).
    @Test
    void manyFilesBecomeADiskOrAreRefusedInBoundedMemory() throws Exception {
        int files = Integer.getInteger("layer.files", 20_000);
        Path layer = folder.resolve("crowd");
        try (OutputStream out = new BufferedOutputStream(new GZIPOutputStream(Files.newOutputStream(layer)), 1 << 16)) {
            TarWriter tar = new TarWriter(out);
            for (int i = 0; i < files; i++) {
                tar.write(TarEntry.file("crowd/" + i % 1000 + "/" + i, 0644, 0), InputStream.nullInputStream());
            }
            tar.finish();
        }
        Path work = Files.createDirectory(folder.resolve("work"));
        // Empty files compress so well that they are a bomb by the ordinary ratio.
        ImageSettings.Limits limits = ImageSettings.defaults().limits();
        ImageSettings settings = ImageSettings.defaults().withLimits(new ImageSettings.Limits(
                limits.layerBytes(), limits.unpackedBytes(), 100_000, limits.entries(), limits.pathBytes(), limits.conversionTimeout()));
        DiskImageConverter converter = new DiskImageConverter(settings, work, new NativeZstd(folder));
        long begin = System.nanoTime();
        try {
            DiskImageConverter.Converted made = converter.convert("crowd", Files.size(layer), () -> Files.newInputStream(layer), Limits.NO_END);
            System.out.printf("%d files: a disk of %d KiB in %.1f s%n", files, Files.size(made.file()) >> 10, (System.nanoTime() - begin) / 1e9);
            assertThat(Shell.contents(new DiskLayer("crowd", made.file(), Files.size(made.file())))).hasSize(files + 1002);
        } catch (ImageException refused) {
            System.out.printf("%d files: refused in %.1f s: %s%n", files, (System.nanoTime() - begin) / 1e9, refused.getMessage());
            assertThat(refused.reason()).isEqualTo(ImageException.Reason.TOO_LARGE);
            assertThat(files).as(refused.getMessage()).isGreaterThan(500_000);
            assertThat(Files.list(work)).isEmpty();
        }
    }

    /// A program in the converter's place tells what it is and what it can reach.
    @Test
    void theConverterIsNobodyAndReachesNothing() throws Exception {
        assumeTrue(System.getProperty("user.name").equals("root"), "only root can become somebody else");
        Path probe = Files.createTempFile("converter-", ".sh");
        try {
            Files.writeString(probe, """
                    #!/bin/sh
                    cat > /dev/null
                    exec > layer.sqsh 2>&1
                    grep -E '^(Uid|Gid|Groups|CapEff|CapBnd|NoNewPrivs)' /proc/self/status
                    echo pid $$ memory $(ulimit -v) files $(ulimit -n)
                    echo interfaces $(grep : /proc/net/dev | cut -d: -f1)
                    cat /etc/shadow && echo shadow was read
                    ls /root && echo root was listed
                    (: > ../escaped) && echo the folder above was written to
                    kill -9 %d && echo the parent was killed
                    exit 0
                    """.formatted(ProcessHandle.current().pid()));
            Files.setPosixFilePermissions(probe, PosixFilePermissions.fromString("rwxr-xr-x"));
            Path layer = folder.resolve("small");
            try (OutputStream out = Files.newOutputStream(layer)) {
                TarWriter tar = new TarWriter(out);
                tar.finish();
            }
            Path work = Files.createDirectory(folder.resolve("work"));
            DiskImageConverter converter = new DiskImageConverter(ImageSettings.defaults(), work, new NativeZstd(folder), probe.toString());
            String said = Files.readString(converter.convert("small", Files.size(layer), () -> Files.newInputStream(layer), Limits.NO_END).file());
            assertThat(said)
                    .contains("Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1")
                    .containsPattern("Groups:\\s*\n").contains("pid 1 memory 2097152 files 64").contains("interfaces lo\n")
                    .doesNotContain("was read", "was listed", "was written", "was killed");
        } finally {
            Files.delete(probe);
        }
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
