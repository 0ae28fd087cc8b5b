package io.hypernetes.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A conversation with a part of the kernel's network, in the network namespace that the opening thread is in. Numbers are in the host's byte order. For
/// one thread.
final class Netlink implements AutoCloseable {
    static final int ROUTE = 0, NETFILTER = 12;

    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int SOL_SOCKET = 1, SO_RCVTIMEO = 20;
    private static final int BUFFER = 64 << 10, ATTRIBUTE = 4;
    private static final int PATIENCE_SECONDS = 5;

    private static final Libc SOCKET = Libc.function("socket");
    private static final Libc SEND = Libc.function("send");
    private static final Libc RECV = Libc.function("recv");
    private static final Libc SETSOCKOPT = Libc.function("setsockopt");

    private final int socket;

    private Netlink(int socket) {
        this.socket = socket;
    }

    /// @param with the part of the kernel
    static Netlink open(int with) {
        int socket = SOCKET.call("netlink", AF_NETLINK, SOCK_RAW_CLOEXEC, with);
        try (Arena arena = Arena.ofConfined()) {
            // The kernel answers at once; should it not, nobody waits for ever.
            MemorySegment patience = arena.allocate(ValueLayout.JAVA_LONG, 2);
            patience.setAtIndex(ValueLayout.JAVA_LONG, 0, PATIENCE_SECONDS);
            SETSOCKOPT.call("netlink", socket, SOL_SOCKET, SO_RCVTIMEO, patience.address(), patience.byteSize());
            return new Netlink(socket);
        } catch (RuntimeException failure) {
            Descriptors.close(socket);
            throw failure;
        }
    }

    /// What a message says beside its heads, padded as the next one needs it.
    static byte[] attribute(int type, byte... content) {
        ByteBuffer whole = ByteBuffer.allocate(ATTRIBUTE + (content.length + 3 & ~3)).order(ByteOrder.nativeOrder());
        whole.putShort((short) (ATTRIBUTE + content.length)).putShort((short) type).put(content);
        return whole.array();
    }

    void send(byte[] message) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, message);
            SEND.call("netlink", socket, bytes.address(), message.length, 0);
        }
    }

    ByteBuffer receive() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BUFFER);
            int got = RECV.call("netlink", socket, buffer.address(), BUFFER, 0);
            return ByteBuffer.wrap(buffer.asSlice(0, got).toArray(ValueLayout.JAVA_BYTE)).order(ByteOrder.nativeOrder());
        }
    }

    @Override
    public void close() {
        Descriptors.close(socket);
    }
}
