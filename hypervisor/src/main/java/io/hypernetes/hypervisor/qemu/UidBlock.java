package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.linux.FileLock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/// A block of user ids that one engine of this host has to itself: those of another cluster on the same host never give a machine an id that
/// a machine of ours has or is about to have.
///
/// A block is a locked file, and so is free again with the process that holds it, however that ends. The file names its last owner, who gets
/// the same block again as long as nobody else came; and as machines outlive their engine, nobody takes a block in which processes live.
final class UidBlock implements AutoCloseable {
    /// Ids a block: more than one host runs machines.
    static final int SIZE = 1024;

    private final int first;
    private final FileLock lock;

    private UidBlock(int first, FileLock lock) {
        this.first = first;
        this.lock = lock;
    }

    /// @param folder of the claims of all engines of this host; made when needed
    /// @param owner what tells this engine from others, the same at each start
    /// @param first first id of all blocks
    /// @param count ids of all blocks together
    static UidBlock claim(Path folder, String owner, int first, int count) {
        try {
            Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            List<Integer> others = new ArrayList<>();
            for (int block = 0; block < count / SIZE; block++) {
                if (owner(folder, block).equals(owner)) {
                    Optional<FileLock> lock = FileLock.tryLock(file(folder, block));
                    if (lock.isPresent()) {
                        return new UidBlock(first + block * SIZE, lock.get());
                    }
                } else {
                    others.add(block);
                }
            }
            // Each engine begins somewhere else, so that an engine that is down finds its block again.
            Collections.shuffle(others, new Random(owner.hashCode()));
            for (int block : others) {
                Optional<FileLock> lock = FileLock.tryLock(file(folder, block));
                if (lock.isPresent()) {
                    if (living().stream().noneMatch(within(first + block * SIZE)::contains)) {
                        Files.writeString(file(folder, block), owner);
                        return new UidBlock(first + block * SIZE, lock.get());
                    }
                    lock.get().close();
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("claiming user ids for machines in " + folder, failure);
        }
        throw new HypervisorException("all " + count / SIZE + " blocks of user ids from " + first + " on are claimed by other engines of this host or in use; see "
                + folder);
    }

    private static Path file(Path folder, int block) {
        return folder.resolve(Integer.toString(block));
    }

    private static String owner(Path folder, int block) throws IOException {
        try {
            return Files.readString(file(folder, block));
        } catch (NoSuchFileException never) {
            return "";
        }
    }

    private static Set<Integer> within(int first) {
        Set<Integer> ids = new HashSet<>();
        for (int i = 0; i < SIZE; i++) {
            ids.add(first + i);
        }
        return ids;
    }

    /// User ids of which the block consists.
    Uids uids(RandomGenerator random) {
        return new Uids(first, SIZE, random);
    }

    /// The owners of all processes now.
    static Set<Integer> living() {
        Set<Integer> owners = new HashSet<>();
        try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
            for (Path entry : (Iterable<Path>) entries.filter(p -> Character.isDigit(p.getFileName().toString().charAt(0)))::iterator) {
                try {
                    owners.add((Integer) Files.getAttribute(entry, "unix:uid"));
                } catch (NoSuchFileException ended) {
                    continue;
                }
            }
            return owners;
        } catch (IOException failure) {
            throw new UncheckedIOException("looking for user ids in use", failure);
        }
    }

    @Override
    public void close() {
        lock.close();
    }
}
