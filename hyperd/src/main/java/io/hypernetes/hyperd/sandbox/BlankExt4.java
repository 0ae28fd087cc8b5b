package io.hypernetes.hyperd.sandbox;

import io.hypernetes.linux.SparseFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/// What a formatted disk holds before anybody has used it, which is little: as much is written faster than mke2fs is run.
///
/// Disks made of one form have a UUID in common, and nothing else that matters: the key by which names are spread over a folder's index is drawn for
/// each, as whoever knows a disk's key can find names that all fall into one place.
///
/// @param pieces all that is not zeros; the first holds the superblock
record BlankExt4(List<SparseFile.Piece> pieces) {
    private static final int MOST_BYTES = 4 << 20;
    // Where the superblock is, and in it: features, key, checksum.
    private static final int SUPERBLOCK = 1024, FEATURES = 0x64, KEY = 0xEC, KEY_BYTES = 16, CHECKSUM = 0x3FC;
    private static final int CHECKSUMS = 0x400;

    /// Of a disk that has just been formatted; empty when it holds too much.
    static Optional<BlankExt4> of(Path formatted) throws IOException {
        return SparseFile.content(formatted, MOST_BYTES)
                .filter(pieces -> !pieces.isEmpty() && pieces.getFirst().offset() == 0 && pieces.getFirst().bytes().length >= 2 * SUPERBLOCK)
                .map(BlankExt4::new);
    }

    /// Makes a disk like it.
    ///
    /// @param file as large as that one, and empty
    /// @param key 16 random bytes
    void write(Path file, byte[] key) throws IOException {
        try (FileChannel disk = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (SparseFile.Piece piece : pieces) {
                ByteBuffer bytes = ByteBuffer.wrap(piece.offset() == 0 ? keyed(piece.bytes(), key) : piece.bytes());
                while (bytes.hasRemaining()) {
                    disk.write(bytes, piece.offset() + bytes.position());
                }
            }
        }
    }

    private static byte[] keyed(byte[] first, byte[] key) {
        byte[] changed = first.clone();
        System.arraycopy(key, 0, changed, SUPERBLOCK + KEY, KEY_BYTES);
        ByteBuffer superblock = ByteBuffer.wrap(changed, SUPERBLOCK, SUPERBLOCK).slice().order(ByteOrder.LITTLE_ENDIAN);
        if ((superblock.getInt(FEATURES) & CHECKSUMS) != 0) {
            CRC32C sum = new CRC32C();
            sum.update(changed, SUPERBLOCK, CHECKSUM);
            // ext4 leaves out the last step of the checksum, which turns every bit around.
            superblock.putInt(CHECKSUM, ~(int) sum.getValue());
        }
        return changed;
    }
}
