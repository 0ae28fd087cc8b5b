package io.hypernetes.proxy;

import java.util.regex.Pattern;

/// IPv4 addresses as text.
final class Addresses {
    private static final Pattern FORM = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");

    private Addresses() {}

    /// Whether it is an address as everybody writes it.
    static boolean isIpv4(String text) {
        var match = FORM.matcher(text);
        if (!match.matches()) {
            return false;
        }
        for (int i = 1; i <= 4; i++) {
            String part = match.group(i);
            if (Integer.parseInt(part) > 255 || (part.length() > 1 && part.startsWith("0"))) {
                return false;
            }
        }
        return true;
    }
}
