package io.hypernetes.hypervisor;

import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;

/// A packaged kernel unpacked once on the host, so that no guest unpacks it again at each boot: the vmlinux inside a bzImage, which a
/// hypervisor enters by the PVH boot protocol.
///
/// See Linux `Documentation/arch/x86/boot.rst` (payload_offset, protocol 2.08) and Xen's ELF note XEN_ELFNOTE_PHYS32_ENTRY. Kernels packed
/// with LZ4 or gzip are unpacked; all others boot as they are.
final class KernelImage {
    private static final long MOST_BYTES = 512L << 20;
    private static final int LZ4_LEGACY = 0x184C2102, LZ4_BLOCK = 8 << 20;
    private static final int PT_NOTE = 4, PHYS32_ENTRY = 18, MOST_NOTES = 64 << 10;

    private KernelImage() {}

    /// The vmlinux of this image in a file of the cache, or nothing when the image is packed in another way or its kernel cannot be
    /// entered by PVH.
    ///
    /// @throws IOException when the image is damaged, or the cache cannot be written
    static Optional<Path> unpack(Path image, String version, Path cache) throws IOException {
        byte[] content = Files.readAllBytes(image);
        Path file = cache.resolve("vmlinux-" + version + "-" + digest(content).substring(0, 16));
        if (Files.exists(file)) {
            return Optional.of(file);
        }
        byte[] payload = payload(content);
        if (payload.length < 8) {
            return Optional.empty();
        }
        Files.createDirectories(cache);
        Path fresh = Files.createTempFile(cache, "vmlinux-", ".new");
        try {
            if (!unpack(payload, fresh) || !startsByPvh(fresh)) {
                return Optional.empty();
            }
            // Hypervisors of other users read it.
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
            try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
            return Optional.of(file);
        } catch (LZ4Exception | IOException damaged) {
            throw new IOException("unpacking the kernel " + image + ": " + damaged.getMessage() + "; is the package damaged?", damaged);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    // What the boot code would unpack; empty when this is no bzImage.
    private static byte[] payload(byte[] image) {
        ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        if (image.length < 0x250 || header.getInt(0x202) != 0x53726448 /* HdrS */ || header.getShort(0x206) < 0x208) {
            return new byte[0];
        }
        int setup = image[0x1f1] == 0 ? 4 : image[0x1f1] & 0xff;
        long from = (setup + 1) * 512L + Integer.toUnsignedLong(header.getInt(0x248));
        long to = from + Integer.toUnsignedLong(header.getInt(0x24c));
        return to > image.length ? new byte[0] : Arrays.copyOfRange(image, (int) from, (int) to);
    }

    private static boolean unpack(byte[] payload, Path to) throws IOException {
        ByteBuffer packed = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(to))) {
            if (packed.getInt(0) == LZ4_LEGACY) {
                lz4(packed.position(4), out);
                return true;
            }
            if ((packed.getShort(0) & 0xffff) == 0x8b1f) {
                try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(payload))) {
                    copy(in, out);
                }
                return true;
            }
            return false;
        }
    }

    // Blocks of at most 8 MiB, each behind its packed length; the kernel's build appends the unpacked size.
    private static void lz4(ByteBuffer packed, OutputStream out) throws IOException {
        byte[] block = new byte[LZ4_BLOCK];
        long total = 0;
        while (packed.remaining() > 4) {
            int length = packed.getInt();
            if (length <= 0 || length > packed.remaining()) {
                throw new IOException("a block of " + Integer.toUnsignedString(length) + " bytes where " + packed.remaining() + " are left");
            }
            int size = LZ4Factory.safeInstance().safeDecompressor().decompress(packed.array(), packed.position(), length, block, 0, LZ4_BLOCK);
            packed.position(packed.position() + length);
            total += size;
            bounded(total);
            out.write(block, 0, size);
        }
        if (packed.remaining() == 4 && Integer.toUnsignedLong(packed.getInt()) != total) {
            throw new IOException("it unpacks to " + total + " bytes, which is not the size it names");
        }
    }

    private static void copy(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[1 << 16];
        long total = 0;
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            total += n;
            bounded(total);
            out.write(buffer, 0, n);
        }
    }

    private static void bounded(long bytes) throws IOException {
        if (bytes > MOST_BYTES) {
            throw new IOException("it unpacks to more than " + (MOST_BYTES >> 20) + " MiB");
        }
    }

    // An x86-64 ELF file that has the note with the PVH entry.
    private static boolean startsByPvh(Path vmlinux) throws IOException {
        try (FileChannel file = FileChannel.open(vmlinux)) {
            ByteBuffer elf = read(file, 0, 64);
            if (elf.remaining() < 64 || elf.getInt(0) != 0x464c457f || elf.get(4) != 2 || elf.getShort(18) != 62) {
                return false;
            }
            int entry = elf.getShort(54) & 0xffff, entries = elf.getShort(56) & 0xffff;
            if (entry < 56) {
                return false;
            }
            ByteBuffer headers = read(file, elf.getLong(32), entry * entries);
            for (int i = 0; (i + 1) * entry <= headers.remaining(); i++) {
                if (headers.getInt(i * entry) == PT_NOTE
                        && hasEntry(read(file, headers.getLong(i * entry + 8), (int) Math.clamp(headers.getLong(i * entry + 32), 0, MOST_NOTES)))) {
                    return true;
                }
            }
            return false;
        }
    }

    private static boolean hasEntry(ByteBuffer notes) {
        while (notes.remaining() >= 12) {
            int name = notes.getInt(), description = notes.getInt(), type = notes.getInt();
            long next = notes.position() + padded(name) + padded(description);
            if (name < 0 || description < 0 || next > notes.limit()) {
                return false;
            }
            byte[] owner = new byte[Math.min(name, 4)];
            notes.get(notes.position(), owner);
            if (type == PHYS32_ENTRY && new String(owner, StandardCharsets.US_ASCII).equals("Xen\0")) {
                return true;
            }
            notes.position((int) next);
        }
        return false;
    }

    private static long padded(int bytes) {
        return (bytes + 3L) & ~3L;
    }

    private static ByteBuffer read(FileChannel file, long from, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (from >= 0 && buffer.hasRemaining() && file.read(buffer, from + buffer.position()) > 0) {}
        return buffer.flip();
    }

    private static String digest(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
