package io.hypernetes.kubelet.probe;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where the `Location` of an answer leads, by RFC 3986, 5.2. It is whatever a pod says: what a browser would make something of is made something of here,
/// with whatever may not be in an address encoded; all else is a failure of the pod, since nobody is to escape a probe by what it answers.
final class Redirect {
    /// Every text has such parts: scheme, authority, path, query and fragment.
    private static final Pattern PARTS = Pattern.compile("(?:([^:/?#]*):)?(?://([^/?#]*))?([^?#]*)(?:\\?([^#]*))?(?:#.*)?", Pattern.DOTALL);
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*");
    private static final Pattern AUTHORITY = Pattern.compile("(?:.*@)?(\\[[0-9A-Za-z:.%-]*]|[0-9A-Za-z._~!$&'()*+,;=%\\x80-\\xff-]*)(?::([0-9]*))?");
    private static final Pattern BROKEN_ESCAPE = Pattern.compile("%(?![0-9A-Fa-f]{2})");
    private static final int GREATEST_PORT = 65_535;
    private static final String LEGAL = "-._~!$&'()*+,;=:@/?%";

    private Redirect() {}

    /// @param answered the address that said it
    /// @param location what it said, one char a byte
    /// @return empty when it leads to another host
    /// @throws IOException when it is no address, or nothing that HTTP can ask
    static Optional<URI> follow(URI answered, String location) throws IOException {
        Matcher parts = PARTS.matcher(location);
        if (location.chars().anyMatch(c -> c < ' ' || c == 0x7f) || !parts.matches()) {
            throw malformed(location, "invalid control character in URL");
        }
        String scheme = parts.group(1), authority = parts.group(2), path = parts.group(3), query = parts.group(4);
        if (scheme != null && !SCHEME.matcher(scheme).matches()) {
            throw malformed(location, "first path segment in URL cannot contain colon");
        }
        if (BROKEN_ESCAPE.matcher(path).find() || (authority != null && BROKEN_ESCAPE.matcher(authority).find())) {
            throw malformed(location, "invalid URL escape");
        }
        URI from = URI.create(answered.toASCIIString());
        int port = from.getPort();
        if (authority != null) {
            Matcher place = AUTHORITY.matcher(authority);
            if (!place.matches()) {
                throw malformed(location, "invalid host or port");
            }
            if (!place.group(1).equalsIgnoreCase(from.getHost())) {
                return Optional.empty();
            }
            port = port(location, place.group(2));
        } else if (scheme != null) {
            return Optional.empty();
        }
        String by = scheme == null ? from.getScheme() : scheme;
        if (!by.equalsIgnoreCase("http") && !by.equalsIgnoreCase("https")) {
            throw new IOException("unsupported protocol scheme \"" + by + "\"");
        }
        String target = authority != null ? withoutDots(path) : path.isEmpty() ? from.getRawPath() : withoutDots(merged(from, path));
        String asked = authority == null && path.isEmpty() && query == null ? from.getRawQuery() : query;
        return Optional.of(URI.create(by + "://" + from.getHost() + (port < 0 ? "" : ":" + port) + encoded(target)
                + (asked == null ? "" : "?" + encoded(BROKEN_ESCAPE.matcher(asked).replaceAll("%25")))));
    }

    /// -1 for the usual one of the scheme.
    private static int port(String location, @Nullable String digits) throws IOException {
        if (digits == null || digits.isEmpty()) {
            return -1;
        }
        if (digits.length() > 5 || Integer.parseInt(digits) > GREATEST_PORT) {
            throw malformed(location, "invalid port");
        }
        return Integer.parseInt(digits);
    }

    /// A path that is said from where one is.
    private static String merged(URI from, String path) {
        String base = from.getRawPath() == null ? "" : from.getRawPath();
        return path.startsWith("/") ? path : base.substring(0, base.lastIndexOf('/') + 1) + path;
    }

    private static String withoutDots(String path) {
        Deque<String> kept = new ArrayDeque<>();
        String last = "";
        for (String segment : (path.startsWith("/") ? path.substring(1) : path).split("/", -1)) {
            last = segment;
            if (segment.equals("..")) {
                kept.pollLast();
            } else if (!segment.equals(".")) {
                kept.addLast(segment);
            }
        }
        // One that ends in dots is a folder.
        return "/" + String.join("/", kept) + ((last.equals(".") || last.equals("..")) && !kept.isEmpty() ? "/" : "");
    }

    private static String encoded(@Nullable String text) {
        StringBuilder all = new StringBuilder();
        for (byte each : (text == null ? "" : text).getBytes(StandardCharsets.ISO_8859_1)) {
            char c = (char) (each & 0xff);
            boolean legal = c < 0x80 && (Character.isLetterOrDigit(c) || LEGAL.indexOf(c) >= 0);
            all.append(legal ? String.valueOf(c) : "%" + HexFormat.of().withUpperCase().toHexDigits(each));
        }
        return all.toString();
    }

    private static IOException malformed(String location, String why) {
        String shown = location.length() > 64 ? location.substring(0, 64) + "..." : location;
        return new IOException("failed to parse Location header \"" + shown + "\": " + why);
    }
}
