package io.hypernetes.hyperd.docker;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// The disk of a Docker container: a sparse file with a journalled file system, since it outlives machines that may end abruptly.
final class Ext4Disk {
    private static final long BYTES = 10L << 30;

    private Ext4Disk() {}

    static void make(Path file) {
        Path unfinished = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.deleteIfExists(unfinished);
            try (RandomAccessFile sparse = new RandomAccessFile(unfinished.toFile(), "rw")) {
                sparse.setLength(BYTES);
            }
            Process format = new ProcessBuilder("mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-J", "size=8", "-E",
                            "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0", unfinished.toString())
                    .redirectErrorStream(true)
                    .start();
            format.getOutputStream().close();
            String said = new String(format.getInputStream().readNBytes(2000)).strip();
            if (format.waitFor() != 0) {
                throw new IOException("mke2fs: " + said);
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException failure) {
            throw new DockerFailure(500, "the container's disk " + file + " could not be made: " + failure.getMessage() + "; is there room?");
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw new DockerFailure(500, "interrupted while the container's disk was made");
        }
    }
}
