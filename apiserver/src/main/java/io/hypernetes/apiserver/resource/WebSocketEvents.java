package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.ClientGoneException;
import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.apiserver.http.RawConnection;
import io.hypernetes.objects.ApiStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.locks.ReentrantLock;

/// Events as one text message each over a WebSocket, the first choice of some Java clients.
final class WebSocketEvents implements EventSink {
    private static final String MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int TEXT = 0x81;
    private static final int PONG = 0x8a;
    private static final int CLOSE = 0x88;

    private final RawConnection connection;
    private final ReentrantLock sending = new ReentrantLock();

    private WebSocketEvents(RawConnection connection) {
        this.connection = connection;
        Thread.ofVirtual().name("watch-websocket-reader").start(this::listen);
    }

    static boolean asked(Exchange http) {
        return http.header("Upgrade").orElse("").equalsIgnoreCase("websocket");
    }

    static WebSocketEvents open(Exchange http) throws IOException {
        var key = http.header("Sec-WebSocket-Key").orElse("");
        if (http.isHttp2() || key.isEmpty() || !http.header("Sec-WebSocket-Version").orElse("").equals("13")) {
            throw ApiStatus.badRequest("not a valid WebSocket request: version 13 over HTTP/1.1 is needed").asException();
        }
        var head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                + accept(key) + "\r\n\r\n";
        return new WebSocketEvents(http.upgrade(head.getBytes(StandardCharsets.ISO_8859_1)));
    }

    @Override
    public void send(byte[] event) throws IOException {
        frame(TEXT, event, event.length);
    }

    @Override
    public void flush() {
        // Frames are sent as they are made.
    }

    @Override
    public void close() throws IOException {
        try {
            frame(CLOSE, new byte[] {0x03, (byte) 0xe8}, 2);
        } catch (ClientGoneException e) {
            // The client needs no farewell.
        }
        connection.close();
    }

    private void frame(int opcode, byte[] payload, int length) throws IOException {
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
            connection.write(payload, 0, length);
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
                    frame(PONG, payload, length);
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
