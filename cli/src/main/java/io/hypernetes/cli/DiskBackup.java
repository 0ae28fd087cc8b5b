package io.hypernetes.cli;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.linux.ErrnoException;
import io.hypernetes.linux.FileLock;
import io.hypernetes.linux.SparseFile;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Entry;
import io.hypernetes.store.backup.BackupItem;
import io.hypernetes.store.backup.BackupWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// The disks of claims on their way into a backup: of each PersistentVolume that is backed up and has its disk on this machine, what of that is not
/// zeros, a quarter of a MiB at a time.
///
/// A disk that a machine runs with is left out, since what is read piece by piece while it is written to is no disk of any instant. While one is read no
/// machine can begin with it: its pod is tried again a little later.
final class DiskBackup {
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?)?/[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?\\.disk");
    /// Of the core group, and no kind of a tenant's own that is called `core`.
    private static final Pattern VOLUME = Pattern.compile("/[^/]+/core/persistentvolumes/[^/]*/[^/]+");
    private static final int PART = 256 << 10;

    private final Path folder;
    /// More than one volume may describe a disk.
    private final Set<String> names = new LinkedHashSet<>();
    private final List<String> inUse = new ArrayList<>();

    /// @param folder where this machine's disks are
    DiskBackup(Path folder) {
        this.folder = folder;
    }

    /// The name of the disk that an entry of the store describes; empty when it is no PersistentVolume, or one of another kind.
    static Optional<String> nameOf(Entry entry) {
        if (!isVolume(entry)) {
            return Optional.empty();
        }
        JsonNode source = Json.readObject(entry.value()).path("spec").path("csi");
        if (!source.path("driver").asString("").equals(LocalVolume.DRIVER)) {
            return Optional.empty();
        }
        return Optional.of(LocalVolume.file(
                        ObjectKey.parse(entry.key()).tenant(),
                        source.path("volumeAttributes").path(LocalVolume.OWNER).asString(""),
                        source.path("volumeHandle").asString(""))).filter(DiskBackup::isName);
    }

    static boolean isVolume(Entry entry) {
        return VOLUME.matcher(entry.key()).matches();
    }

    /// Whether this can be the name of a disk, and so of a file below the folder of disks.
    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /// Whether the disk of a name is a tenant's; no tenant has a dot in its name.
    static boolean isOf(String name, String tenant) {
        return name.startsWith(tenant + "/") || name.startsWith(tenant + ".");
    }

    /// Notes the disk that an entry describes, if it is one.
    void saw(Entry entry) {
        nameOf(entry).ifPresent(names::add);
    }

    /// Adds those of the disks that were noted which are here and of which no machine is making use.
    void write(BackupWriter writer) throws IOException {
        for (String name : names) {
            Path file = folder.resolve(name);
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                continue;
            }
            Optional<FileLock> lock;
            try {
                lock = FileLock.tryLockThere(file);
            } catch (ErrnoException failure) {
                if (failure.errno() == ErrnoException.ENOENT) {
                    // It went with its claim a moment ago.
                    continue;
                }
                throw new IOException("the disk " + name + " cannot be read: " + failure.getMessage(), failure);
            }
            if (lock.isEmpty()) {
                inUse.add(name);
                continue;
            }
            try (FileLock _ = lock.get()) {
                if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    write(writer, name, file);
                }
            }
        }
    }

    /// Those that were left out since machines run with them.
    List<String> inUse() {
        return List.copyOf(inUse);
    }

    private static void write(BackupWriter writer, String name, Path file) throws IOException {
        long size = Files.size(file);
        var part = new ByteArrayOutputStream(PART);
        long[] begin = {0};
        byte[] digest = SparseFile.read(file, size, (offset, piece) -> {
            if (part.size() > 0 && (begin[0] + part.size() != offset || part.size() + piece.remaining() > PART)) {
                writer.part(new BackupItem.DiskPart(name, begin[0], part.toByteArray()));
                part.reset();
            }
            if (part.size() == 0) {
                begin[0] = offset;
            }
            part.write(piece.array(), piece.arrayOffset() + piece.position(), piece.remaining());
        });
        if (part.size() > 0) {
            writer.part(new BackupItem.DiskPart(name, begin[0], part.toByteArray()));
        }
        writer.end(new BackupItem.DiskEnd(name, size, digest));
    }
}
