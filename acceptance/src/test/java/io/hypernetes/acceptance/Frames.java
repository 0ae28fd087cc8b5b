package io.hypernetes.acceptance;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// Frames that whoever has root in a machine may send and should not get far with. Each holds a mark.
final class Frames {
    private static final HexFormat HEX = HexFormat.of();
    private static final int IPV4 = 0x0800, ARP = 0x0806, IPV6 = 0x86DD, VLAN = 0x8100, PROVIDER_VLAN = 0x88A8;
    private static final int UDP = 17, ICMP6 = 58;
    private static final String BROADCAST = "ff:ff:ff:ff:ff:ff";

    /// A place on a wire: its hardware address and its IPv4 address.
    record Place(String mac, String address) {}

    private final byte[] mark;
    private final List<String> frames = new ArrayList<>();

    private Frames(String mark) {
        this.mark = mark.getBytes(StandardCharsets.US_ASCII);
    }

    /// All of them, in hexadecimal.
    ///
    /// @param own who sends
    /// @param gateway of the sender
    /// @param victims whom they are to reach, or to be taken for
    /// @param routers further addresses that lead to victims
    /// @param tunnelPort where encapsulated frames are taken
    /// @param number of the victims' tunnels
    static List<String> forged(String mark, Place own, Place gateway, List<Place> victims, List<String> routers, int tunnelPort, int number) {
        Frames frames = new Frames(mark);
        for (Place victim : victims) {
            for (String to : List.of(BROADCAST, victim.mac(), gateway.mac())) {
                frames.arps(to, own, gateway, victim);
                for (Place from : List.of(own, victim, gateway, new Place(own.mac(), victim.address()), new Place(own.mac(), "127.0.0.1"))) {
                    for (String destination : List.of(victim.address(), "255.255.255.255", "224.0.0.1", victim.address().replaceFirst("\\d+$", "255"))) {
                        frames.add(to, from.mac(), IPV4, frames.udp(from.address(), destination, 8080, frames.mark));
                    }
                }
                frames.six(to, own, victim);
                frames.tagged(to, own, victim);
                for (String router : routers) {
                    byte[] inner = frame(victim.mac(), gateway.mac(), IPV4, frames.udp(own.address(), victim.address(), 8080, frames.mark));
                    frames.add(to, own.mac(), IPV4, frames.udp(own.address(), router, tunnelPort, joined(vxlan(number), inner)));
                    frames.add(to, own.mac(), IPV4, frames.udp(own.address(), router, 8080, frames.mark));
                    frames.add(to, own.mac(), IPV4, ip(own.address(), router, 4, frames.udp(own.address(), victim.address(), 8080, frames.mark)));
                }
            }
            // Of no protocol that anybody here speaks: bridges', neighbours', an experimental one.
            frames.add("01:80:c2:00:00:00", own.mac(), 38, joined(new byte[] {0x42, 0x42, 3, 0, 0, 0}, frames.mark));
            frames.add("01:80:c2:00:00:0e", own.mac(), 0x88CC, frames.mark);
            frames.add(victim.mac(), own.mac(), 0x88B5, frames.mark);
        }
        return frames.frames;
    }

    private void arps(String to, Place own, Place gateway, Place victim) {
        for (int operation : new int[] {1, 2}) {
            for (Place said : List.of(own, new Place(own.mac(), victim.address()), new Place(own.mac(), gateway.address()), victim)) {
                ByteBuffer arp = ByteBuffer.allocate(28).putShort((short) 1).putShort((short) IPV4).put((byte) 6).put((byte) 4).putShort((short) operation)
                        .put(mac(said.mac())).put(address(said.address())).put(mac(to)).put(address(victim.address()));
                // What is behind it fills the frame to its least length.
                add(to, own.mac(), ARP, joined(arp.array(), mark));
            }
        }
    }

    /// Router advertisement, neighbour solicitation and advertisement, and a datagram, to one and to all.
    private void six(String to, Place own, Place victim) {
        for (String destination : List.of("ff020000000000000000000000000001", "fe80000000000000" + HEX.formatHex(linkLocal(victim.mac())))) {
            String hardware = destination.startsWith("ff") && to.equals(BROADCAST) ? "33:33:00:00:00:01" : to;
            byte[] source = joined(HEX.parseHex("fe80000000000000"), linkLocal(own.mac()));
            for (int type : new int[] {134, 135, 136}) {
                byte[] message = joined(new byte[] {(byte) type, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0}, HEX.parseHex(destination), mark);
                add(hardware, own.mac(), IPV6, six(source, HEX.parseHex(destination), ICMP6, message));
            }
            add(hardware, own.mac(), IPV6, six(source, HEX.parseHex(destination), UDP, datagram(8080, mark)));
        }
    }

    private void tagged(String to, Place own, Place victim) {
        byte[] inner = joined(two(IPV4), udp(own.address(), victim.address(), 8080, mark));
        for (int tag : new int[] {0, 1, 100, 4095}) {
            add(to, own.mac(), VLAN, joined(two(tag), inner));
            add(to, own.mac(), PROVIDER_VLAN, joined(two(tag), two(VLAN), two(1), inner));
        }
    }

    private void add(String to, String from, int type, byte[] content) {
        frames.add(HEX.formatHex(frame(to, from, type, content)));
    }

    private static byte[] frame(String to, String from, int type, byte[] content) {
        return joined(mac(to), mac(from), two(type), content);
    }

    private byte[] udp(String from, String to, int port, byte[] content) {
        return ip(from, to, UDP, datagram(port, content));
    }

    /// Without a checksum, which IPv4 allows.
    private static byte[] datagram(int port, byte[] content) {
        return joined(two(40000), two(port), two(8 + content.length), two(0), content);
    }

    private static byte[] ip(String from, String to, int protocol, byte[] content) {
        ByteBuffer head = ByteBuffer.allocate(20).putShort((short) 0x4500).putShort((short) (20 + content.length)).putInt(0).put((byte) 64).put((byte) protocol)
                .putShort((short) 0).put(address(from)).put(address(to));
        int sum = 0;
        for (int i = 0; i < 20; i += 2) {
            sum += head.getShort(i) & 0xFFFF;
        }
        head.putShort(10, (short) ~((sum & 0xFFFF) + (sum >>> 16)));
        return joined(head.array(), content);
    }

    private static byte[] six(byte[] from, byte[] to, int next, byte[] content) {
        return joined(new byte[] {0x60, 0, 0, 0}, two(content.length), new byte[] {(byte) next, (byte) 255}, from, to, content);
    }

    private static byte[] vxlan(int number) {
        return ByteBuffer.allocate(8).putInt(0x08000000).putInt(number << 8).array();
    }

    private static byte[] linkLocal(String mac) {
        byte[] six = mac(mac);
        return new byte[] {(byte) (six[0] ^ 2), six[1], six[2], (byte) 0xFF, (byte) 0xFE, six[3], six[4], six[5]};
    }

    private static byte[] mac(String text) {
        return HEX.parseHex(text.replace(":", ""));
    }

    private static byte[] address(String text) {
        ByteBuffer address = ByteBuffer.allocate(4);
        for (String part : text.split("\\.")) {
            address.put((byte) Integer.parseInt(part));
        }
        return address.array();
    }

    private static byte[] two(int number) {
        return new byte[] {(byte) (number >> 8), (byte) number};
    }

    private static byte[] joined(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }
}
