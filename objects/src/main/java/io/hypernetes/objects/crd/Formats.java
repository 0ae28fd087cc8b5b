package io.hypernetes.objects.crd;

import io.hypernetes.objects.ApiTime;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Base64;
import java.util.regex.Pattern;

/// The formats of text that schemas may name. A format that is not known accepts everything.
final class Formats {
    private static final Pattern IPV4 = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]{2,45}");
    private static final Pattern HOSTNAME =
            Pattern.compile("[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\\.?");
    private static final Pattern EMAIL = Pattern.compile("[^\\s@<>]{1,64}@[^\\s@<>]{1,255}");
    private static final Pattern UUID = Pattern.compile("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}");
    private static final Pattern MAC = Pattern.compile("(?i)([0-9a-f]{2}([:-]))([0-9a-f]{2}\\2){4}[0-9a-f]{2}");
    private static final Pattern DURATION =
            Pattern.compile("[+-]?(0|(\\d{1,12}(\\.\\d{1,12})?|\\.\\d{1,12})(ns|us|µs|ms|s|m|h|d|w))+");

    private Formats() {}

    static boolean matches(String format, String text) {
        return switch (format) {
            case "ipv4" -> ipv4(text);
            case "ipv6" -> ipv6(text);
            case "cidr" -> cidr(text);
            case "hostname" -> text.length() <= 253 && HOSTNAME.matcher(text).matches();
            case "email" -> text.length() <= 320 && EMAIL.matcher(text).matches();
            case "uuid" -> UUID.matcher(text).matches();
            case "mac" -> MAC.matcher(text).matches();
            case "uri" -> uri(text);
            case "byte" -> base64(text);
            case "date" -> date(text);
            case "date-time", "datetime" -> time(text);
            case "duration" -> text.length() <= 100 && DURATION.matcher(text).matches();
            default -> true;
        };
    }

    static boolean ipv4(String text) {
        var matcher = IPV4.matcher(text);
        if (!matcher.matches()) {
            return false;
        }
        for (int i = 1; i <= 4; i++) {
            String part = matcher.group(i);
            if (Integer.parseInt(part) > 255 || (part.length() > 1 && part.startsWith("0"))) {
                return false;
            }
        }
        return true;
    }

    static boolean ipv6(String text) {
        if (!text.contains(":") || !IPV6.matcher(text).matches()) {
            return false;
        }
        try {
            // Only digits, colons and dots are left, so this is never a name to look up.
            InetAddress.ofLiteral(text);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static boolean cidr(String text) {
        int slash = text.indexOf('/');
        if (slash < 0 || !text.substring(slash + 1).matches("\\d{1,3}")) {
            return false;
        }
        String address = text.substring(0, slash);
        int bits = Integer.parseInt(text.substring(slash + 1));
        return (ipv4(address) && bits <= 32) || (ipv6(address) && bits <= 128);
    }

    private static boolean uri(String text) {
        try {
            new URI(text);
            return text.startsWith("/") || text.contains(":");
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static boolean base64(String text) {
        try {
            Base64.getDecoder().decode(text);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static boolean date(String text) {
        try {
            LocalDate.parse(text);
            return true;
        } catch (DateTimeException e) {
            return false;
        }
    }

    private static boolean time(String text) {
        try {
            ApiTime.parse(text);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
