package io.hypernetes.objects.crd;

import io.hypernetes.objects.ApiTime;
import java.net.InetAddress;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Base64;
import java.util.Set;
import java.util.regex.Pattern;

/// The formats of text that schemas may name. A format that is not known accepts everything.
final class Formats {
    /// Those of upstream (apiextensions-apiserver's validation/formats.go), without the dashes that mean nothing there.
    private static final Set<String> OF_TEXT = Set.of(
            "bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5", "isbn", "isbn10", "isbn13",
            "creditcard", "ssn", "hexcolor", "rgbcolor", "byte", "password", "date", "duration", "datetime", "quantity", "k8sshortname", "k8slongname");

    private static final Pattern IPV4 = Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]{2,45}");
    private static final Pattern UUID = Pattern.compile("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}");
    private static final Pattern UUID3 = Pattern.compile("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}");
    private static final Pattern UUID4 = Pattern.compile("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}");
    private static final Pattern UUID5 = Pattern.compile("(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}");
    private static final Pattern OBJECT_ID = Pattern.compile("[0-9a-fA-F]{24}");
    private static final Pattern COLOUR = Pattern.compile("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})");
    private static final Pattern SECURITY_NUMBER = Pattern.compile("\\d{3}[- ]?\\d{2}[- ]?\\d{4}");
    private static final Pattern SHORT_NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
    private static final Pattern LONG_NAME = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
    private static final Pattern MAC = Pattern.compile("(?i)[0-9a-f]{2}([:-])[0-9a-f]{2}(\\1[0-9a-f]{2}){4}((\\1[0-9a-f]{2}){2}|(\\1[0-9a-f]{2}){14})?"
            + "|[0-9a-f]{4}\\.[0-9a-f]{4}\\.[0-9a-f]{4}((\\.[0-9a-f]{4})|(\\.[0-9a-f]{4}){7})?");
    private static final Pattern DURATION =
            Pattern.compile("[+-]?(0|(\\d{1,12}(\\.\\d{1,12})?|\\.\\d{1,12})(ns|us|µs|ms|s|m|h|d|w))+");

    private Formats() {}

    /// Whether a format means something for values of a type.
    ///
    /// @param type of the schema; empty where it has none, as in a choice
    static boolean isKnown(String format, String type) {
        return switch (type) {
            case "", "string" -> OF_TEXT.contains(plain(format));
            case "integer" -> format.equals("int32") || format.equals("int64");
            case "number" -> format.equals("float") || format.equals("double");
            default -> false;
        };
    }

    private static String plain(String format) {
        return format.replace("-", "");
    }

    static boolean matches(String format, String text) {
        return switch (plain(format)) {
            case "ipv4" -> ipv4(text);
            case "ipv6" -> ipv6(text);
            case "cidr" -> cidr(text);
            case "hostname" -> MoreFormats.isHost(text);
            case "email" -> MoreFormats.isMail(text);
            case "rgbcolor" -> MoreFormats.isColour(text);
            case "isbn" -> MoreFormats.isShortBook(text) || MoreFormats.isLongBook(text);
            case "isbn10" -> MoreFormats.isShortBook(text);
            case "isbn13" -> MoreFormats.isLongBook(text);
            case "creditcard" -> MoreFormats.isCard(text);
            case "uuid" -> UUID.matcher(text).matches();
            case "uuid3" -> UUID3.matcher(text).matches();
            case "uuid4" -> UUID4.matcher(text).matches();
            case "uuid5" -> UUID5.matcher(text).matches();
            case "bsonobjectid" -> OBJECT_ID.matcher(text).matches();
            case "hexcolor" -> COLOUR.matcher(text).matches();
            case "ssn" -> SECURITY_NUMBER.matcher(text).matches();
            case "k8sshortname" -> SHORT_NAME.matcher(text).matches();
            case "k8slongname" -> text.length() <= 253 && LONG_NAME.matcher(text).matches();
            case "mac" -> text.length() <= 59 && MAC.matcher(text).matches();
            case "uri" -> RequestUri.isOne(text);
            case "byte" -> base64(text);
            case "date" -> date(text);
            case "datetime" -> time(text);
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

    /// With its padding, and not empty: upstream's expression for it wants a last group.
    private static boolean base64(String text) {
        if (text.isEmpty() || text.length() % 4 != 0) {
            return false;
        }
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
