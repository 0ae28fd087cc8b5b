package io.hypernetes.hyperd.sandbox;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.SparseFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// The checkpoints on disk, a folder each: `checkpoint.json`, `memory` and `disk`. One that has its name is complete and on disk; what is being
/// made or removed has a name with a dot in front. They hold all that the pods knew, so only root reads them. Safe for use by many threads, as
/// long as one at a time deals with a name.
final class CheckpointFolder {
    private static final String MANIFEST = "checkpoint.json", MEMORY = "memory", DISK = "disk";
    private static final String NAME = "[a-z0-9]([a-z0-9.-]{0,100}[a-z0-9])?";
    private static final List<String> FILES = List.of(MANIFEST, MEMORY, DISK);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path folder;

    /// Makes the folder, and removes from it what an earlier process did not finish.
    CheckpointFolder(Path folder) {
        this.folder = folder;
        try {
            Files.createDirectories(folder);
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
            try (Stream<Path> entries = Files.list(folder)) {
                for (Path entry : entries.filter(path -> String.valueOf(path.getFileName()).startsWith(".")).toList()) {
                    deleteAll(entry);
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("making the folder of checkpoints, " + folder, failure);
        }
    }

    /// A checkpoint in the making.
    final class Draft implements AutoCloseable {
        private final String name;
        private final Path draft;

        private Draft(String name) throws IOException {
            this.name = name;
            this.draft = folder.resolve("." + name);
            deleteAll(draft);
            Files.createDirectory(draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }

        /// Where the memory belongs.
        Path memory() {
            return draft.resolve(MEMORY);
        }

        /// @return its digest
        String addDisk(Path disk) throws IOException {
            return HexFormat.of().formatHex(SparseFile.copy(disk, draft.resolve(DISK)));
        }

        String memoryDigest() throws IOException {
            return digest(memory());
        }

        /// Gives it its name, when all is on disk.
        void publish(Checkpoint checkpoint) throws IOException {
            describe(checkpoint);
            Descriptors.syncFolder(draft);
            Files.move(draft, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            Descriptors.syncFolder(folder);
        }

        /// Completes it without giving it its name.
        void describe(Checkpoint checkpoint) throws IOException {
            try (FileChannel file = FileChannel.open(draft.resolve(MANIFEST), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(checkpoint));
                while (bytes.hasRemaining()) {
                    file.write(bytes);
                }
                file.force(true);
            }
        }

        /// Writes it, complete, to one file.
        void pack(Path location, Duration limit) throws IOException {
            CheckpointArchive.pack(draft, FILES, location, limit);
        }

        /// Removes what was not published.
        @Override
        public void close() throws IOException {
            deleteAll(draft);
        }
    }

    /// @throws HyperdException when the name cannot be one or is taken
    Draft begin(String name) throws IOException {
        if (!name.matches(NAME)) {
            throw HyperdException.invalid("A checkpoint cannot be named '" + name + "': a name has 1 to 102 of a-z, 0-9, '-' and '.', and begins and ends with one of a-z and 0-9.");
        }
        if (exists(name)) {
            throw new HyperdException(
                    HyperdException.Kind.WRONG_STATE, "There is a checkpoint " + name + " already. Choose another name, or remove it first.");
        }
        return new Draft(name);
    }

    /// Takes in a checkpoint from an archive, under the name that it was written with.
    ///
    /// @throws HyperdException when the archive holds none, or its name is taken
    Checkpoint admit(Path archive) throws IOException {
        Path unpacked = folder.resolve(".archive-" + UUID.randomUUID());
        Files.createDirectory(unpacked, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try {
            CheckpointArchive.unpack(archive, FILES, unpacked);
            Checkpoint checkpoint = read("in " + archive, unpacked);
            // Refuses what cannot be a name, or is taken; nothing of this draft is used.
            begin(checkpoint.name()).close();
            Descriptors.syncFolder(unpacked);
            Files.move(unpacked, folder.resolve(checkpoint.name()), StandardCopyOption.ATOMIC_MOVE);
            Descriptors.syncFolder(folder);
            return checkpoint;
        } finally {
            deleteAll(unpacked);
        }
    }

    boolean exists(String name) {
        return name.matches(NAME) && Files.exists(folder.resolve(name));
    }

    /// What a checkpoint says of itself; its other files are not looked at.
    Checkpoint describe(String name) {
        if (!exists(name)) {
            throw HyperdException.notFound("There is no checkpoint " + name + " on this node.");
        }
        return read(name, folder.resolve(name));
    }

    private static Checkpoint read(String name, Path from) {
        try {
            Checkpoint checkpoint = JSON.readValue(Files.readAllBytes(from.resolve(MANIFEST)), Checkpoint.class);
            if (checkpoint.format() != Checkpoint.FORMAT) {
                throw HyperdException.unsupported("Checkpoint " + name + " has format " + checkpoint.format() + "; this version reads format " + Checkpoint.FORMAT + ".");
            }
            return checkpoint;
        } catch (JacksonException | IOException failure) {
            throw damaged(name, MANIFEST + " cannot be read: " + failure.getMessage());
        }
    }

    /// As [#describe], when every byte is as it was written.
    Checkpoint verified(String name) {
        Checkpoint checkpoint = describe(name);
        try {
            if (!digest(memory(name)).equals(checkpoint.memoryDigest())) {
                throw damaged(name, MEMORY + " is not what was written");
            }
            if (!digest(folder.resolve(name).resolve(DISK)).equals(checkpoint.diskDigest())) {
                throw damaged(name, DISK + " is not what was written");
            }
            return checkpoint;
        } catch (IOException failure) {
            throw damaged(name, failure.toString());
        }
    }

    private static HyperdException damaged(String name, String how) {
        return new HyperdException(
                HyperdException.Kind.UNAVAILABLE, "Checkpoint " + name + " is damaged: " + how + ". It cannot be restored; remove it.");
    }

    Path memory(String name) {
        return folder.resolve(name).resolve(MEMORY);
    }

    /// Puts the disk as it was to a new file.
    void copyDisk(String name, Path to) throws IOException {
        Files.deleteIfExists(to);
        SparseFile.copy(folder.resolve(name).resolve(DISK), to);
    }

    List<String> names() {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.map(entry -> String.valueOf(entry.getFileName())).filter(name -> name.matches(NAME)).sorted().toList();
        } catch (IOException failure) {
            throw new UncheckedIOException("listing " + folder, failure);
        }
    }

    /// Removes a checkpoint; nothing happens when there is none.
    void remove(String name) throws IOException {
        if (exists(name)) {
            Path dying = folder.resolve("." + name);
            deleteAll(dying);
            Files.move(folder.resolve(name), dying, StandardCopyOption.ATOMIC_MOVE);
            Descriptors.syncFolder(folder);
            deleteAll(dying);
        }
    }

    private static String digest(Path file) throws IOException {
        return HexFormat.of().formatHex(SparseFile.digest(file));
    }

    private static void deleteAll(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        List<Path> all = new ArrayList<>();
        try (Stream<Path> found = Files.walk(path)) {
            found.sorted(Comparator.reverseOrder()).forEach(all::add);
        }
        for (Path one : all) {
            Files.delete(one);
        }
    }
}
