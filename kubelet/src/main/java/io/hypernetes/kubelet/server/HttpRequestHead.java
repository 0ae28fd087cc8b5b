package io.hypernetes.kubelet.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The head of one HTTP/1.1 request.
///
/// @param path decoded segments between the slashes
/// @param query decoded pairs in order
/// @param headers name and value as sent
record HttpRequestHead(
        String method, List<String> path, List<Map.Entry<String, String>> query, List<Map.Entry<String, String>> headers) {
    private static final int LARGEST = 32 << 10;

    /// Reads up to and with the empty line; empty when the peer closed without a word.
    ///
    /// @throws HttpFailure when it is too large or no HTTP
    static Optional<HttpRequestHead> read(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int tail = 0;
        while (tail != 0x0d0a0d0a) {
            int next = in.read();
            if (next < 0) {
                return Optional.empty();
            }
            head.write(next);
            tail = tail << 8 | next;
            if (head.size() > LARGEST) {
                throw new HttpFailure(431, "the request's head is larger than " + LARGEST + " bytes");
            }
        }
        String[] lines = head.toString(StandardCharsets.ISO_8859_1).split("\r\n");
        String[] first = lines[0].split(" ");
        if (first.length != 3 || !first[2].startsWith("HTTP/1.") || !first[1].startsWith("/")) {
            throw new HttpFailure(400, "this is no HTTP/1.1 request");
        }
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            if (colon > 0) {
                headers.add(Map.entry(lines[i].substring(0, colon).strip(), lines[i].substring(colon + 1).strip()));
            }
        }
        int mark = first[1].indexOf('?');
        String path = mark < 0 ? first[1] : first[1].substring(0, mark);
        try {
            return Optional.of(new HttpRequestHead(first[0], segments(path), query(mark < 0 ? "" : first[1].substring(mark + 1)), headers));
        } catch (IllegalArgumentException malformed) {
            throw new HttpFailure(400, "the request's address is malformed: " + malformed.getMessage());
        }
    }

    /// The last value of a query parameter.
    Optional<String> parameter(String name) {
        return query.stream().filter(pair -> pair.getKey().equals(name)).map(Map.Entry::getValue).reduce((a, b) -> b);
    }

    List<String> parameters(String name) {
        return query.stream().filter(pair -> pair.getKey().equals(name)).map(Map.Entry::getValue).toList();
    }

    /// True when one of the names is there with a value other than `0` or `false`, in any case: Python's client says `True`.
    boolean flag(String... names) {
        for (String name : names) {
            if (parameter(name).map(value -> !value.equals("0") && !value.equalsIgnoreCase("false")).orElse(false)) {
                return true;
            }
        }
        return false;
    }

    private static List<String> segments(String path) {
        List<String> segments = new ArrayList<>();
        for (String segment : path.split("/")) {
            if (!segment.isEmpty()) {
                segments.add(decode(segment.replace("+", "%2B")));
            }
        }
        return segments;
    }

    private static List<Map.Entry<String, String>> query(String query) {
        List<Map.Entry<String, String>> pairs = new ArrayList<>();
        for (String pair : query.isEmpty() ? new String[0] : query.split("&")) {
            int equals = pair.indexOf('=');
            pairs.add(equals < 0
                    ? Map.entry(decode(pair), "")
                    : Map.entry(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1))));
        }
        return pairs;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
