package io.hypernetes.objects.cel;

import io.hypernetes.objects.AddressText;
import java.net.Inet4Address;
import java.net.InetAddress;

/// An IP address as CEL knows it; mapped addresses and zones are refused.
record Address(InetAddress address) {
    static Address parse(String text) {
        boolean known = text.length() <= 45 && text.matches("[0-9a-fA-F:.]+") && (text.contains(":") || AddressText.isV4(text));
        if (!known) {
            throw new IllegalArgumentException("IP Address \"" + text + "\" parse error during conversion from string");
        }
        InetAddress address;
        try {
            address = InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("IP Address \"" + text + "\" parse error during conversion from string", e);
        }
        if (text.contains(":") && address instanceof Inet4Address) {
            throw new IllegalArgumentException("IPv4-mapped IPv6 address \"" + text + "\" is not allowed");
        }
        return new Address(address);
    }

    long family() {
        return address instanceof Inet4Address ? 4 : 6;
    }

    boolean isGlobalUnicast() {
        boolean broadcast = text().equals("255.255.255.255");
        return !broadcast
                && !address.isAnyLocalAddress()
                && !address.isLoopbackAddress()
                && !address.isMulticastAddress()
                && !address.isLinkLocalAddress();
    }

    /// The canonical spelling.
    String text() {
        return AddressText.of(address);
    }

    @Override
    public String toString() {
        return text();
    }
}
