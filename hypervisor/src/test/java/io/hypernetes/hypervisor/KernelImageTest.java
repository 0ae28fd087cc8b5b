package io.hypernetes.hypervisor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import net.jpountz.lz4.LZ4Factory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelImageTest {
    private static final int SETUP_SECTORS = 2;

    @TempDir
    Path temp;

    @Test
    void theVmlinuxInsideIsUnpackedOnce() throws Exception {
        byte[] vmlinux = elf(18);
        Optional<Path> found = unpack(bzImage(lz4(vmlinux)));
        assertThat(found).isPresent();
        assertThat(found.get()).hasBinaryContent(vmlinux);
        Files.writeString(found.get(), "as it was left");
        assertThat(unpack(bzImage(lz4(vmlinux)))).contains(found.get());
        assertThat(found.get()).hasContent("as it was left");
        assertThat(unpack(bzImage(gzip(vmlinux))).get()).isNotEqualTo(found.get()).hasBinaryContent(vmlinux);
        try (var files = Files.list(temp.resolve("cache"))) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    void anImageOfAnotherKindBootsAsItIs() throws Exception {
        assertThat(unpack("not an image".getBytes(StandardCharsets.UTF_8))).isEmpty();
        assertThat(unpack(bzImage("packed in its own way".getBytes(StandardCharsets.UTF_8)))).isEmpty();
        assertThat(unpack(bzImage(lz4(elf(17))))).as("no PVH entry").isEmpty();
        assertThat(unpack(bzImage(lz4("no ELF file".repeat(20).getBytes(StandardCharsets.UTF_8))))).isEmpty();
        byte[] beyond = bzImage(lz4(elf(18)));
        ByteBuffer.wrap(beyond).order(ByteOrder.LITTLE_ENDIAN).putInt(0x24c, Integer.MAX_VALUE);
        assertThat(unpack(beyond)).isEmpty();
    }

    @Test
    void aDamagedImageIsToldOf() throws Exception {
        byte[] packed = lz4(elf(18));
        ByteBuffer.wrap(packed).order(ByteOrder.LITTLE_ENDIAN).putInt(packed.length - 4, 7);
        assertThatThrownBy(() -> unpack(bzImage(packed))).isInstanceOf(IOException.class).hasMessageContaining("not the size it names");
        ByteBuffer.wrap(packed).order(ByteOrder.LITTLE_ENDIAN).putInt(4, -1);
        assertThatThrownBy(() -> unpack(bzImage(packed))).hasMessageContaining("a block of 4294967295 bytes").hasMessageContaining("damaged");
        byte[] noise = lz4(elf(18));
        java.util.Arrays.fill(noise, 8, noise.length - 4, (byte) 0xff);
        assertThatThrownBy(() -> unpack(bzImage(noise))).isInstanceOf(IOException.class);
        try (var files = Files.list(temp.resolve("cache"))) {
            assertThat(files).isEmpty();
        }
    }

    private Optional<Path> unpack(byte[] image) throws IOException {
        return KernelImage.unpack(Files.write(temp.resolve("vmlinuz"), image), "6.1", temp.resolve("cache"));
    }

    // A boot sector with the fields of protocol 2.08, the setup code, the payload.
    private static byte[] bzImage(byte[] payload) {
        ByteBuffer image = ByteBuffer.allocate((SETUP_SECTORS + 1) * 512 + 16 + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        image.put(0x1f1, (byte) SETUP_SECTORS).putInt(0x202, 0x53726448).putShort(0x206, (short) 0x20f);
        image.putInt(0x248, 16).putInt(0x24c, payload.length).put((SETUP_SECTORS + 1) * 512 + 16, payload);
        return image.array();
    }

    private static byte[] lz4(byte[] content) {
        byte[] block = LZ4Factory.safeInstance().fastCompressor().compress(content);
        return ByteBuffer.allocate(12 + block.length).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x184C2102).putInt(block.length).put(block).putInt(content.length).array();
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(content);
        }
        return out.toByteArray();
    }

    // One program header, for notes: GNU's, then Xen's of the type.
    private static byte[] elf(int note) {
        ByteBuffer elf = ByteBuffer.allocate(300).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464c457f).put(4, (byte) 2).putShort(18, (short) 62).putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 1);
        elf.putInt(64, 4).putLong(72, 200).putLong(96, 40);
        elf.position(200).putInt(4).putInt(2).putInt(18).put("GNU\0".getBytes(StandardCharsets.US_ASCII)).putInt(0);
        elf.putInt(4).putInt(4).putInt(note).put("Xen\0".getBytes(StandardCharsets.US_ASCII));
        return elf.array();
    }
}
