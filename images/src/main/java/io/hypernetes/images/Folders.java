package io.hypernetes.images;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/// Files and folders of the store: durable moves, removal, the meaning of a disk's errors.
final class Folders {
    private Folders() {}

    /// Moves a synced file to its place so that after a loss of power it is there whole or not at all.
    static void place(Path file, Path target) throws IOException {
        Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
        sync(target.toAbsolutePath().getParent());
    }

    static void writeDurably(Path target, byte[] content) throws IOException {
        Path temporary = target.resolveSibling(target.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            java.nio.ByteBuffer bytes = java.nio.ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        place(temporary, target);
    }

    private static void sync(@Nullable Path folder) throws IOException {
        if (folder != null) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    /// How much of a file is there by now: nothing when it is not there.
    static long sizeOf(Path file) {
        return file.toFile().length();
    }

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e) throws IOException {
                Files.delete(dir);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /// What an error met while working on layer data means.
    static ImageException failure(IOException e, String what) {
        String said = String.valueOf(e.getMessage());
        if (said.contains("No space left") || (e instanceof FileSystemException f && String.valueOf(f.getReason()).contains("No space"))) {
            return new ImageException(ImageException.Reason.NO_SPACE, what + ": the disk is full; remove images or make room", e);
        }
        return new ImageException(
                e instanceof TooLargeException ? ImageException.Reason.TOO_LARGE : ImageException.Reason.CORRUPT,
                what + ": " + Text.shortened(said), e);
    }
}
