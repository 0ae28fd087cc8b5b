package io.hypernetes.hyperd.docker.http;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/// The first part of a request (RFC 9112), read strictly: what two readers could understand differently is refused.
///
/// @param path still percent-encoded
/// @param query without the question mark; empty for none
/// @param headers by lower-case name; the values of one name joined by commas
/// @param minorVersion of HTTP/1
record RequestHead(String method, String path, String query, Map<String, String> headers, int minorVersion) {

    /// @param bytes the head without its closing empty line
    static RequestHead parse(byte[] bytes, int length, int mostLines) throws HttpRefusal {
        String[] lines = new String(bytes, 0, length, StandardCharsets.ISO_8859_1).split("\r\n", -1);
        if (lines.length - 1 > mostLines) {
            throw new HttpRefusal(431, "the request has " + (lines.length - 1) + " header lines; at most " + mostLines + " are read");
        }
        String[] words = lines[0].split(" ", -1);
        if (words.length != 3 || !isToken(words[0]) || !words[2].matches("HTTP/1\\.[01]")) {
            throw new HttpRefusal(400, "this is no request line of HTTP/1.1");
        }
        Map<String, String> headers = new LinkedHashMap<>();
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            if (colon < 1 || !isToken(lines[i].substring(0, colon))) {
                throw new HttpRefusal(400, "header line " + i + " is not `name: value`");
            }
            headers.merge(lines[i].substring(0, colon).toLowerCase(Locale.ROOT), lines[i].substring(colon + 1).strip(),
                    (first, second) -> first + ", " + second);
        }
        String target = words[1].startsWith("http://") ? words[1].replaceFirst("http://[^/]*", "") : words[1];
        if (!target.startsWith("/")) {
            throw new HttpRefusal(400, "the request names no path");
        }
        int mark = target.indexOf('?');
        return new RequestHead(
                words[0],
                mark < 0 ? target : target.substring(0, mark),
                mark < 0 ? "" : target.substring(mark + 1),
                Map.copyOf(headers),
                words[2].charAt(7) - '0');
    }

    String header(String lowerCaseName) {
        return headers.getOrDefault(lowerCaseName, "");
    }

    boolean has(String lowerCaseName, String word) {
        for (String part : header(lowerCaseName).split(",")) {
            if (part.strip().equalsIgnoreCase(word)) {
                return true;
            }
        }
        return false;
    }

    boolean isKeepAlive() {
        return minorVersion == 1 ? !has("connection", "close") : has("connection", "keep-alive");
    }

    /// How long the body is: bytes, 0 for none, -1 for chunks.
    long bodyLength() throws HttpRefusal {
        String length = header("content-length");
        String coding = header("transfer-encoding");
        if (!coding.isEmpty()) {
            if (!coding.equalsIgnoreCase("chunked") || !length.isEmpty()) {
                throw new HttpRefusal(400, "a body comes in chunks or with a Content-Length, and in no other way");
            }
            return -1;
        }
        if (length.isEmpty()) {
            return 0;
        }
        if (!length.matches("[0-9]{1,18}")) {
            throw new HttpRefusal(400, "Content-Length is no number");
        }
        return Long.parseLong(length);
    }

    private static boolean isToken(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c > 32 && c < 127 && "\"(),/:;<=>?@[\\]{}".indexOf(c) < 0);
    }
}
