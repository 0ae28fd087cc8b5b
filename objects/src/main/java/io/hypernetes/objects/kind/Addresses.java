package io.hypernetes.objects.kind;

import io.hypernetes.objects.AddressText;
import java.net.InetAddress;

/// The forms of addresses and address ranges.
final class Addresses {
    static final String ADDRESS_HINT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    static final String RANGE_HINT = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    private static final int LONGEST = 45;
    private static final int V4_BYTES = 4;
    private static final int MAPPED_BITS = 96;

    private Addresses() {}

    /// Whether a text is an IPv4 address in four decimal parts or an IPv6 address.
    static boolean isAddress(String text) {
        return AddressText.isV4(text) || isV6(text);
    }

    static boolean isV6(String text) {
        if (text.length() > LONGEST || !text.matches("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")) {
            return false;
        }
        int gap = text.indexOf("::");
        if (gap >= 0 && text.indexOf("::", gap + 1) >= 0) {
            return false;
        }
        if (gap < 0) {
            return groups(text) == 8;
        }
        int left = groups(text.substring(0, gap));
        int right = groups(text.substring(gap + 2));
        return left >= 0 && right >= 0 && left + right <= 7;
    }

    /// How many groups of sixteen bits a text has; -1 when it is malformed.
    private static int groups(String text) {
        if (text.isEmpty()) {
            return 0;
        }
        String[] parts = text.split(":", -1);
        int count = 0;
        for (int i = 0; i < parts.length; i++) {
            if (i == parts.length - 1 && parts[i].contains(".")) {
                if (!AddressText.isV4(parts[i])) {
                    return -1;
                }
                count += 2;
            } else if (parts[i].matches("[0-9a-fA-F]{1,4}")) {
                count++;
            } else {
                return -1;
            }
        }
        return count;
    }

    /// Whether a text is an address, a slash and the length of a prefix.
    static boolean isRange(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return false;
        }
        String address = text.substring(0, slash);
        String length = text.substring(slash + 1);
        if (!length.matches("0|[1-9][0-9]{0,2}")) {
            return false;
        }
        int bits = Integer.parseInt(length);
        return (AddressText.isV4(address) && bits <= 32) || (isV6(address) && bits <= 128);
    }

    /// Whether a range is a part of another, and not all of it.
    static boolean isPart(String part, String whole) {
        byte[] inner = bytes(part);
        byte[] outer = bytes(whole);
        int length = length(whole, outer);
        if (inner.length != outer.length || length < 0 || length(part, inner) <= length) {
            return false;
        }
        for (int bit = 0; bit < length; bit++) {
            if (((inner[bit / Byte.SIZE] ^ outer[bit / Byte.SIZE]) & 0x80 >> bit % Byte.SIZE) != 0) {
                return false;
            }
        }
        return true;
    }

    /// How many bits of an address are the same in all of a range; less than none when they are not even all of IPv4 in IPv6, which is read as IPv4.
    private static int length(String range, byte[] address) {
        int written = Integer.parseInt(range.substring(range.indexOf('/') + 1));
        return range.contains(":") && address.length == V4_BYTES ? written - MAPPED_BITS : written;
    }

    private static byte[] bytes(String range) {
        return InetAddress.ofLiteral(range.substring(0, range.indexOf('/'))).getAddress();
    }
}
