package io.hypernetes.linux;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Elements of the sets of nftables, in the network namespace of the calling thread. Needs CAP_NET_ADMIN.
///
/// A change of many is taken by the kernel as a whole or not at all. Sets with intervals, maps, and all that is more than an element are left to the program
/// `nft`, which reads what there is before it changes anything, and costs as much as ten of these.
public final class FilterSets {
    private static final int BEGIN = 16, END = 17, SUBSYSTEM = 10, ADD = SUBSYSTEM << 8 | 12, DELETE = SUBSYSTEM << 8 | 14, ERROR = 2;
    private static final int REQUEST = 1, ACKNOWLEDGE = 4, CREATE = 0x400;
    private static final int HEADER = 16, FAMILY_HEADER = 4;
    private static final int NESTED = 0x8000, TABLE = 1, SET = 2, ELEMENTS = 3, ELEMENT = 1, KEY = 1, VALUE = 1;
    private static final int NAME_BYTES = 16, HEXADECIMAL = 16;

    private FilterSets() {}

    /// The kinds of packets whose tables there are.
    public enum Family {
        IP(2), BRIDGE(7);

        private final int number;

        Family(int number) {
            this.number = number;
        }
    }

    /// One element of a set.
    ///
    /// @param key as made by [#interfaceName] and the others, those of a concatenation in a row
    public record Element(Family family, String table, String set, byte[]... key) {}

    /// An interface's name as part of a key.
    public static byte[] interfaceName(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length >= NAME_BYTES) {
            throw new IllegalArgumentException("\"" + name + "\" is no name of an interface: it is longer than " + (NAME_BYTES - 1) + " bytes");
        }
        return ByteBuffer.allocate(NAME_BYTES).put(bytes).array();
    }

    /// A hardware address, `0a:58:0a:00:00:02`, as part of a key.
    public static byte[] hardwareAddress(String address) {
        return numbers(address, ":", 6, HEXADECIMAL);
    }

    /// An IPv4 address as part of a key.
    public static byte[] address(String address) {
        return numbers(address, "\\.", 4, 10);
    }

    private static byte[] numbers(String text, String separator, int count, int radix) {
        String[] parts = text.split(separator, -1);
        byte[] numbers = new byte[count];
        if (parts.length != count) {
            throw new IllegalArgumentException("\"" + text + "\" is no address of " + count + " bytes");
        }
        for (int i = 0; i < count; i++) {
            int number = Integer.parseInt(parts[i], radix);
            if (number < 0 || number > 0xff) {
                throw new IllegalArgumentException("\"" + text + "\" is no address: each of its " + count + " numbers fits into a byte");
            }
            numbers[i] = (byte) number;
        }
        return numbers;
    }

    /// Adds elements; those that are there already stay.
    ///
    /// @throws ErrnoException when one cannot be: a table or set is not there, or the key does not fit
    public static void add(List<Element> elements) {
        change("adding elements to", elements, List.of());
    }

    /// Removes elements; those that are not there are none to be removed.
    ///
    /// @throws ErrnoException when a table or set is not there, or a key does not fit
    public static void remove(List<Element> elements) {
        // Added first, since the kernel refuses to remove what is not there.
        change("removing elements from", elements, elements);
    }

    private static void change(String what, List<Element> added, List<Element> removed) {
        ByteArrayOutputStream batch = new ByteArrayOutputStream();
        List<Element> all = new ArrayList<>(added);
        all.addAll(removed);
        // To whom the batch as a whole is addressed, in the network's order of bytes.
        batch.writeBytes(message(BEGIN, REQUEST, 0, 0, SUBSYSTEM, new byte[0]));
        for (int i = 0; i < all.size(); i++) {
            Element element = all.get(i);
            boolean adds = i < added.size();
            batch.writeBytes(message(adds ? ADD : DELETE, REQUEST | ACKNOWLEDGE | (adds ? CREATE : 0), i + 1, element.family().number, 0, content(element)));
        }
        batch.writeBytes(message(END, REQUEST, all.size() + 1, 0, SUBSYSTEM, new byte[0]));
        try (Netlink socket = Netlink.open(Netlink.NETFILTER)) {
            socket.send(batch.toByteArray());
            for (int answered = 0; answered < all.size();) {
                answered += answers(socket.receive(), what, all);
            }
        }
    }

    private static int answers(ByteBuffer in, String what, List<Element> elements) {
        int count = 0;
        while (in.remaining() >= HEADER + 4) {
            int begin = in.position(), length = in.getInt(begin);
            if (length < HEADER + 4 || length > in.remaining() || in.getShort(begin + 4) != ERROR) {
                throw new IllegalStateException(what + " a set: the kernel gave no answer that fits");
            }
            int error = -in.getInt(begin + HEADER), number = in.getInt(begin + 8);
            if (error != 0) {
                Element element = elements.get(Math.clamp(number - 1L, 0, elements.size() - 1));
                throw new ErrnoException("netlink", what + " set " + element.set() + " of table " + element.table(), error);
            }
            count++;
            in.position(Math.min(in.limit(), begin + (length + 3 & ~3)));
        }
        return count;
    }

    private static byte[] content(Element element) {
        ByteArrayOutputStream key = new ByteArrayOutputStream();
        for (byte[] part : element.key()) {
            key.writeBytes(part);
            // Parts of a concatenation begin at multiples of four.
            key.writeBytes(new byte[-part.length & 3]);
        }
        byte[] value = nested(KEY, Netlink.attribute(VALUE, key.toByteArray()));
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.writeBytes(Netlink.attribute(TABLE, text(element.table())));
        content.writeBytes(Netlink.attribute(SET, text(element.set())));
        content.writeBytes(nested(ELEMENTS, nested(ELEMENT, value)));
        return content.toByteArray();
    }

    private static byte[] nested(int type, byte[] content) {
        return Netlink.attribute(type | NESTED, content);
    }

    private static byte[] text(String text) {
        return (text + "\0").getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] message(int type, int flags, int number, int family, int resource, byte[] content) {
        ByteBuffer message = ByteBuffer.allocate(HEADER + FAMILY_HEADER + content.length).order(ByteOrder.nativeOrder());
        message.putInt(message.capacity()).putShort((short) type).putShort((short) flags).putInt(number).putInt(0);
        message.put((byte) family).put((byte) 0).order(ByteOrder.BIG_ENDIAN).putShort((short) resource);
        return message.put(content).array();
    }
}
