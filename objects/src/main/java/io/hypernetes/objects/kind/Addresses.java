package io.hypernetes.objects.kind;

import io.hypernetes.objects.AddressText;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The forms of addresses and address ranges.
final class Addresses {
    static final String ADDRESS_HINT = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    static final String RANGE_HINT = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    private static final int LONGEST = 45;
    private static final Pattern V6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
    private static final Pattern GROUP = Pattern.compile("[0-9a-fA-F]{1,4}");
    private static final int V4_BYTES = 4;
    private static final int V6_BYTES = 16;

    private Addresses() {}

    /// Whether a text is an IPv4 address in four decimal parts or an IPv6 address.
    static boolean isAddress(String text) {
        return AddressText.isV4(text) || isV6(text);
    }

    static boolean isV6(String text) {
        return v6(text) != null;
    }

    /// The sixteen bytes of an IPv6 address; null for any other text. Only its last four bytes may be written as an IPv4 address is, and only at its very end.
    private static byte @Nullable [] v6(String text) {
        if (text.length() > LONGEST || !V6.matcher(text).matches()) {
            return null;
        }
        int gap = text.indexOf("::");
        byte[] left = groups(gap < 0 ? text : text.substring(0, gap), gap < 0);
        byte[] right = gap < 0 ? new byte[0] : groups(text.substring(gap + 2), true);
        if (left == null || right == null) {
            return null;
        }
        int missing = V6_BYTES - left.length - right.length;
        // A gap stands for one group at least.
        if (gap < 0 ? missing != 0 : missing < 2) {
            return null;
        }
        byte[] bytes = Arrays.copyOf(left, V6_BYTES);
        System.arraycopy(right, 0, bytes, V6_BYTES - right.length, right.length);
        return bytes;
    }

    /// The bytes of groups between single colons; null when they are malformed.
    ///
    /// @param last whether the address ends with them
    private static byte @Nullable [] groups(String text, boolean last) {
        if (text.isEmpty()) {
            return new byte[0];
        }
        String[] parts = text.split(":", -1);
        ByteBuffer bytes = ByteBuffer.allocate(2 * parts.length + 2);
        for (int i = 0; i < parts.length; i++) {
            if (last && i == parts.length - 1 && AddressText.isV4(parts[i])) {
                bytes.put(AddressText.v4(parts[i]));
            } else if (GROUP.matcher(parts[i]).matches()) {
                bytes.putShort((short) Integer.parseInt(parts[i], 16));
            } else {
                return null;
            }
        }
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    /// The address that a text is, which was looked at before. An IPv4 address in an IPv6 address is an IPv4 address.
    static InetAddress parsed(String text) {
        byte[] v4 = AddressText.v4(text);
        byte[] bytes = v4 == null ? v6(text) : v4;
        try {
            return InetAddress.getByAddress(Objects.requireNonNull(bytes));
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /// What is wrong with an address, in sentences: as upstream's `IsValidIPForLegacyField` with `StrictIPCIDRValidation`, which is on since 1.36.
    static List<String> address(String text) {
        if (AddressText.v4(text) != null) {
            return AddressText.isV4(text) ? List.of() : List.of("must not have leading 0s");
        }
        if (!isV6(text)) {
            return List.of(ADDRESS_HINT);
        }
        return parsed(text) instanceof Inet4Address ? List.of("must not be an IPv4-mapped IPv6 address") : List.of();
    }

    /// The same, of an address that must be written as everybody writes it.
    static List<String> canonicalAddress(String text) {
        List<String> wrong = address(text);
        return wrong.isEmpty() ? canonical(text, AddressText.of(parsed(text))) : wrong;
    }

    /// What is wrong with an address, a slash and the length of a prefix: as upstream's `IsValidCIDRForLegacyField` with `StrictIPCIDRValidation`.
    static List<String> range(String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? "" : text.substring(0, slash);
        String length = text.substring(slash + 1);
        boolean v4 = AddressText.v4(address) != null;
        if (!(v4 || isV6(address)) || !length.matches("[0-9]{1,9}") || Integer.parseInt(length) > (v4 ? V4_BYTES : V6_BYTES) * Byte.SIZE) {
            return List.of(RANGE_HINT);
        }
        if ((v4 && !AddressText.isV4(address)) || length.matches("0.+")) {
            return List.of("must not have leading 0s in IP or prefix length");
        }
        byte[] bytes = bytes(text);
        if (!v4 && bytes.length == V4_BYTES) {
            return List.of("must not have an IPv4-mapped IPv6 address");
        }
        for (int bit = Integer.parseInt(length); bit < bytes.length * Byte.SIZE; bit++) {
            if ((bytes[bit / Byte.SIZE] & 0x80 >> bit % Byte.SIZE) != 0) {
                return List.of("must not have bits set beyond the prefix length");
            }
        }
        return List.of();
    }

    /// The same, of a range that must be written as everybody writes it.
    static List<String> canonicalRange(String text) {
        List<String> wrong = range(text);
        int slash = text.indexOf('/');
        return wrong.isEmpty() ? canonical(text, AddressText.of(parsed(text.substring(0, slash))) + text.substring(slash)) : wrong;
    }

    private static List<String> canonical(String text, String usual) {
        return text.equals(usual) ? List.of() : List.of("must be in canonical form (\"" + usual + "\")");
    }

    /// Whether a range is a part of another, and not all of it; both are well-formed.
    static boolean isPart(String part, String whole) {
        byte[] inner = bytes(part);
        byte[] outer = bytes(whole);
        int length = length(whole);
        if (inner.length != outer.length || length(part) <= length) {
            return false;
        }
        for (int bit = 0; bit < length; bit++) {
            if (((inner[bit / Byte.SIZE] ^ outer[bit / Byte.SIZE]) & 0x80 >> bit % Byte.SIZE) != 0) {
                return false;
            }
        }
        return true;
    }

    private static int length(String range) {
        return Integer.parseInt(range.substring(range.indexOf('/') + 1));
    }

    private static byte[] bytes(String range) {
        return parsed(range.substring(0, range.indexOf('/'))).getAddress();
    }
}
