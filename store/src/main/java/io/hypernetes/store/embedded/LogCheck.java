package io.hypernetes.store.embedded;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.zip.CRC32C;

/// Tells a log that ends in the middle of a write from one that was damaged later.
///
/// RocksDB replays its log up to the first bad record and forgets what follows, which is right for a write that a loss of power cut
/// short: nobody was told that it succeeded. But each of our writes waits for the disk before the next one begins, so a whole record
/// behind a bad one proves that the bad one had been acknowledged: then the disk has lost data, and to go on would hide it.
final class LogCheck {
    private static final int BLOCK = 32 * 1024;
    private static final int HEADER = 7; // checksum 4, length 2, type 1
    private static final int FULL = 1;
    private static final int FIRST = 2;

    private LogCheck() {}

    /// The offset of a damaged record in the newest log below `database`; empty when all is well.
    static Optional<String> damage(Path database) throws IOException {
        Optional<Path> newest;
        try (var files = Files.list(database)) {
            newest = files.filter(file -> file.getFileName().toString().matches("[0-9]+\\.log"))
                    .filter(file -> file.toFile().length() > 0)
                    .max(Comparator.comparing(file -> file.getFileName().toString()));
        }
        if (newest.isEmpty()) {
            return Optional.empty();
        }
        try (FileChannel channel = FileChannel.open(newest.get(), StandardOpenOption.READ)) {
            ByteBuffer log = ByteBuffer.allocate(Math.toIntExact(channel.size())).order(ByteOrder.LITTLE_ENDIAN);
            while (log.hasRemaining() && channel.read(log) >= 0) {
                // until all is read
            }
            long at = firstDamaged(log.flip());
            return at < 0 ? Optional.empty() : Optional.of(newest.get().getFileName() + " at byte " + at);
        }
    }

    private static long firstDamaged(ByteBuffer log) {
        int bad = -1;
        int at = 0;
        while (at < log.limit()) {
            int left = Math.min(BLOCK - at % BLOCK, log.limit() - at);
            int length = left < HEADER ? left : log.getShort(at + 4) & 0xffff;
            if (left < HEADER || length == 0 && log.get(at + 6) == 0) {
                if (left >= HEADER && bad < 0) {
                    bad = at; // zeros: nothing was written here, or it never arrived
                }
                at += left;
            } else if (HEADER + length > left) {
                bad = bad < 0 ? at : bad;
                at += left;
            } else {
                if (!isWhole(log, at, length)) {
                    bad = bad < 0 ? at : bad;
                } else if (bad >= 0 && (log.get(at + 6) == FULL || log.get(at + 6) == FIRST)) {
                    return bad;
                }
                at += HEADER + length;
            }
        }
        return -1;
    }

    private static boolean isWhole(ByteBuffer log, int at, int length) {
        CRC32C checksum = new CRC32C();
        checksum.update(log.slice(at + 6, 1 + length));
        int value = (int) checksum.getValue();
        int masked = (value >>> 15 | value << 17) + 0xa282ead8; // as RocksDB stores it
        return masked == log.getInt(at);
    }
}
