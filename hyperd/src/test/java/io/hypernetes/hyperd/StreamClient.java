package io.hypernetes.hyperd;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// A WebSocket client of the streaming server: each message begins with the number of its channel.
public final class StreamClient implements WebSocket.Listener, AutoCloseable {
    public static final int STDIN = 0, STDOUT = 1, STDERR = 2, ERROR = 3, RESIZE = 4, CLOSE = 255;

    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<Integer, ByteArrayOutputStream> received = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final WebSocket socket;
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();

    public StreamClient(String address, String protocol) {
        socket = http.newWebSocketBuilder()
                .subprotocols(protocol)
                .buildAsync(URI.create(address.replace("http://", "ws://")), this)
                .join();
    }

    public void send(int channel, byte[] bytes) {
        ByteBuffer frame = ByteBuffer.allocate(bytes.length + 1).put((byte) channel).put(bytes).flip();
        socket.sendBinary(frame, true).join();
    }

    public void type(String text) {
        send(STDIN, text.getBytes(StandardCharsets.UTF_8));
    }

    void resize(int columns, int rows) {
        send(RESIZE, ("{\"Width\":" + columns + ",\"Height\":" + rows + "}").getBytes(StandardCharsets.UTF_8));
    }

    /// The half-close of version 5.
    public void endInput() {
        send(CLOSE, new byte[] {STDIN});
    }

    byte[] bytes(int channel) {
        ByteArrayOutputStream bytes = received.get(channel);
        if (bytes == null) {
            return new byte[0];
        }
        synchronized (bytes) {
            return bytes.toByteArray();
        }
    }

    public String text(int channel) {
        return new String(bytes(channel), StandardCharsets.UTF_8);
    }

    public void awaitEnd() throws Exception {
        closed.get(60, TimeUnit.SECONDS);
    }

    void leave() {
        socket.abort();
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
        byte[] part = new byte[data.remaining()];
        data.get(part);
        message.writeBytes(part);
        if (last) {
            byte[] whole = message.toByteArray();
            message.reset();
            if (whole.length > 0) {
                ByteArrayOutputStream target = received.computeIfAbsent(whole[0] & 0xff, fresh -> new ByteArrayOutputStream());
                synchronized (target) {
                    target.write(whole, 1, whole.length - 1);
                }
            }
        }
        from.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int status, String reason) {
        closed.complete(null);
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
        closed.complete(null);
    }

    @Override
    public void close() {
        socket.abort();
        http.shutdownNow();
    }
}
