package io.hypernetes.linux;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Changes of network interfaces (rtnetlink), in the network namespace of the calling thread. Needs CAP_NET_ADMIN.
public final class Links {
    private static final int NEWLINK = 16, GETLINK = 18, ERROR = 2, REQUEST = 1, ACKNOWLEDGE = 4;
    private static final int HEADER = 16, INTERFACE = 16, LARGEST = 512;
    private static final int NAME = 3, MTU = 4, MASTER = 10, LINK_INFO = 18, OF_FAMILY = 26, NAMESPACE = 28;
    private static final int SLAVE_KIND = 4, SLAVE_DATA = 5;
    private static final int AF_INET6 = 10, ADDRESS_MODE = 8, NO_ADDRESS = 1;
    private static final int UP = 1;

    private Links() {}

    /// How a port of a bridge differs from an ordinary one.
    public enum Port {
        /// Cut off from other ports that are.
        ISOLATED(33),
        /// A frame may leave by the port by which it came.
        HAIRPIN(4);

        private final int attribute;

        Port(int attribute) {
            this.attribute = attribute;
        }
    }

    /// Whether there is an interface of this name.
    public static boolean exists(String name) {
        return find(name) != 0;
    }

    /// Moves an interface into another namespace, where it arrives shut down. Whoever has it open keeps it.
    ///
    /// @param namespace a file that stands for it
    /// @throws ErrnoException when there is no such interface, or one of its name there
    public static void move(String name, Path namespace) {
        int file = Descriptors.openForReading(namespace);
        try {
            change("moving " + name + " to " + namespace, 0, named(name).put(number(NAMESPACE, file)));
        } finally {
            Descriptors.close(file);
        }
    }

    /// Makes an interface a port of a bridge, and only then lets it run: without an IPv6 address of its own.
    ///
    /// @throws ErrnoException when one of them is not there
    public static void join(String name, String bridge, int mtu, Port port) {
        String what = "joining " + name + " to " + bridge;
        byte[] noAddress = Netlink.attribute(OF_FAMILY, Netlink.attribute(AF_INET6, Netlink.attribute(ADDRESS_MODE, (byte) NO_ADDRESS)));
        change(what, 0, named(name).put(number(MTU, mtu)).put(noAddress).put(number(MASTER, index(bridge))));
        byte[] kind = Netlink.attribute(SLAVE_KIND, "bridge\0".getBytes(StandardCharsets.UTF_8)), data = Netlink.attribute(SLAVE_DATA, Netlink.attribute(port.attribute, (byte) 1));
        change(what, UP, named(name).put(Netlink.attribute(LINK_INFO, ByteBuffer.allocate(kind.length + data.length).put(kind).put(data).array())));
    }

    private static int index(String name) {
        int index = find(name);
        if (index == 0) {
            throw new ErrnoException("netlink", name, ErrnoException.ENODEV);
        }
        return index;
    }

    /// Its number, or 0. Not by `if_nametoindex`: for a name that is not there, as of a tap whose machine has ended, that has the kernel look for a module.
    private static int find(String name) {
        ByteBuffer answer = ask(GETLINK, REQUEST, 0, named(name));
        if (answer.remaining() >= HEADER + 8 && answer.getShort(4) == NEWLINK) {
            return answer.getInt(HEADER + 4);
        }
        int error = error("looking for " + name, answer);
        if (error != ErrnoException.ENODEV) {
            throw new ErrnoException("netlink", "looking for " + name, error);
        }
        return 0;
    }

    private static ByteBuffer named(String name) {
        return ByteBuffer.allocate(LARGEST).order(ByteOrder.nativeOrder()).put(Netlink.attribute(NAME, (name + "\0").getBytes(StandardCharsets.UTF_8)));
    }

    private static byte[] number(int type, int value) {
        return Netlink.attribute(type, ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(value).array());
    }

    private static void change(String what, int flags, ByteBuffer attributes) {
        int error = error(what, ask(NEWLINK, REQUEST | ACKNOWLEDGE, flags, attributes));
        if (error != 0) {
            throw new ErrnoException("netlink", what, error);
        }
    }

    private static ByteBuffer ask(int type, int how, int flags, ByteBuffer attributes) {
        attributes.flip();
        ByteBuffer message = ByteBuffer.allocate(HEADER + INTERFACE + attributes.remaining()).order(ByteOrder.nativeOrder());
        message.putInt(message.capacity()).putShort((short) type).putShort((short) how).putInt(1).putInt(0);
        // Of any family and type, found by its name.
        message.putInt(0).putInt(0).putInt(flags).putInt(flags).put(attributes);
        try (Netlink socket = Netlink.open(Netlink.ROUTE)) {
            socket.send(message.array());
            return socket.receive();
        }
    }

    private static int error(String what, ByteBuffer answer) {
        if (answer.remaining() < HEADER + 4 || answer.getShort(4) != ERROR) {
            throw new IllegalStateException(what + ": the kernel gave no answer that fits");
        }
        return -answer.getInt(HEADER);
    }
}
