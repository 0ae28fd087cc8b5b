package io.hypernetes.network.local;

import java.util.Locale;
import java.util.regex.Pattern;

/// An IPv4 range. Host numbers count from 0, the network's own address.
record Cidr(int base, int prefix) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})/(\\d{1,2})");

    static Cidr parse(String text) {
        var match = FORM.matcher(text);
        if (!match.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no IPv4 range such as 10.88.0.0/24");
        }
        int base = 0;
        for (int i = 1; i <= 4; i++) {
            int part = Integer.parseInt(match.group(i));
            if (part > 255) {
                throw new IllegalArgumentException("'" + text + "' is no IPv4 range: " + part + " is more than 255");
            }
            base = base << 8 | part;
        }
        int prefix = Integer.parseInt(match.group(5));
        if (prefix < 8 || prefix > 30) {
            throw new IllegalArgumentException("'" + text + "': the prefix of a pod range must be 8 to 30");
        }
        int mask = -1 << (32 - prefix);
        if ((base & mask) != base) {
            throw new IllegalArgumentException("'" + text + "' has bits beyond its prefix; meant is " + text(base & mask) + "/" + prefix);
        }
        return new Cidr(base, prefix);
    }

    /// How many numbers it has, the network's own and the broadcast address among them.
    int size() {
        return 1 << (32 - prefix);
    }

    String address(int host) {
        return text(base + host);
    }

    /// A hardware address made from the address, so that it is unique where the address is.
    String mac(int host) {
        int address = base + host;
        return String.format(
                Locale.ROOT, "0a:58:%02x:%02x:%02x:%02x", address >>> 24, address >>> 16 & 255, address >>> 8 & 255, address & 255);
    }

    boolean contains(int address) {
        return (address & -1 << (32 - prefix)) == base;
    }

    /// The host number of an address in this range, or -1.
    int host(String address) {
        int value = 0;
        for (String part : address.split("\\.")) {
            value = value << 8 | Integer.parseInt(part);
        }
        return contains(value) ? value - base : -1;
    }

    @Override
    public String toString() {
        return text(base) + "/" + prefix;
    }

    private static String text(int address) {
        return (address >>> 24) + "." + (address >>> 16 & 255) + "." + (address >>> 8 & 255) + "." + (address & 255);
    }
}
