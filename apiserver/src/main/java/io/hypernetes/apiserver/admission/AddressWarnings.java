package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.AddressText;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Addresses and ranges that others may read as something else, or write otherwise: told in upstream's words. What is none at all is validation's to tell.
final class AddressWarnings {
    private static final Pattern V6 = Pattern.compile("[0-9a-fA-F:.]{2,45}");
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,3}");
    private static final int MAPPED_BITS = 96;

    private AddressWarnings() {}

    /// Each address of a list.
    static void addresses(JsonNode list, String path, Told told) {
        for (int i = 0; i < list.size(); i++) {
            address(list.path(i).asString(""), path + "[" + i + "]", told);
        }
    }

    /// Each range of a list.
    static void ranges(JsonNode list, String path, Told told) {
        for (int i = 0; i < list.size(); i++) {
            range(list.path(i).asString(""), path + "[" + i + "]", told);
        }
    }

    static void address(String text, String path, Told told) {
        InetAddress address = parse(text);
        if (address == null) {
            return;
        }
        String usual = AddressText.of(address);
        if (isUnusual(text, address, usual)) {
            told.say(path + ": non-standard IP address \"" + text + "\" will be considered invalid in a future Kubernetes release: use \"" + usual + "\"");
        } else if (!usual.equals(text)) {
            told.say(path + ": IPv6 address \"" + text + "\" should be in RFC 5952 canonical format (\"" + usual + "\")");
        }
    }

    static void range(String text, String path, Told told) {
        int slash = text.indexOf('/');
        InetAddress address = slash < 0 ? null : parse(text.substring(0, slash));
        if (address == null || !LENGTH.matcher(text.substring(slash + 1)).matches()) {
            return;
        }
        boolean mapped = isMapped(text, address);
        int length = Integer.parseInt(text.substring(slash + 1)) - (mapped ? MAPPED_BITS : 0);
        int bits = address.getAddress().length * Byte.SIZE;
        if (length < 0 || length > bits) {
            return;
        }
        InetAddress first = masked(address, length);
        String usual = AddressText.of(first) + "/" + length;
        boolean ambiguous = !first.equals(address);
        if (ambiguous) {
            told.say(path + ": CIDR value \"" + text + "\" is ambiguous in this context (should be \"" + usual + "\" or \"" + AddressText.of(address) + "/" + bits + "\"?)");
        }
        boolean zeros = text.startsWith("0", slash + 1) && text.length() > slash + 2;
        if (zeros || isUnusual(text.substring(0, slash), address, AddressText.of(address))) {
            told.say(path + ": non-standard CIDR value \"" + text + "\" will be considered invalid in a future Kubernetes release: use \"" + usual + "\"");
        } else if (!ambiguous && !usual.equals(text)) {
            told.say(path + ": IPv6 CIDR value \"" + text + "\" should be in RFC 5952 canonical format (\"" + usual + "\")");
        }
    }

    /// Leading zeros, which some read as octal, and IPv4 in IPv6.
    private static boolean isUnusual(String text, InetAddress address, String usual) {
        return address instanceof Inet4Address && !usual.equals(text);
    }

    private static boolean isMapped(String text, InetAddress address) {
        return address instanceof Inet4Address && text.contains(":");
    }

    /// Null when it is no address.
    private static @Nullable InetAddress parse(String text) {
        try {
            byte[] v4 = AddressText.v4(text);
            if (v4 != null) {
                return InetAddress.getByAddress(v4);
            }
            return text.contains(":") && V6.matcher(text).matches() ? InetAddress.ofLiteral(text) : null;
        } catch (UnknownHostException | IllegalArgumentException e) {
            return null;
        }
    }

    private static InetAddress masked(InetAddress address, int length) {
        byte[] bytes = address.getAddress();
        for (int bit = length; bit < bytes.length * Byte.SIZE; bit++) {
            bytes[bit / Byte.SIZE] &= (byte) ~(0x80 >> bit % Byte.SIZE);
        }
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of " + bytes.length + " bytes", e);
        }
    }
}
