package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.volume.Ext4Disk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The writable disks of the pods: one sparse file each, formatted here, so that the guest needs no mkfs. What was never written
/// takes no room. Safe for use by many threads.
final class ScratchDisks {
    private static final String SUFFIX = ".scratch";
    private static final int FORMAT_SECONDS = 60;

    private static final int MOST_FORMS = 8;
    private static final int KEY_BYTES = 16;

    private final Path folder;
    private final Map<Form, BlankExt4> forms = new ConcurrentHashMap<>();
    private final SecureRandom random = new SecureRandom();

    /// What is asked of mke2fs.
    private record Form(long bytes, boolean quotas) {}

    ScratchDisks(Path folder) {
        this.folder = folder;
        try {
            Files.createDirectories(folder);
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        } catch (IOException failure) {
            throw new UncheckedIOException("making the folder of the pods' disks, " + folder, failure);
        }
    }

    Path file(String sandboxId) {
        return folder.resolve(sandboxId + SUFFIX);
    }

    /// Makes the disk of a sandbox anew.
    Path make(String sandboxId, long bytes) {
        return make(sandboxId, bytes, false);
    }

    /// Makes the disk of a sandbox anew.
    ///
    /// @param quotas whether folders on it can be given limits of their own
    Path make(String sandboxId, long bytes, boolean quotas) {
        Path disk = file(sandboxId);
        try {
            Files.deleteIfExists(disk);
            try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
                file.setLength(bytes);
            }
            Files.setPosixFilePermissions(disk, PosixFilePermissions.fromString("rw-------"));
            Form form = new Form(bytes, quotas);
            BlankExt4 known = forms.get(form);
            if (known != null) {
                byte[] key = new byte[KEY_BYTES];
                random.nextBytes(key);
                known.write(disk, key);
                return disk;
            }
            format(disk, quotas);
            if (forms.size() < MOST_FORMS) {
                BlankExt4.of(disk).ifPresent(blank -> forms.put(form, blank));
            }
            return disk;
        } catch (IOException failure) {
            throw new HyperdException(
                    HyperdException.Kind.UNAVAILABLE,
                    "Sandbox " + sandboxId + ": its disk " + disk + " (" + bytes + " bytes) could not be made: "
                            + failure.getMessage() + ". Is there room, and is e2fsprogs installed?",
                    failure);
        }
    }

    /// What the disk of a sandbox takes here, in bytes: holes take nothing. 0 when it has none.
    long usedBytes(String sandboxId) {
        return Ext4Disk.usedBytes(file(sandboxId));
    }

    void remove(String sandboxId) {
        try {
            Files.deleteIfExists(file(sandboxId));
        } catch (IOException failure) {
            throw new UncheckedIOException("removing " + file(sandboxId), failure);
        }
    }

    /// The sandboxes that have a disk now.
    Set<String> present() {
        try (Stream<Path> files = Files.list(folder)) {
            Set<String> ids = new TreeSet<>();
            files.map(Path::getFileName)
                    .map(Path::toString)
                    .filter(name -> name.endsWith(SUFFIX))
                    .forEach(name -> ids.add(name.substring(0, name.length() - SUFFIX.length())));
            return ids;
        } catch (IOException failure) {
            throw new UncheckedIOException("listing " + folder, failure);
        }
    }

    // No journal: the content never outlives the machine. Never resized, so no room for that. No reserved blocks: the limit is what the tenant was promised.
    // Inode tables stay unwritten, which the kernel takes for empty ones.
    private static void format(Path disk, boolean quotas) throws IOException {
        Process mke2fs = new ProcessBuilder(
                        "mke2fs", "-q", "-F", "-t", "ext4", "-O", quotas ? "^has_journal,^resize_inode,quota,project" : "^has_journal,^resize_inode", "-m", "0", "-E",
                        "lazy_itable_init=1,nodiscard,root_owner=0:0" + (quotas ? ",quotatype=prjquota" : ""), disk.toString())
                .redirectErrorStream(true)
                .start();
        mke2fs.getOutputStream().close();
        try {
            if (!mke2fs.waitFor(FORMAT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("mke2fs did not end within " + FORMAT_SECONDS + " s");
            }
            if (mke2fs.exitValue() != 0) {
                throw new IOException("mke2fs: " + new String(mke2fs.getInputStream().readNBytes(2000)).strip());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while mke2fs ran", interrupted);
        } finally {
            mke2fs.destroyForcibly();
        }
    }
}
