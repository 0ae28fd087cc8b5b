package io.hypernetes.cli;

import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.SparseFile;
import io.hypernetes.store.backup.BackupItem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The disks of a backup on their way back to a machine: each is written beside its place, compared with what was read when it was backed up, and gets
/// its name with all others in [#place]. One that is there already stays as it is. Closed without that, nothing is left. For one thread.
final class DiskRestore implements AutoCloseable {
    private static final long MOST_BYTES = 16L << 40;
    private static final Set<StandardOpenOption> NEW = Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING);

    private final Path folder;
    private final List<Path> written = new ArrayList<>();
    private final List<Path> placed = new ArrayList<>();
    private final Set<String> kept = new HashSet<>();
    private final Set<String> seen = new HashSet<>();
    private String open = "";
    private @Nullable FileChannel channel;

    /// @param folder where this machine's disks are; made when there is a disk to put into it
    DiskRestore(Path folder) {
        this.folder = folder;
    }

    /// Takes the next part of a disk.
    ///
    /// @throws IOException when it cannot be written, or cannot be a part of a disk
    void add(BackupItem.DiskPart part) throws IOException {
        FileChannel to = of(part.disk());
        if (part.offset() < 0 || part.offset() + part.content().length > MOST_BYTES) {
            throw new IOException("the disk " + part.disk() + " would be longer than disks can be");
        }
        if (to != null) {
            ByteBuffer left = ByteBuffer.wrap(part.content());
            while (left.hasRemaining()) {
                to.write(left, part.offset() + left.position());
            }
        }
    }

    /// Ends a disk.
    ///
    /// @throws IOException when it is not what was backed up
    void add(BackupItem.DiskEnd end) throws IOException {
        FileChannel to = of(end.disk());
        if (to != null) {
            if (end.bytes() < to.size() || end.bytes() > MOST_BYTES) {
                throw new IOException("the disk " + end.disk() + " has another length than its content");
            }
            if (to.size() < end.bytes()) {
                to.write(ByteBuffer.wrap(new byte[1]), end.bytes() - 1);
            }
            to.force(true);
            if (!Arrays.equals(SparseFile.digest(draft(end.disk())), end.digest())) {
                throw new IOException("the disk " + end.disk() + " is not what was read when the backup was made; the disk of this machine or of the other may be failing");
            }
        }
        finish();
    }

    /// Gives all of them their names.
    ///
    /// @return how many
    int place() throws IOException {
        if (channel != null) {
            throw new IOException("the disk " + open + " has no end");
        }
        boolean all = false;
        try {
            for (Path draft : written) {
                place(draft);
            }
            if (!written.isEmpty()) {
                Descriptors.syncFolder(folder);
            }
            all = true;
            return placed.size();
        } finally {
            if (!all) {
                remove();
            }
        }
    }

    private void place(Path draft) throws IOException {
        String name = String.valueOf(draft.getFileName());
        Path file = draft.resolveSibling(name.substring(0, name.length() - ".part".length()));
        try {
            // Never in the place of another: who made that meanwhile may be using it.
            Files.createLink(file, draft);
        } catch (FileAlreadyExistsException made) {
            throw new IOException("the disk " + file + " has been made by another while this backup was being restored", made);
        }
        placed.add(file);
        Files.delete(draft);
        Descriptors.syncFolder(Objects.requireNonNull(file.getParent()));
    }

    /// How many were there already.
    int kept() {
        return kept.size();
    }

    /// Takes back what [#place] did, when what describes the disks could not be restored.
    void remove() throws IOException {
        for (Path file : placed) {
            Files.deleteIfExists(file);
        }
    }

    private @Nullable FileChannel of(String disk) throws IOException {
        if (disk.equals(open)) {
            return channel;
        }
        if (channel != null || !DiskBackup.isName(disk)) {
            throw new IOException("the backup is damaged: a disk begins in another, or has no name that a disk can have");
        }
        if (!seen.add(disk)) {
            throw new IOException("the backup is damaged: it holds the disk " + disk + " twice");
        }
        open = disk;
        if (Files.exists(folder.resolve(disk), LinkOption.NOFOLLOW_LINKS)) {
            kept.add(disk);
            return null;
        }
        Path draft = draft(disk);
        Files.createDirectories(draft.getParent());
        FileChannel opened = FileChannel.open(draft, NEW, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        written.add(draft);
        channel = opened;
        return opened;
    }

    /// As the engine names a disk that it is making, so that what a kill leaves is cleared away by it.
    private Path draft(String disk) {
        return folder.resolve(disk + ".part");
    }

    private void finish() throws IOException {
        FileChannel done = channel;
        channel = null;
        open = "";
        if (done != null) {
            done.close();
        }
    }

    @Override
    public void close() throws IOException {
        finish();
        for (Path draft : written) {
            Files.deleteIfExists(draft);
        }
    }
}
