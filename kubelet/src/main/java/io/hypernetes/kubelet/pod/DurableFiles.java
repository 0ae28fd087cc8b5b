package io.hypernetes.kubelet.pod;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Small texts in files of one folder, each whole or not there, and on the disk when it was written. Thread-safe, also among several of one folder.
///
/// @param folder made when something is first written
record DurableFiles(Path folder) {
    private static final String HALF = ".";
    /// Each pod has an object of its own, and all of them have the one folder.
    private static final ReentrantLock CHANGING = new ReentrantLock();

    boolean has(String name) {
        return Files.exists(folder.resolve(name));
    }

    /// The names of all that are there.
    List<String> names() {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(file -> String.valueOf(file.getFileName())).filter(name -> !name.startsWith(HALF)).toList();
        } catch (NoSuchFileException | NotDirectoryException nothingYet) {
            return List.of();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    Optional<String> read(String name) {
        try {
            return Optional.of(Files.readString(folder.resolve(name)));
        } catch (NoSuchFileException gone) {
            return Optional.empty();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /// Writes a text, unless there is one of that name.
    void write(String name, String text) {
        changing(() -> {
            if (!has(name)) {
                put(name, text);
            }
        });
    }

    /// Writes a text in the place of another; nothing where there is none.
    void replace(String name, String text) {
        changing(() -> {
            if (has(name)) {
                put(name, text);
            }
        });
    }

    void remove(String name) {
        changing(() -> Files.deleteIfExists(folder.resolve(name)));
    }

    /// Does something with all names while nobody else changes anything here, without what a death left half-written.
    void exclusively(Consumer<List<String>> work) {
        changing(() -> {
            if (Files.isDirectory(folder)) {
                try (Stream<Path> all = Files.list(folder)) {
                    for (Path file : all.filter(each -> String.valueOf(each.getFileName()).startsWith(HALF)).toList()) {
                        Files.deleteIfExists(file);
                    }
                }
            }
            work.accept(names());
        });
    }

    private void put(String name, String text) throws IOException {
        Files.createDirectories(folder);
        Path whole = folder.resolve(HALF + UUID.randomUUID());
        try (FileChannel channel = FileChannel.open(whole, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(whole, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel entries = FileChannel.open(folder)) {
            entries.force(true);
        }
    }

    private interface Change {
        void run() throws IOException;
    }

    /// A thread that is to end, as the pod's is when the pod goes, would have its channels closed before they had written anything.
    private void changing(Change change) {
        boolean interrupted = Thread.interrupted();
        CHANGING.lock();
        try {
            change.run();
        } catch (IOException e) {
            throw failed(e);
        } finally {
            CHANGING.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private UncheckedIOException failed(IOException e) {
        return new UncheckedIOException("noting in " + folder + " who pulled an image; check the disk", e);
    }
}
