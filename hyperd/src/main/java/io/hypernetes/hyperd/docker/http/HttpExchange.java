package io.hypernetes.hyperd.docker.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One request and its answer: whole ([#answer]), in pieces ([#stream]), or by taking the connection over ([#takeOver]). For one thread,
/// except where said otherwise.
public final class HttpExchange {
    private static final int MOST_LEFT_OVER = 1 << 20;

    private final Wire wire;
    private final RequestHead head;
    private final BodyInput body;
    private final Map<String, String> standing;
    private final Map<String, String> query = new HashMap<>();
    private final Map<String, List<String>> queries = new HashMap<>();
    private @Nullable OutputStream streaming;
    private volatile boolean answered;
    private volatile boolean last;

    /// @param standing headers of every answer
    HttpExchange(Wire wire, RequestHead head, Duration patience, Map<String, String> standing) throws HttpRefusal {
        this.wire = wire;
        this.head = head;
        this.standing = standing;
        body = new BodyInput(wire, head.bodyLength(), head.has("expect", "100-continue"), patience);
        for (String pair : head.query().split("&")) {
            int equals = pair.indexOf('=');
            if (!pair.isEmpty()) {
                String name = decode(equals < 0 ? pair : pair.substring(0, equals));
                String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
                query.put(name, value);
                queries.computeIfAbsent(name, first -> new ArrayList<>()).add(value);
            }
        }
    }

    public String method() {
        return head.method();
    }

    /// Decoded.
    public String path() throws HttpRefusal {
        return decode(head.path().replace("+", "%2B"));
    }

    /// A value of the query, decoded; empty when there is none. Of several the last.
    public String query(String name) {
        return query.getOrDefault(name, "");
    }

    /// All values of a name in the query, in order.
    public List<String> queries(String name) {
        return queries.getOrDefault(name, List.of());
    }

    /// Whether the query says yes: `1`, `true` and the like.
    public boolean flag(String name) {
        String value = query(name);
        return value.equals("1") || value.equalsIgnoreCase("true");
    }

    /// A header, empty when there is none.
    public String header(String lowerCaseName) {
        return head.header(lowerCaseName);
    }

    public InputStream body() {
        return body;
    }

    /// The whole body.
    ///
    /// @throws HttpRefusal when it is longer than `most` bytes
    public byte[] body(int most) throws IOException {
        byte[] bytes = body.readNBytes(most + 1);
        if (bytes.length > most) {
            throw new HttpRefusal(413, "the body of the request is longer than " + most + " bytes");
        }
        return bytes;
    }

    public boolean isAnswered() {
        return answered;
    }

    /// Answers at once.
    public void answer(int status, String contentType, byte[] content) throws IOException {
        answer(status, contentType, content, Map.of());
    }

    public void answer(int status, String contentType, byte[] content, Map<String, String> more) throws IOException {
        // Before the answer, so that a client that still writes its request is read to the end.
        if (!last && !body.drain(MOST_LEFT_OVER)) {
            last = true;
        }
        Map<String, String> headers = new LinkedHashMap<>(more);
        if (status != 204 && status != 304) {
            headers.put("Content-Type", contentType);
            headers.put("Content-Length", Integer.toString(content.length));
        }
        boolean bodiless = status == 204 || status == 304 || method().equals("HEAD");
        begin(status, headers, bodiless ? new byte[0] : content);
    }

    /// Answers in pieces; each write reaches the client at once. The end of the answer is the end of the connection's use.
    public OutputStream stream(int status, String contentType, Map<String, String> more) throws IOException {
        last = true;
        Map<String, String> headers = new LinkedHashMap<>(more);
        headers.put("Content-Type", contentType);
        boolean chunked = head.minorVersion() == 1;
        if (chunked) {
            headers.put("Transfer-Encoding", "chunked");
        }
        begin(status, headers, new byte[0]);
        OutputStream out = chunked ? new ChunkedOutput(wire) : new RawOutput(wire);
        streaming = out;
        return out;
    }

    /// Calls `gone` from another thread when the client goes away while a streamed answer is under way. Nothing more of the request
    /// may be read then.
    public void whenGone(Runnable gone) {
        last = true;
        Thread.ofVirtual().name("docker-gone").start(() -> {
            try {
                while (wire.read(Duration.ZERO) >= 0) {
                    // Whatever comes while an answer is under way is not for us.
                }
            } catch (IOException closed) {
                // That is what is waited for.
            }
            gone.run();
        });
    }

    /// Whether the client of a connection that was taken over has hung up, also when nobody reads what it sent before. A client that has
    /// only ended its side has not. False while somebody reads: he learns of it himself. For the thread that writes.
    public boolean isGone() throws IOException {
        return wire.isGone();
    }

    /// A connection that has been taken over: bytes as they are, each direction ending by itself.
    ///
    /// @param in ends when the client ends its side
    /// @param out closing it ends our side
    public record Raw(InputStream in, OutputStream out) {}

    /// Ends HTTP on this connection.
    ///
    /// @param contentType said in the answer
    public Raw takeOver(String contentType) throws IOException {
        body.drain(MOST_LEFT_OVER);
        last = true;
        boolean upgrade = head.has("connection", "upgrade") && !header("upgrade").isEmpty();
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Content-Type", contentType);
        if (upgrade) {
            headers.put("Connection", "Upgrade");
            headers.put("Upgrade", "tcp");
        }
        begin(upgrade ? 101 : 200, headers, new byte[0]);
        return new Raw(new RawInput(wire), new RawOutput(wire));
    }

    private void begin(int status, Map<String, String> more, byte[] content) throws IOException {
        if (answered) {
            throw new IllegalStateException(method() + " " + head.path() + " was answered twice");
        }
        answered = true;
        Map<String, String> headers = new LinkedHashMap<>(standing);
        headers.putAll(more);
        if (last || !head.isKeepAlive()) {
            last = true;
            headers.putIfAbsent("Connection", "close");
        }
        StringBuilder text = new StringBuilder("HTTP/1.1 ").append(status).append(' ').append(reason(status)).append("\r\n");
        headers.forEach((name, value) -> text.append(name).append(": ").append(value).append("\r\n"));
        byte[] start = text.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer all = ByteBuffer.allocate(start.length + content.length);
        wire.write(all.put(start).put(content).flip());
    }

    /// Whether the connection may carry another request.
    boolean finish() throws IOException {
        OutputStream open = streaming;
        if (open != null) {
            open.close();
        }
        return answered && !last && body.drain(MOST_LEFT_OVER);
    }

    private static String decode(String text) throws HttpRefusal {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException wrong) {
            throw new HttpRefusal(400, "the request's path or query is not well encoded");
        }
    }

    private static String reason(int status) {
        return switch (status) {
            case 101 -> "UPGRADED";
            case 200 -> "OK";
            case 201 -> "Created";
            case 204 -> "No Content";
            case 304 -> "Not Modified";
            case 400 -> "Bad Request";
            case 401 -> "Unauthorized";
            case 404 -> "Not Found";
            case 409 -> "Conflict";
            case 413 -> "Content Too Large";
            case 431 -> "Request Header Fields Too Large";
            case 500 -> "Internal Server Error";
            case 501 -> "Not Implemented";
            case 503 -> "Service Unavailable";
            default -> "Status";
        };
    }

    private static final class RawInput extends InputStream {
        private final Wire wire;

        RawInput(Wire wire) {
            this.wire = wire;
        }

        @Override
        public int read() throws IOException {
            return wire.read(Duration.ZERO);
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            return wire.read(to, offset, length, Duration.ZERO);
        }
    }

    private static final class RawOutput extends OutputStream {
        private final Wire wire;

        RawOutput(Wire wire) {
            this.wire = wire;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            wire.write(ByteBuffer.wrap(from, offset, length));
        }

        @Override
        public void close() throws IOException {
            wire.endOutput();
        }
    }

    private static final class ChunkedOutput extends OutputStream {
        private final Wire wire;
        private boolean over;

        ChunkedOutput(Wire wire) {
            this.wire = wire;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            if (length == 0) {
                return;
            }
            byte[] size = (Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
            ByteBuffer chunk = ByteBuffer.allocate(size.length + length + 2);
            wire.write(chunk.put(size).put(from, offset, length).put((byte) '\r').put((byte) '\n').flip());
        }

        @Override
        public void close() throws IOException {
            if (!over) {
                over = true;
                wire.write(ByteBuffer.wrap("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            }
        }
    }
}
