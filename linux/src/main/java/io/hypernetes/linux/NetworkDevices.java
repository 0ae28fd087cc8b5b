package io.hypernetes.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/// Network devices and namespaces. Needs CAP_NET_ADMIN.
public final class NetworkDevices {
    private static final int O_RDWR_NONBLOCK = 0x2 | 0x800;
    private static final long TUNSETIFF = 0x400454caL;
    private static final int IFF_TAP = 0x2;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;
    private static final int IFREQ_SIZE = 40;
    private static final int IFNAMSIZ = 16;
    private static final long CLONE_NEWNET = 0x40000000;
    private static final Libc IOCTL = Libc.function("ioctl");
    private static final Libc UNSHARE = Libc.function("unshare");
    private static final Libc SETNS = Libc.function("setns");

    private NetworkDevices() {}

    /// Makes a tap whose frames carry a virtio-net header, in the network namespace of the calling thread. It vanishes when the last
    /// descriptor of it is closed.
    ///
    /// @param name at most 15 bytes
    /// @return the open descriptor
    public static int openTap(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length >= IFNAMSIZ) {
            throw new IllegalArgumentException("interface name " + name + " must have 1 to 15 bytes");
        }
        int tap = Descriptors.open("/dev/net/tun", O_RDWR_NONBLOCK);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_SIZE, 8);
            MemorySegment.copy(bytes, 0, request, ValueLayout.JAVA_BYTE, 0, bytes.length);
            request.set(ValueLayout.JAVA_SHORT, IFNAMSIZ, (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR));
            IOCTL.call("TUNSETIFF " + name, tap, TUNSETIFF, request.address());
            return tap;
        } catch (RuntimeException failure) {
            Descriptors.close(tap);
            throw failure;
        }
    }

    /// Runs something in a network namespace, on a thread of its own that ends with it.
    ///
    /// @param namespace a file that stands for the namespace, as `/run/netns/x`
    public static <T> T inNamespace(Path namespace, Supplier<T> action) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("netns-" + namespace.getFileName()).start(() -> {
            try {
                int entrance = Descriptors.openForReading(namespace);
                try {
                    SETNS.call(namespace, entrance, CLONE_NEWNET);
                } finally {
                    Descriptors.close(entrance);
                }
                result.complete(action.get());
            } catch (Throwable failure) {
                result.completeExceptionally(failure);
            }
        });
        try {
            return result.join();
        } catch (CompletionException failure) {
            throw failure.getCause() instanceof RuntimeException cause ? cause : failure;
        }
    }

    /// Puts the calling thread, which must be a platform thread, into a new empty network namespace. Processes and descriptors that it
    /// makes from now on belong there; the namespace ends with the last of them.
    public static void enterNewNamespace() {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a virtual thread has no network namespace of its own");
        }
        UNSHARE.call("CLONE_NEWNET", CLONE_NEWNET);
    }
}
