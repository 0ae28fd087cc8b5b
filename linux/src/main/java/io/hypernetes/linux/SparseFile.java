package io.hypernetes.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Files of which most was never written: what is read, copied and digested of them is what they hold, not the holes. Stateless.
public final class SparseFile {
    private static final int SEEK_DATA = 3, SEEK_HOLE = 4;
    private static final int ENXIO = 6;
    private static final int PIECE = 1 << 20;
    private static final Libc LSEEK = Libc.function("lseek");
    /// Pieces of zeros become holes, at the granularity of most file systems.
    private static final int GRAIN = 4096;

    private SparseFile() {}

    /// Copies a file to a new one, which is readable by its owner alone and on disk when this returns. Zeros become holes.
    ///
    /// @param to made; must not exist
    /// @return the digest of the copy, as [#digest] gives it
    public static byte[] copy(Path from, Path to) throws IOException {
        Files.createFile(to, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try (FileChannel target = FileChannel.open(to, StandardOpenOption.WRITE)) {
            long size = Files.size(from);
            byte[] digest = read(from, size, (offset, piece) -> target.write(piece.duplicate(), offset));
            if (target.size() < size) {
                // The end is a hole, which only a length makes.
                truncateUp(target, size);
            }
            target.force(true);
            return digest;
        }
    }

    private static void truncateUp(FileChannel target, long size) throws IOException {
        target.write(ByteBuffer.wrap(new byte[1]), size - 1);
    }

    /// SHA-256 over the file's length and each grain of 4,096 bytes that is not all zeros, with its offset: the same whatever of the zeros
    /// are holes.
    public static byte[] digest(Path file) throws IOException {
        return read(file, Files.size(file), (offset, piece) -> {
        });
    }

    /// A part of a file that is not all zeros.
    ///
    /// @param bytes not copied: whoever changes them changes the piece
    public record Piece(long offset, byte[] bytes) {}

    /// All of a file that is not zeros, in pieces of at most 4,096 bytes, in order.
    ///
    /// @param mostBytes empty when there is more
    public static Optional<List<Piece>> content(Path file, int mostBytes) throws IOException {
        List<Piece> pieces = new ArrayList<>();
        long[] total = {0};
        read(file, (offset, piece) -> {
            total[0] += piece.remaining();
            if (total[0] <= mostBytes) {
                byte[] bytes = new byte[piece.remaining()];
                piece.duplicate().get(bytes);
                pieces.add(new Piece(offset, bytes));
            }
        });
        return total[0] <= mostBytes ? Optional.of(pieces) : Optional.empty();
    }

    /// Takes what a file holds.
    public interface Sink {
        /// @param piece one grain that is not all zeros, at an offset that is a multiple of 4,096; shorter at the end of the file. Its bytes change after the call
        void take(long offset, ByteBuffer piece) throws IOException;
    }

    /// Gives all of a file that is not zeros, in order.
    ///
    /// @return the digest of what was given, as [#digest] gives it
    public static byte[] read(Path file, long size, Sink sink) throws IOException {
        MessageDigest digest = begin(size);
        read(file, (offset, piece) -> {
            update(digest, offset, piece);
            sink.take(offset, piece);
        });
        return digest.digest();
    }

    private static void read(Path file, Sink sink) throws IOException {
        int descriptor = Descriptors.openForReading(file);
        try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer buffer = ByteBuffer.allocate(PIECE);
            Extents extents = new Extents(source.size(), descriptor);
            for (Extent extent = extents.next(); extent != null; extent = extents.next()) {
                // Grains are counted from the beginning of the file.
                long at = extent.offset - extent.offset % GRAIN;
                while (at < extent.end) {
                    buffer.clear().limit((int) Math.min(PIECE, Math.min(source.size(), roundUp(extent.end)) - at));
                    while (buffer.hasRemaining() && source.read(buffer, at + buffer.position()) >= 0) {
                        continue;
                    }
                    buffer.flip();
                    if (!buffer.hasRemaining()) {
                        break;
                    }
                    for (int grain = 0; grain < buffer.limit(); grain += GRAIN) {
                        int length = Math.min(GRAIN, buffer.limit() - grain);
                        if (!isZero(buffer.array(), grain, length)) {
                            sink.take(at + grain, buffer.slice(grain, length));
                        }
                    }
                    at += buffer.limit();
                }
            }
        } finally {
            Descriptors.close(descriptor);
        }
    }

    private record Extent(long offset, long end) {}

    /// One after the other, since a file may have millions. Grain by grain none twice: an extent that begins in the grain in which the former ended
    /// begins behind it.
    private static final class Extents {
        private final long size;
        private final int descriptor;
        private long at;
        private long before;

        Extents(long size, int descriptor) {
            this.size = size;
            this.descriptor = descriptor;
        }

        /// Null when there are no more.
        @Nullable Extent next() {
            while (at < size) {
                long data = seek(descriptor, at, SEEK_DATA, size);
                if (data >= size) {
                    break;
                }
                at = seek(descriptor, data, SEEK_HOLE, size);
                long begin = Math.max(data - data % GRAIN, before);
                if (begin < at) {
                    before = roundUp(at);
                    return new Extent(begin, at);
                }
            }
            at = size;
            return null;
        }
    }

    private static long seek(int descriptor, long from, int whence, long size) {
        long found = LSEEK.tryCallLong(descriptor, from, whence);
        if (found == -ENXIO) {
            return size;
        }
        if (found < 0) {
            throw new ErrnoException(LSEEK.name(), "descriptor " + descriptor, (int) -found);
        }
        return found;
    }

    private static long roundUp(long offset) {
        return (offset + GRAIN - 1) / GRAIN * GRAIN;
    }

    private static boolean isZero(byte[] bytes, int from, int length) {
        for (int i = from; i < from + length; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private static MessageDigest begin(long size) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(ByteBuffer.allocate(8).putLong(0, size));
            return digest;
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static void update(MessageDigest digest, long offset, ByteBuffer piece) {
        digest.update(ByteBuffer.allocate(8).putLong(0, offset));
        digest.update(piece.duplicate());
    }
}
