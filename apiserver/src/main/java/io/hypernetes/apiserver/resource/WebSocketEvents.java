package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Chunk;
import io.hypernetes.apiserver.http.ClientGoneException;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.http.RawConnection;
import io.hypernetes.objects.ApiStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/// What is otherwise the body of an answer, in messages over a WebSocket: events of a watch, one text message each, which is the first choice of some Java
/// clients; a log in pieces as they come.
final class WebSocketEvents implements EventSink {
    private static final List<String> LOG_PROTOCOLS = List.of("", "binary.k8s.io", "base64.binary.k8s.io");
    private static final String MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int TEXT = 0x81;
    private static final int BINARY = 0x82;
    private static final int PONG = 0x8a;
    private static final int CLOSE = 0x88;

    private final RawConnection connection;
    private final int opcode;
    private final boolean base64;
    private final ReentrantLock sending = new ReentrantLock();

    private WebSocketEvents(RawConnection connection, int opcode, boolean base64) {
        this.connection = connection;
        this.opcode = opcode;
        this.base64 = base64;
        Thread.ofVirtual().name("watch-websocket-reader").start(this::listen);
    }

    static boolean asked(Exchange http) {
        return http.header("Upgrade").orElse("").equalsIgnoreCase("websocket");
    }

    static WebSocketEvents open(Exchange http) throws IOException {
        return new WebSocketEvents(upgrade(http, ""), TEXT, false);
    }

    /// For a log: binary messages, or text in Base64 for a client that asks for that protocol first.
    static WebSocketEvents openForLog(Exchange http) throws IOException {
        List<String> offered = Stream.of(http.header("Sec-WebSocket-Protocol").orElse("").split(",")).map(String::strip).toList();
        String chosen = offered.stream().filter(LOG_PROTOCOLS::contains).findFirst()
                .orElseThrow(() -> ApiStatus.badRequest("none of the WebSocket protocols " + offered + " is one for logs: binary.k8s.io, base64.binary.k8s.io").asException());
        boolean base64 = chosen.startsWith("base64");
        return new WebSocketEvents(upgrade(http, chosen.isEmpty() ? "" : "Sec-WebSocket-Protocol: " + chosen + "\r\n"), base64 ? TEXT : BINARY, base64);
    }

    private static RawConnection upgrade(Exchange http, String more) throws IOException {
        var key = http.header("Sec-WebSocket-Key").orElse("");
        if (!http.isUpgradable() || key.isEmpty() || !http.header("Sec-WebSocket-Version").orElse("").equals("13")) {
            throw ApiStatus.badRequest("not a valid WebSocket request: version 13 over HTTP/1.1 is needed").asException();
        }
        var head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                + accept(key) + "\r\n" + more + "\r\n";
        return http.upgrade(head.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Override
    public void send(byte[] event) throws IOException {
        byte[] payload = base64 ? Base64.getEncoder().encode(event) : event;
        frame(opcode, payload, 0, payload.length);
    }

    @Override
    public void send(Chunk event) throws IOException {
        event.into((array, offset, length) -> frame(opcode, array, offset, length));
    }

    @Override
    public void flush() {
        // Frames are sent as they are made.
    }

    @Override
    public void close() throws IOException {
        try {
            frame(CLOSE, new byte[] {0x03, (byte) 0xe8}, 0, 2);
        } catch (ClientGoneException e) {
            // The client needs no farewell.
        }
        connection.close();
    }

    private void frame(int opcode, byte[] payload, int offset, int length) throws IOException {
        var head = new byte[10];
        int size;
        head[0] = (byte) opcode;
        if (length < 126) {
            head[1] = (byte) length;
            size = 2;
        } else if (length < 65536) {
            head[1] = 126;
            head[2] = (byte) (length >>> 8);
            head[3] = (byte) length;
            size = 4;
        } else {
            head[1] = 127;
            for (int i = 0; i < 8; i++) {
                head[2 + i] = (byte) ((long) length >>> (56 - 8 * i));
            }
            size = 10;
        }
        sending.lock();
        try {
            connection.write(head, 0, size);
            connection.write(payload, offset, length);
        } finally {
            sending.unlock();
        }
    }

    /// Answers pings and notices the end. Control frames are short; a client has nothing else to say in a watch.
    private void listen() {
        try {
            while (true) {
                int first = one();
                int second = one();
                int length = second & 0x7f;
                if (first < 0 || second < 0 || length > 125) {
                    break;
                }
                var mask = new byte[4];
                boolean masked = (second & 0x80) != 0;
                for (int i = 0; masked && i < 4; i++) {
                    mask[i] = (byte) one();
                }
                var payload = new byte[length];
                for (int i = 0; i < length; i++) {
                    payload[i] = (byte) (one() ^ mask[i & 3]);
                }
                int opcode = first & 0x0f;
                if (opcode == 0x8) {
                    break;
                }
                if (opcode == 0x9) {
                    frame(PONG, payload, 0, length);
                }
            }
        } catch (IOException e) {
            // Closing below ends the watch as well.
        }
        connection.close();
    }

    private int one() throws IOException {
        var single = new byte[1];
        return connection.read(single) < 0 ? -1 : single[0] & 0xff;
    }

    private static String accept(String key) {
        try {
            var digest = MessageDigest.getInstance("SHA-1");
            return Base64.getEncoder().encodeToString(digest.digest((key + MAGIC).getBytes(StandardCharsets.US_ASCII)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-1 is part of every JDK", e);
        }
    }
}
