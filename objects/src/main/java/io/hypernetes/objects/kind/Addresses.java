package io.hypernetes.objects.kind;

import java.net.InetAddress;

/// The forms of addresses and address ranges.
final class Addresses {
    static final String ADDRESS_HINT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    static final String RANGE_HINT = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    private static final int LONGEST = 45;

    private Addresses() {}

    /// Whether a text is an IPv4 address in four decimal parts or an IPv6 address.
    static boolean isAddress(String text) {
        return isV4(text) || isV6(text);
    }

    static boolean isV4(String text) {
        String[] parts = text.split("\\.", -1);
        if (parts.length != 4 || text.length() > 15) {
            return false;
        }
        for (String part : parts) {
            if (!part.matches("0|[1-9][0-9]{0,2}") || Integer.parseInt(part) > 255) {
                return false;
            }
        }
        return true;
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
                if (!isV4(parts[i])) {
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
        return (isV4(address) && bits <= 32) || (isV6(address) && bits <= 128);
    }

    /// Whether a range is a part of another, and not all of it.
    static boolean isPart(String part, String whole) {
        byte[] inner = bytes(part);
        byte[] outer = bytes(whole);
        int length = Integer.parseInt(whole.substring(whole.indexOf('/') + 1));
        if (inner.length != outer.length || Integer.parseInt(part.substring(part.indexOf('/') + 1)) <= length) {
            return false;
        }
        for (int bit = 0; bit < Math.min(length, inner.length * Byte.SIZE); bit++) {
            if (((inner[bit / Byte.SIZE] ^ outer[bit / Byte.SIZE]) & 0x80 >> bit % Byte.SIZE) != 0) {
                return false;
            }
        }
        return true;
    }

    private static byte[] bytes(String range) {
        return InetAddress.ofLiteral(range.substring(0, range.indexOf('/'))).getAddress();
    }
}
