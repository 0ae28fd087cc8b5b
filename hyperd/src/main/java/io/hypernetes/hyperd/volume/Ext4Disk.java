package io.hypernetes.hyperd.volume;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.linux.Descriptors;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Disks that outlive machines: sparse files with a journalled file system, since machines may end abruptly. The host makes them and never
/// mounts one: what is in it was written by a guest.
public final class Ext4Disk {
    /// The size of a disk of which nobody said a size. What was never written takes no room.
    public static final long ORDINARY_BYTES = 10L << 30;

    /// The smallest file system that has a journal. A disk that is to be smaller is of this size: without one it would not outlive an abrupt end.
    private static final long LEAST_BYTES = 4L << 20;

    /// Less than this has no room for the journal of an ordinary disk, and gets as long a one as suits it.
    private static final long ORDINARY_JOURNAL_FROM_BYTES = 32L << 20;

    /// The folder of a disk that containers see: beside it there may be others' business, such as lost+found.
    public static final String CONTENT = "data";

    // Where the superblock says what a mount must understand, and there: that the journal holds what is not in its place yet.
    private static final long INCOMPATIBLE_FEATURES = 1024 + 0x60;
    private static final int NEEDS_RECOVERY = 4;

    private Ext4Disk() {}

    /// Makes a disk, durably, unless it is there.
    ///
    /// @param bytes its size; a few mebibytes at least are made of less
    public static void make(Path file, long bytes) {
        if (Files.exists(file)) {
            return;
        }
        Path unfinished = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.deleteIfExists(unfinished);
            try (RandomAccessFile sparse = new RandomAccessFile(unfinished.toFile(), "rw")) {
                sparse.setLength(Math.max(bytes, LEAST_BYTES));
            }
            List<String> command = new ArrayList<>(List.of("mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0"));
            if (bytes >= ORDINARY_JOURNAL_FROM_BYTES) {
                command.addAll(List.of("-J", "size=8"));
            }
            command.add(unfinished.toString());
            Process format = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .start();
            format.getOutputStream().close();
            String said = new String(format.getInputStream().readNBytes(2000)).strip();
            if (format.waitFor() != 0) {
                throw new IOException("mke2fs: " + said);
            }
            try (FileChannel made = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
                made.force(true);
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            Descriptors.syncFolder(Objects.requireNonNull(file.toAbsolutePath().getParent()));
        } catch (IOException failure) {
            throw unavailable("The disk " + file + " could not be made: " + failure.getMessage() + ". Is there room, and is e2fsprogs installed?", failure);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw unavailable("Interrupted while the disk " + file + " was made.", stopping);
        }
    }

    /// Makes a disk larger; its guest makes the file system fit when it next mounts it, or is told. A disk never shrinks.
    public static void grow(Path file, long bytes) {
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            if (disk.length() < bytes) {
                disk.setLength(bytes);
                disk.getFD().sync();
            }
        } catch (IOException failure) {
            throw unavailable("The disk " + file + " could not be made larger: " + failure.getMessage() + ".", failure);
        }
    }

    /// Whether whoever mounts it next has to write to it, even if only to read: its last machine ended without unmounting it.
    public static boolean needsRecovery(Path file) {
        ByteBuffer features = ByteBuffer.allocate(1);
        try (FileChannel disk = FileChannel.open(file, StandardOpenOption.READ)) {
            return disk.read(features, INCOMPATIBLE_FEATURES) == 1 && (features.get(0) & NEEDS_RECOVERY) != 0;
        } catch (IOException failure) {
            throw unavailable("The disk " + file + " cannot be read: " + failure + ".", failure);
        }
    }

    /// What it takes on the host's disk, in bytes.
    public static long usedBytes(Path file) {
        if (!Files.exists(file)) {
            return 0;
        }
        int descriptor = Descriptors.openForReading(file);
        try {
            return Descriptors.allocatedBytes(descriptor);
        } finally {
            Descriptors.close(descriptor);
        }
    }

    private static HyperdException unavailable(String message, Exception cause) {
        return new HyperdException(HyperdException.Kind.UNAVAILABLE, message, cause);
    }
}
