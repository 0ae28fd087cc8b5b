package io.hypernetes.apiserver.node;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// The head of an answer and the way to its body.
///
/// @param head the bytes as received, with the empty line
/// @param headers names in lower case, the last of equal names
record NodeAnswer(int status, byte[] head, Map<String, String> headers, InputStream rest) {

    static NodeAnswer parse(byte[] head, InputStream rest) throws IOException {
        var lines = new String(head, StandardCharsets.ISO_8859_1).split("\r\n");
        var first = lines[0].split(" ", 3);
        if (first.length < 2 || !first[0].startsWith("HTTP/1.") || !first[1].matches("[1-5][0-9][0-9]")) {
            throw new NodeUnreachableException("the answer is not HTTP");
        }
        var headers = new HashMap<String, String>();
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            if (colon > 0) {
                headers.put(lines[i].substring(0, colon).toLowerCase(Locale.ROOT), lines[i].substring(colon + 1).strip());
            }
        }
        return new NodeAnswer(Integer.parseInt(first[1]), head, headers, rest);
    }

    /// The body, whichever way its length is told.
    InputStream body() throws IOException {
        if ("chunked".equalsIgnoreCase(headers.get("transfer-encoding"))) {
            return new ChunkedInput(rest);
        }
        var length = headers.get("content-length");
        if (length == null) {
            return rest;
        }
        try {
            return new LimitedInput(rest, Long.parseLong(length));
        } catch (NumberFormatException e) {
            throw new NodeUnreachableException("the answer has no valid length: " + length);
        }
    }

    /// Exactly `left` bytes of another stream.
    private static final class LimitedInput extends InputStream {
        private final InputStream in;
        private long left;

        LimitedInput(InputStream in, long left) {
            this.in = in;
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            if (left <= 0) {
                return -1;
            }
            left--;
            return in.read();
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (left <= 0) {
                return -1;
            }
            int count = in.read(into, offset, (int) Math.min(length, left));
            if (count > 0) {
                left -= count;
            }
            return count;
        }
    }

    /// The chunked transfer coding, without trailers.
    private static final class ChunkedInput extends InputStream {
        private final InputStream in;
        private long left;
        private boolean first = true;
        private boolean ended;

        ChunkedInput(InputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (ended) {
                return -1;
            }
            if (left == 0) {
                nextChunk();
                if (ended) {
                    return -1;
                }
            }
            int count = in.read(into, offset, (int) Math.min(length, left));
            if (count < 0) {
                throw new NodeUnreachableException("the answer was broken off");
            }
            left -= count;
            return count;
        }

        private void nextChunk() throws IOException {
            if (!first) {
                line();
            }
            first = false;
            var size = line();
            int semicolon = size.indexOf(';');
            try {
                left = Long.parseLong((semicolon < 0 ? size : size.substring(0, semicolon)).strip(), 16);
            } catch (NumberFormatException e) {
                throw new NodeUnreachableException("the answer has a chunk of no valid size");
            }
            if (left < 0) {
                throw new NodeUnreachableException("the answer has a chunk of negative size");
            }
            ended = left == 0;
        }

        private String line() throws IOException {
            var line = new StringBuilder();
            for (int next = in.read(); next != '\n'; next = in.read()) {
                if (next < 0 || line.length() > 1024) {
                    throw new NodeUnreachableException("the answer was broken off");
                }
                if (next != '\r') {
                    line.append((char) next);
                }
            }
            return line.toString();
        }
    }
}
