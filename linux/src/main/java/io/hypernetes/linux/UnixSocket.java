package io.hypernetes.linux;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BinaryOperator;
import java.util.function.Function;

/// A stream socket in the file system, by raw descriptor: to be inherited by a child or to carry descriptors, which Java's own
/// channels cannot. For use by one reader and one writer at a time.
public final class UnixSocket implements AutoCloseable {
    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM_CLOEXEC = 1 | 0x80000;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int O_PATH = 0x200000;
    private static final int LONGEST_PATH = 107;
    private static final int ADDRESS_SIZE = 110;

    private static final int SOCK_SEQPACKET_CLOEXEC = 5 | 0x80000;

    private static final Libc SOCKETPAIR = Libc.function("socketpair");
    private static final Libc SOCKET = Libc.function("socket");
    private static final Libc BIND = Libc.function("bind");
    private static final Libc LISTEN = Libc.function("listen");
    private static final Libc CONNECT = Libc.function("connect");
    private static final Libc SENDMSG = Libc.function("sendmsg");
    private static final Libc RECV = Libc.function("recv");

    private final int descriptor;
    private final Path path;

    private UnixSocket(int descriptor, Path path) {
        this.descriptor = descriptor;
        this.path = path;
    }

    /// Binds `path`, which must not exist, and listens. The file's mode follows the umask: keep it in a folder of mode 0700.
    ///
    /// @return the listening descriptor, blocking, as a child expects it
    public static int listen(Path path, int backlog) {
        int socket = SOCKET.call(path, AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
        try {
            withAddress(path, (address, size) -> (long) BIND.call(path, socket, address, size));
            LISTEN.call(path, socket, backlog);
            return socket;
        } catch (RuntimeException failure) {
            Descriptors.close(socket);
            throw failure;
        }
    }

    /// Connects to a listening socket.
    public static UnixSocket connect(Path path) {
        int socket = SOCKET.call(path, AF_UNIX, SOCK_STREAM_CLOEXEC | SOCK_NONBLOCK, 0);
        try {
            withAddress(path, (address, size) -> (long) CONNECT.call(path, socket, address, size));
            return new UnixSocket(socket, path);
        } catch (RuntimeException failure) {
            Descriptors.close(socket);
            throw failure;
        }
    }

    /// Two connected ends that keep messages apart: each [#send] is one [#receive] on the other side.
    ///
    /// @param ours non-blocking
    /// @param theirs a blocking descriptor for a child; the caller closes its own copy
    public record Pair(UnixSocket ours, int theirs) {}

    /// @param name for messages
    public static Pair pair(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment both = arena.allocate(8, 4);
            SOCKETPAIR.call(name, AF_UNIX, SOCK_SEQPACKET_CLOEXEC, 0, both.address());
            return new Pair(new UnixSocket(both.get(ValueLayout.JAVA_INT, 0), Path.of(name)), both.get(ValueLayout.JAVA_INT, 4));
        }
    }

    /// Sends all bytes; the first of them carries the descriptors, of which the peer gets copies.
    ///
    /// @throws SocketTimeoutException when the peer does not take them within `timeout`
    /// @throws IOException when the peer is gone
    public void send(byte[] bytes, int[] descriptors, Duration timeout) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            MemorySegment message = arena.allocate(56, 8);
            MemorySegment vector = arena.allocate(16, 8);
            message.set(ValueLayout.JAVA_LONG, 16, vector.address());
            message.set(ValueLayout.JAVA_LONG, 24, 1);
            if (descriptors.length > 0) {
                MemorySegment control = control(arena, descriptors);
                message.set(ValueLayout.JAVA_LONG, 32, control.address());
                message.set(ValueLayout.JAVA_LONG, 40, control.byteSize());
            }
            for (long done = 0; done < bytes.length; ) {
                vector.set(ValueLayout.JAVA_LONG, 0, data.address() + done);
                vector.set(ValueLayout.JAVA_LONG, 8, bytes.length - done);
                int sent = SENDMSG.tryCall(descriptor, message.address(), MSG_DONTWAIT | MSG_NOSIGNAL);
                if (sent >= 0) {
                    done += sent;
                    message.set(ValueLayout.JAVA_LONG, 32, 0);
                    message.set(ValueLayout.JAVA_LONG, 40, 0);
                } else if (sent == -ErrnoException.EAGAIN) {
                    Duration left = Duration.ofNanos(deadline - System.nanoTime());
                    if (left.isNegative() || !Descriptors.awaitWritable(descriptor, left)) {
                        throw new SocketTimeoutException("the peer on " + path + " took nothing for " + timeout.toMillis() + " ms");
                    }
                } else if (sent != -ErrnoException.EINTR) {
                    throw new IOException(new ErrnoException(SENDMSG.name(), path.toString(), -sent));
                }
            }
        }
    }

    private static MemorySegment control(Arena arena, int[] descriptors) {
        int length = 16 + 4 * descriptors.length;
        MemorySegment control = arena.allocate((length + 7) & ~7, 8);
        control.set(ValueLayout.JAVA_LONG, 0, length);
        control.set(ValueLayout.JAVA_INT, 8, SOL_SOCKET);
        control.set(ValueLayout.JAVA_INT, 12, SCM_RIGHTS);
        for (int i = 0; i < descriptors.length; i++) {
            control.set(ValueLayout.JAVA_INT, 16 + 4L * i, descriptors[i]);
        }
        return control;
    }

    /// Receives what has come, at least one byte.
    ///
    /// @throws EOFException when the peer has closed
    /// @throws SocketTimeoutException when nothing comes within `timeout`
    public int receive(byte[] into, Duration timeout) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(into.length);
            while (true) {
                int got = RECV.tryCall(descriptor, data.address(), into.length, MSG_DONTWAIT);
                if (got > 0) {
                    MemorySegment.copy(data, ValueLayout.JAVA_BYTE, 0, into, 0, got);
                    return got;
                }
                if (got == 0) {
                    throw new EOFException("the peer on " + path + " closed the connection");
                }
                if (got == -ErrnoException.EAGAIN) {
                    Duration left = Duration.ofNanos(deadline - System.nanoTime());
                    if (left.isNegative() || !Descriptors.awaitReadable(descriptor, left)) {
                        throw new SocketTimeoutException("the peer on " + path + " sent nothing for " + timeout.toMillis() + " ms");
                    }
                } else if (got != -ErrnoException.EINTR) {
                    throw new IOException(new ErrnoException(RECV.name(), path.toString(), -got));
                }
            }
        }
    }

    @Override
    public void close() {
        Descriptors.close(descriptor);
    }

    /// Runs `action` with a path that fits into a socket address (107 bytes) and leads to the same socket file: a long one is named
    /// through a descriptor of its folder, which is open during the action.
    public static <T> T withShortPath(Path path, Function<Path, T> action) {
        if (path.toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST_PATH) {
            return action.apply(path);
        }
        Path parent = Objects.requireNonNull(path.toAbsolutePath().getParent());
        int folder = Descriptors.open(parent.toString(), O_PATH);
        try {
            return action.apply(Path.of("/proc/self/fd/" + folder, path.getFileName().toString()));
        } finally {
            Descriptors.close(folder);
        }
    }

    private static int withAddress(Path path, BinaryOperator<Long> action) {
        return withShortPath(path, fitting -> {
            byte[] name = fitting.toString().getBytes(StandardCharsets.UTF_8);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment address = arena.allocate(ADDRESS_SIZE, 8);
                address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
                MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
                return action.apply(address.address(), 2L + name.length + 1).intValue();
            }
        });
    }
}
