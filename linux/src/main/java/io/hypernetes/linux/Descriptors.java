package io.hypernetes.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;

/// Raw file descriptors, by number. Stateless and safe for use by many threads; whoever opened a descriptor closes it once.
///
/// Every descriptor made here is closed on exec; a child gets exactly those that its [Spawn] names.
public final class Descriptors {
    private static final int O_RDWR = 2;
    private static final int O_WRONLY = 1;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_DIRECTORY = 0x10000;
    private static final int O_CLOEXEC = 0x80000;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int F_ADD_SEALS = 1033;
    /// Seal, shrink, grow, write.
    private static final int ALL_SEALS = 0x1 | 0x2 | 0x4 | 0x8;
    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_ALLOW_SEALING = 2;
    /// struct stat, larger than on any architecture; where the number of blocks is, the same on x86-64 and arm64.
    private static final int STAT_SIZE = 256;
    private static final int ST_BLOCKS = 64;
    private static final long STAT_BLOCK = 512;
    private static final int LARGEST_TRANSFER = 1 << 20;

    private static final Libc CLOSE = Libc.function("close");
    private static final Libc OPEN = Libc.function("open");
    private static final Libc FCNTL = Libc.function("fcntl");
    private static final Libc FSYNC = Libc.function("fsync");
    private static final Libc MEMFD_CREATE = Libc.function("memfd_create");
    private static final Libc READ = Libc.function("read");
    private static final Libc WRITE = Libc.function("write");
    private static final Libc FTRUNCATE = Libc.function("ftruncate");
    private static final Libc FSTAT = Libc.function("fstat");
    private static final Libc MKFIFO = Libc.function("mkfifo");
    private static final Libc PIPE2 = Libc.function("pipe2");

    private Descriptors() {}

    /// Closes descriptor `number`; see close(2). Errors of close are of no use to a caller and are not reported.
    public static void close(int number) {
        CLOSE.tryCall(number);
    }

    /// Opens a file or device for reading.
    public static int openForReading(Path path) {
        return open(path.toString(), 0);
    }

    /// Opens an existing file or device for reading and writing.
    public static int openForReadingAndWriting(Path path) {
        return open(path.toString(), O_RDWR);
    }

    static int open(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            return OPEN.call(path, arena.allocateFrom(path).address(), flags | O_CLOEXEC);
        }
    }

    /// Another descriptor of the same open file, with the lowest free number that is at least `lowest`.
    public static int duplicate(int number, int lowest) {
        return FCNTL.call("descriptor " + number, number, F_DUPFD_CLOEXEC, lowest);
    }

    /// Makes a named pipe that only its owner may use.
    public static void makeFifo(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            MKFIFO.call(path, arena.allocateFrom(path.toString()).address(), 0600);
        }
    }

    /// Opens the reading end of a named pipe without waiting for a writer.
    public static int openFifoForReading(Path path) {
        return open(path.toString(), O_NONBLOCK);
    }

    /// Opens the writing end of a named pipe, which must have a reader. Writes to it never wait: what does not fit is refused.
    public static int openFifoForWriting(Path path) {
        return open(path.toString(), O_WRONLY | O_NONBLOCK);
    }

    /// A pipe: the end to read, then the end to write.
    public static int[] pipe() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
            PIPE2.call("", ends.address(), O_CLOEXEC);
            return new int[] {ends.getAtIndex(ValueLayout.JAVA_INT, 0), ends.getAtIndex(ValueLayout.JAVA_INT, 1)};
        }
    }

    /// An anonymous file in memory with this content, which the descriptor returned can only read.
    ///
    /// @param name what /proc shows
    public static int readOnlyMemoryFile(String name, byte[] content) {
        int writable;
        try (Arena arena = Arena.ofConfined()) {
            writable = MEMFD_CREATE.call(name, arena.allocateFrom(name).address(), MFD_CLOEXEC);
        }
        try {
            write(writable, content);
            return open("/proc/self/fd/" + writable, 0);
        } finally {
            close(writable);
        }
    }

    /// An empty anonymous file in memory that can be written, and later be sealed. Only pages that are written take room.
    ///
    /// @param name what /proc shows
    /// @param bytes its size
    public static int memoryFile(String name, long bytes) {
        int file;
        try (Arena arena = Arena.ofConfined()) {
            file = MEMFD_CREATE.call(name, arena.allocateFrom(name).address(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
        }
        try {
            FTRUNCATE.call(name, file, bytes);
            return file;
        } catch (RuntimeException failure) {
            close(file);
            throw failure;
        }
    }

    /// Makes a file of [#memoryFile] unchangeable for ever, for everybody, whatever descriptor they have of it. Refused while somebody
    /// has it mapped for writing.
    public static void seal(int number) {
        FCNTL.call("sealing descriptor " + number, number, F_ADD_SEALS, ALL_SEALS);
    }

    /// What the file behind a descriptor takes on its disk, or in memory, in bytes: holes take nothing.
    public static long allocatedBytes(int number) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(STAT_SIZE, 8);
            FSTAT.call("descriptor " + number, number, status.address());
            return status.get(ValueLayout.JAVA_LONG, ST_BLOCKS) * STAT_BLOCK;
        }
    }

    /// Opens the file behind a descriptor of ours once more, for reading from its beginning.
    public static int reopenForReading(int number) {
        return open("/proc/self/fd/" + number, 0);
    }

    /// Writes all bytes to a file, or to a pipe or terminal whose reader keeps up: it may hold up the thread in the kernel.
    public static void write(int number, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment native_ = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            for (long done = 0; done < bytes.length; ) {
                done += WRITE.call("descriptor " + number, number, native_.address() + done, bytes.length - done);
            }
        }
    }

    /// Reads what is there into `into`, at most 1 MiB; 0 at the end of the file. Holds up the thread in the kernel until there is
    /// something: use [#awaitReadable] first where that may take long.
    public static int read(int number, byte[] into) {
        try (Arena arena = Arena.ofConfined()) {
            int size = Math.min(into.length, LARGEST_TRANSFER);
            MemorySegment native_ = arena.allocate(size);
            int got = READ.call("descriptor " + number, number, native_.address(), size);
            MemorySegment.copy(native_, ValueLayout.JAVA_BYTE, 0, into, 0, got);
            return got;
        }
    }

    /// Waits until a read of the descriptor would not block, or at most `timeout`; whether that came true. A virtual thread waiting
    /// here holds no carrier.
    public static boolean awaitReadable(int number, Duration timeout) throws InterruptedException {
        return Readiness.await(number, Readiness.READABLE, timeout);
    }

    /// Likewise for a write.
    public static boolean awaitWritable(int number, Duration timeout) throws InterruptedException {
        return Readiness.await(number, Readiness.WRITABLE, timeout);
    }

    /// Makes the names in a folder durable: files made, renamed or removed in it survive the loss of power.
    public static void syncFolder(Path folder) {
        int descriptor = open(folder.toString(), O_DIRECTORY);
        try {
            FSYNC.call(folder, descriptor);
        } finally {
            close(descriptor);
        }
    }
}
