package io.hypernetes.objects.cel;

import java.net.InetAddress;
import java.net.UnknownHostException;

/// A range of IP addresses as CEL knows it.
record AddressRange(Address address, int bits) {
    static AddressRange parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0 || !text.substring(slash + 1).matches("0|[1-9][0-9]{0,2}")) {
            throw new IllegalArgumentException("network address parse error during conversion from string: \"" + text + "\"");
        }
        Address address = Address.parse(text.substring(0, slash));
        int bits = Integer.parseInt(text.substring(slash + 1));
        if (bits > (address.family() == 4 ? 32 : 128)) {
            throw new IllegalArgumentException("network address parse error during conversion from string: \"" + text + "\"");
        }
        return new AddressRange(address, bits);
    }

    boolean contains(Address other) {
        return other.family() == address.family() && same(other.address().getAddress(), address.address().getAddress(), bits);
    }

    boolean containsRange(AddressRange other) {
        return other.bits >= bits && contains(other.address);
    }

    AddressRange masked() {
        byte[] bytes = address.address().getAddress();
        for (int i = 0; i < bytes.length; i++) {
            int kept = Math.clamp(bits - 8L * i, 0, 8);
            bytes[i] = (byte) (bytes[i] & 0xff << 8 - kept);
        }
        try {
            return new AddressRange(new Address(InetAddress.getByAddress(bytes)), bits);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address has four or sixteen bytes", e);
        }
    }

    private static boolean same(byte[] a, byte[] b, int bits) {
        for (int i = 0; i < a.length; i++) {
            int kept = Math.clamp(bits - 8L * i, 0, 8);
            int mask = 0xff << 8 - kept & 0xff;
            if ((a[i] & mask) != (b[i] & mask)) {
                return false;
            }
        }
        return true;
    }

    String text() {
        return address.text() + "/" + bits;
    }

    @Override
    public String toString() {
        return text();
    }
}
