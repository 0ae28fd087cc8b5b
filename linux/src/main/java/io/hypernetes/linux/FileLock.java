package io.hypernetes.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// An exclusive flock(2) of a file: held by the open file and so, unlike Java's own locks, also against other threads of this process;
/// gone with the process that holds it, however it ends.
public final class FileLock implements AutoCloseable {
    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final Libc FLOCK = Libc.function("flock");

    private final int descriptor;

    private FileLock(int descriptor) {
        this.descriptor = descriptor;
    }

    /// Takes the lock, making the file when it is not there; empty when someone else has it.
    public static Optional<FileLock> tryLock(Path file) {
        try {
            if (!Files.exists(file)) {
                Files.newByteChannel(
                                file,
                                java.nio.file.StandardOpenOption.CREATE,
                                java.nio.file.StandardOpenOption.WRITE)
                        .close();
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("making the lock file " + file, failure);
        }
        return tryLockThere(file);
    }

    /// As [#tryLock(Path)] with a file that is there.
    ///
    /// @throws ErrnoException ENOENT when it is not
    public static Optional<FileLock> tryLockThere(Path file) {
        int descriptor = Descriptors.openForReadingAndWriting(file);
        int result = FLOCK.tryCall(descriptor, LOCK_EX | LOCK_NB);
        if (result >= 0) {
            return Optional.of(new FileLock(descriptor));
        }
        Descriptors.close(descriptor);
        if (result == -ErrnoException.EAGAIN) {
            return Optional.empty();
        }
        throw new ErrnoException(FLOCK.name(), file.toString(), -result);
    }

    /// Takes the lock with an open descriptor, whose duplicates share it: a process that was given one goes on holding the lock.
    ///
    /// @param shared whether others may have it likewise
    /// @return false when someone else has it in a way that forbids this
    public static boolean tryLock(int descriptor, boolean shared) {
        int result = FLOCK.tryCall(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB);
        if (result < 0 && result != -ErrnoException.EAGAIN) {
            throw new ErrnoException(FLOCK.name(), "descriptor " + descriptor, -result);
        }
        return result >= 0;
    }

    /// Gives the lock back; the file stays.
    @Override
    public void close() {
        Descriptors.close(descriptor);
    }
}
