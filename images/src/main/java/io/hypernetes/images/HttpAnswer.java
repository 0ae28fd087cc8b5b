package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What was answered to one request. Its head is bounded; its body comes as it is read, and is bounded by whoever reads it.
///
/// @param headers by their names in lower case
/// @param body closing it ends the connection, whoever reads meanwhile
record HttpAnswer(int status, Map<String, List<String>> headers, InputStream body) implements AutoCloseable {
    private static final int LONGEST_HEAD = 64 << 10;

    /// Reads the head; interim answers are passed by.
    ///
    /// @param in buffered
    /// @param line what to close in the end
    /// @throws IOException when it is no answer, or too long
    static HttpAnswer read(InputStream in, Closeable line) throws IOException {
        int left = LONGEST_HEAD;
        while (true) {
            String first = line(in, left);
            left -= first.length();
            String[] words = first.split(" ", 3);
            if (words.length < 2 || !words[0].startsWith("HTTP/1.") || !words[1].matches("[1-5][0-9][0-9]")) {
                throw new IOException("the answer is not HTTP/1.1");
            }
            int status = Integer.parseInt(words[1]);
            Map<String, List<String>> headers = new HashMap<>();
            for (String header = line(in, left); !header.isEmpty(); header = line(in, left)) {
                left -= header.length() + 2;
                int colon = header.indexOf(':');
                if (colon > 0) {
                    headers.computeIfAbsent(header.substring(0, colon).strip().toLowerCase(Locale.ROOT), _ -> new ArrayList<>()).add(header.substring(colon + 1).strip());
                }
            }
            left -= 2;
            if (status >= 200) {
                return new HttpAnswer(status, headers, new HttpBody(in, line, length(status, headers)));
            }
        }
    }

    /// How long its body is, or one of [HttpBody]'s marks.
    private static long length(int status, Map<String, List<String>> headers) throws IOException {
        if (status == 204 || status == 304) {
            return 0;
        }
        if (headers.containsKey("transfer-encoding")) {
            String coding = String.join(",", headers.getOrDefault("transfer-encoding", List.of())).strip();
            if (!coding.equalsIgnoreCase("chunked")) {
                throw new IOException("the answer comes in the transfer coding " + Text.shortened(coding));
            }
            return HttpBody.CHUNKED;
        }
        List<String> lengths = headers.getOrDefault("content-length", List.of()).stream().distinct().toList();
        if (lengths.isEmpty()) {
            return HttpBody.TO_THE_END;
        }
        if (lengths.size() > 1 || !lengths.getFirst().matches("[0-9]{1,18}")) {
            throw new IOException("the answer has no clear length");
        }
        return Long.parseLong(lengths.getFirst());
    }

    Optional<String> header(String name) {
        return all(name).stream().findFirst();
    }

    /// All lines of a header, in order.
    ///
    /// @param name in any case
    List<String> all(String name) {
        return headers.getOrDefault(name.toLowerCase(Locale.ROOT), List.of());
    }

    @Override
    public void close() throws IOException {
        body.close();
    }

    /// A line without its end.
    ///
    /// @param most bytes
    static String line(InputStream in, int most) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("the answer breaks off");
            }
            if (line.size() >= most) {
                throw new IOException("the head of the answer is too long");
            }
            line.write(c);
        }
        String text = line.toString(ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }
}
