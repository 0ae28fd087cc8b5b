package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Reads what GNU tar writes, in each of its formats.
class TarReaderTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {
        "--format=gnu", "--format=ustar", "--format=pax", "--format=v7",
        "--format=gnu --sparse", "--format=pax --sparse --sparse-version=0.0", "--format=pax --sparse --sparse-version=0.1",
        "--format=pax --sparse --sparse-version=1.0"
    })
    void everyFormatOfGnuTarIsRead(String format) throws Exception {
        boolean longNames = format.contains("gnu") || format.contains("pax");
        Path source = Files.createDirectories(folder.resolve("source"));
        String name = longNames ? "n".repeat(180) : "name";
        Files.writeString(source.resolve(name), "content");
        Files.createSymbolicLink(source.resolve("link"), Path.of(longNames ? "t".repeat(180) : "target"));
        Files.createLink(source.resolve("twin"), source.resolve(name));
        try (RandomAccessFile sparse = new RandomAccessFile(source.resolve("holes").toFile(), "rw")) {
            for (int piece = 0; piece < 30; piece++) {
                sparse.seek(piece * 100_000L);
                sparse.writeBytes("piece " + piece);
            }
            sparse.setLength(4_000_000);
        }
        Path tar = folder.resolve("x.tar");
        Shell.run(("tar " + format + " --numeric-owner -C " + source + " -cf " + tar + " .").split(" "));

        Map<String, TarEntry> entries = new HashMap<>();
        Map<String, byte[]> contents = new HashMap<>();
        try (InputStream in = Files.newInputStream(tar)) {
            TarReader reader = new TarReader(in);
            for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
                String path = LayerPath.clean(entry.name());
                entries.put(path, entry);
                contents.put(path, reader.content().readAllBytes());
            }
        }
        assertThat(entries).containsOnlyKeys("", name, "link", "twin", "holes");
        assertThat(entries.get("").type()).isEqualTo(TarEntry.Type.FOLDER);
        assertThat(entries.get("link").linkName()).hasSize(longNames ? 180 : 6);
        assertThat(entries.get("holes").size()).isEqualTo(4_000_000);
        assertThat(contents.get("holes")).isEqualTo(Files.readAllBytes(source.resolve("holes")));
        TarEntry.Type twin = entries.get("twin").type();
        assertThat(new TarEntry.Type[] {twin, entries.get(name).type()})
                .containsExactlyInAnyOrder(TarEntry.Type.FILE, TarEntry.Type.HARD_LINK);
        assertThat(contents.get(twin == TarEntry.Type.FILE ? "twin" : name)).asString().isEqualTo("content");
    }

    @org.junit.jupiter.api.Test
    void whatTheWriterWritesTarReads() throws IOException, Exception {
        Path tar = folder.resolve("own.tar");
        try (var out = Files.newOutputStream(tar)) {
            TarWriter writer = new TarWriter(out);
            writer.write(TarEntry.file("p".repeat(150), 0640, 3), new java.io.ByteArrayInputStream("abc".getBytes()));
            writer.write(TarEntry.symbolicLink("s", "q".repeat(120)), InputStream.nullInputStream());
            writer.finish();
        }
        assertThat(Shell.run("tar", "-tvf", tar.toString()))
                .contains("-rw-r-----", "p".repeat(150), "s -> " + "q".repeat(120));
    }

    @org.junit.jupiter.api.Test
    @org.junit.jupiter.api.Timeout(20)
    void aSparseMapInManyHeadersIsBoundedAsAWhole() throws IOException {
        // Each header is as long as one may be; joined one by one they would be copied again and again, at every file of the layer.
        byte[] header = new byte[1 << 20];
        byte[] piece = "26 GNU.sparse.offset=1234\n".getBytes();
        int filled = 0;
        for (; filled + piece.length + 1000 < header.length; filled += piece.length) {
            System.arraycopy(piece, 0, header, filled, piece.length);
        }
        var tar = new java.io.ByteArrayOutputStream();
        for (int i = 0; i < 60; i++) {
            tar.write(block('x', filled));
            tar.write(header, 0, filled);
            tar.write(new byte[-filled & 511]);
        }
        tar.write(block('0', 0));
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> new TarReader(new java.io.ByteArrayInputStream(tar.toByteArray())).next())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("sparse map");
    }

    private static byte[] block(char type, int size) {
        byte[] block = new byte[512];
        byte[] length = String.format("%011o", size).getBytes();
        System.arraycopy(length, 0, block, 124, length.length);
        block[0] = 'f';
        block[156] = (byte) type;
        java.util.Arrays.fill(block, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : block) {
            sum += b & 0xff;
        }
        byte[] checksum = String.format("%06o", sum).getBytes();
        System.arraycopy(checksum, 0, block, 148, checksum.length);
        return block;
    }
}
