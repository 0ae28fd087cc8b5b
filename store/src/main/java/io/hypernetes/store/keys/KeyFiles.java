package io.hypernetes.store.keys;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/// Small secret files: made in one step, mode 0600, and overwritten before they are removed.
final class KeyFiles {
    private KeyFiles() {}

    static void folder(Path folder) throws IOException {
        Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    static void write(Path file, byte[] content) throws IOException {
        Path made = file.resolveSibling("." + file.getFileName());
        Files.deleteIfExists(made);
        try (FileChannel channel = FileChannel.open(
                made,
                Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            fill(channel, content);
        }
        Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
        sync(file);
    }

    /// What the disk itself keeps of a block that was overwritten is beyond us; the master key protects that.
    static void destroy(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            fill(channel, new byte[(int) channel.size()]);
        } catch (NoSuchFileException e) {
            return;
        }
        Files.deleteIfExists(file);
        sync(file);
    }

    private static void fill(FileChannel channel, byte[] content) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(content);
        while (left.hasRemaining()) {
            channel.write(left);
        }
        channel.force(true);
    }

    private static void sync(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
