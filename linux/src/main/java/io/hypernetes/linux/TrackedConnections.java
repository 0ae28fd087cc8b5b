package io.hypernetes.linux;

import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The kernel's table of connections, in the network namespace of the calling thread (ctnetlink). Needs CAP_NET_ADMIN.
///
/// The table is read whole and entries are removed one by one, since kernels before 6.9 cannot be asked for more.
public final class TrackedConnections {
    private static final int AF_INET = 2;

    private static final int GET = 0x101, DELETE = 0x102;
    private static final int ERROR = 2, DONE = 3;
    private static final int REQUEST = 1, ACKNOWLEDGE = 4, DUMP = 0x300;

    private static final int HEADER = 16, FAMILY_HEADER = 4, ATTRIBUTE = 4;
    private static final int NESTED = 0x8000, TYPE_MASK = 0x3fff;
    private static final int TUPLE_ORIGINAL = 1, TUPLE_REPLY = 2, TUPLE_ADDRESSES = 1, TUPLE_PROTOCOL = 2, SOURCE_V4 = 1, NUMBER = 1, SOURCE_PORT = 2;

    private static final int UDP = 17;


    private TrackedConnections() {}

    /// Forgets every flow of UDP that is answered by this address and port, so that its client's next datagram counts as the first of a
    /// new one.
    ///
    /// @param address IPv4 address
    /// @return how many there were
    public static int forgetUdpAnsweredBy(String address, int port) {
        byte[] source = new byte[4];
        String[] parts = address.split("\\.");
        for (int i = 0; i < source.length; i++) {
            source[i] = (byte) Integer.parseInt(parts[i]);
        }
        try (Netlink socket = Netlink.open(Netlink.NETFILTER)) {
            List<byte[]> found = find(socket, source, port);
            found.forEach(tuple -> delete(socket, tuple));
            return found.size();
        }
    }

    /// The original tuples, as they came, of the entries that fit.
    private static List<byte[]> find(Netlink socket, byte[] source, int port) {
        socket.send(message(GET, REQUEST | DUMP, new byte[0]));
        List<byte[]> found = new ArrayList<>();
        while (true) {
            ByteBuffer in = socket.receive();
            while (in.remaining() >= HEADER) {
                int begin = in.position();
                int length = in.getInt();
                int type = in.getShort() & 0xffff;
                if (length < HEADER || begin + length > in.limit()) {
                    throw new IllegalStateException("the kernel's table of connections is told in pieces that do not fit");
                }
                if (type == DONE) {
                    return found;
                }
                ByteBuffer body = in.slice(begin + HEADER, length - HEADER).order(ByteOrder.nativeOrder());
                if (type == ERROR) {
                    throw refused("reading the table of connections", body);
                }
                byte[] tuple = fitting(body, source, port);
                if (tuple != null) {
                    found.add(tuple);
                }
                in.position(Math.min(in.limit(), begin + (length + 3 & ~3)));
            }
        }
    }

    private static byte @Nullable [] fitting(ByteBuffer body, byte[] source, int port) {
        try {
            body.position(FAMILY_HEADER);
            byte[] original = attribute(body, TUPLE_ORIGINAL);
            byte[] reply = attribute(body, TUPLE_REPLY);
            if (original == null || reply == null) {
                return null;
            }
            byte[] addresses = attribute(nested(reply), TUPLE_ADDRESSES);
            byte[] protocol = attribute(nested(reply), TUPLE_PROTOCOL);
            if (addresses == null || protocol == null) {
                return null;
            }
            byte[] from = attribute(nested(addresses), SOURCE_V4);
            byte[] number = attribute(nested(protocol), NUMBER);
            byte[] fromPort = attribute(nested(protocol), SOURCE_PORT);
            boolean fits = number != null && number[0] == UDP && Arrays.equals(from, source)
                    && fromPort != null && ((fromPort[0] & 0xff) << 8 | fromPort[1] & 0xff) == port;
            return fits ? original : null;
        } catch (BufferUnderflowException | IllegalArgumentException | IndexOutOfBoundsException other) {
            return null;
        }
    }

    private static ByteBuffer nested(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    /// The content of one of the attributes from the buffer's position on, which stays.
    private static byte @Nullable [] attribute(ByteBuffer attributes, int wanted) {
        ByteBuffer in = attributes.duplicate().order(ByteOrder.nativeOrder());
        while (in.remaining() >= ATTRIBUTE) {
            int begin = in.position();
            int length = in.getShort() & 0xffff;
            int type = in.getShort() & TYPE_MASK;
            if (length < ATTRIBUTE || begin + length > in.limit()) {
                return null;
            }
            if (type == wanted) {
                byte[] content = new byte[length - ATTRIBUTE];
                in.get(content);
                return content;
            }
            in.position(Math.min(in.limit(), begin + (length + 3 & ~3)));
        }
        return null;
    }

    private static void delete(Netlink socket, byte[] tuple) {
        ByteBuffer attribute = ByteBuffer.allocate(ATTRIBUTE + (tuple.length + 3 & ~3)).order(ByteOrder.nativeOrder());
        attribute.putShort((short) (ATTRIBUTE + tuple.length)).putShort((short) (TUPLE_ORIGINAL | NESTED)).put(tuple);
        socket.send(message(DELETE, REQUEST | ACKNOWLEDGE, attribute.array()));
        ByteBuffer answer = socket.receive();
        answer.position(HEADER);
        int error = -answer.slice().order(ByteOrder.nativeOrder()).getInt();
        // It may have ended by itself meanwhile.
        if (error != 0 && error != ErrnoException.ENOENT) {
            throw new ErrnoException("netlink", "forgetting a connection", error);
        }
    }

    private static ErrnoException refused(String what, ByteBuffer body) {
        return new ErrnoException("netlink", what, -body.getInt(0));
    }

    private static byte[] message(int type, int flags, byte[] attributes) {
        ByteBuffer head = ByteBuffer.allocate(HEADER + FAMILY_HEADER).order(ByteOrder.nativeOrder());
        head.putInt(HEADER + FAMILY_HEADER + attributes.length).putShort((short) type).putShort((short) flags).putInt(1).putInt(0);
        head.put((byte) AF_INET);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(head.array());
        out.writeBytes(attributes);
        return out.toByteArray();
    }
}
