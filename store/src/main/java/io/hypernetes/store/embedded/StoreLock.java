package io.hypernetes.store.embedded;

import io.hypernetes.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Whose a store's folder is: one process's, and of that one store's. Our own, because the log is looked at before RocksDB takes its lock. By Java's lock, as to
/// link flock(2) takes a twentieth of a master's start; it is lost when any file of the lock's is closed in this process, so none is opened a second time.
final class StoreLock implements AutoCloseable {
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel file;

    private StoreLock(Path folder, FileChannel file) {
        this.folder = folder;
        this.file = file;
    }

    /// Takes the folder, which is there.
    ///
    /// @throws StoreUnavailableException when another has it, by a message that names it
    static StoreLock of(Path folder) throws IOException {
        Path real = folder.toRealPath();
        if (!HELD.add(real)) {
            throw taken(folder);
        }
        FileChannel file = null;
        boolean held = false;
        try {
            file = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (file.tryLock() == null) {
                throw taken(folder);
            }
            Files.writeString(owner(folder), "pid " + ProcessHandle.current().pid() + ", started "
                    + ProcessHandle.current().info().startInstant().map(Object::toString).orElse("at an unknown time"));
            held = true;
            return new StoreLock(real, file);
        } finally {
            if (!held) {
                try {
                    if (file != null) {
                        file.close();
                    }
                } finally {
                    HELD.remove(real);
                }
            }
        }
    }

    private static Path owner(Path folder) {
        return folder.resolve("owner");
    }

    private static StoreUnavailableException taken(Path folder) throws IOException {
        String holder = Files.exists(owner(folder)) ? Files.readString(owner(folder)) : "an unknown process";
        return new StoreUnavailableException("store " + folder + " is already open in another place (" + holder + "); stop that process or use another folder");
    }

    /// Gives it back; what names the holder goes before.
    @Override
    public void close() throws IOException {
        try {
            Files.deleteIfExists(owner(folder));
        } catch (IOException e) {
            // Only a hint for people.
        }
        try {
            file.close();
        } finally {
            HELD.remove(folder);
        }
    }
}
