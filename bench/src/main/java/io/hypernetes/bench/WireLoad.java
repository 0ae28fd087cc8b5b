package io.hypernetes.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import javax.net.ssl.SSLContext;

/// Many clients of HTTP/1.1 over TLS, each with a connection of its own and one request at a time, served by one thread.
final class WireLoad implements AutoCloseable {
    private final List<Client> clients = new ArrayList<>();
    private final Selector selector = Selector.open();
    private final ByteBuffer plain = ByteBuffer.allocate(64 << 10);

    /// Opens all connections.
    WireLoad(SSLContext tls, InetSocketAddress address, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            Wire wire = new Wire(tls, address);
            wire.channel().configureBlocking(false);
            Client client = new Client(wire);
            clients.add(client);
            wire.channel().register(selector, SelectionKey.OP_READ, client);
        }
    }

    private static final class Client {
        private final Wire wire;
        private final HttpAnswer answer = new HttpAnswer();
        private long began;

        Client(Wire wire) {
            this.wire = wire;
        }

        void send(byte[] request) throws IOException {
            answer.begin();
            began = System.nanoTime();
            wire.send(ByteBuffer.wrap(request));
        }
    }

    /// A whole request with a body of JSON.
    static byte[] request(String method, String path, String type, String json) {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        byte[] head = (method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: " + type + "\r\nContent-Length: " + body.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(head.length + body.length).put(head).put(body).array();
    }

    /// A whole request without a body.
    static byte[] request(String path) {
        return ("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    /// Sends `count` requests, all of which must succeed, and takes their times.
    ///
    /// @param requests of each number from `from` on
    /// @param millis takes how long each took
    void send(int from, int count, IntFunction<byte[]> requests, Latencies millis) throws IOException {
        int next = from;
        int left = count;
        for (Client client : clients) {
            if (next < from + count) {
                client.send(requests.apply(next++));
            }
        }
        while (left > 0) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                Client client = (Client) key.attachment();
                if (!answered(client)) {
                    continue;
                }
                millis.add(System.nanoTime() - client.began);
                left--;
                if (next < from + count) {
                    client.send(requests.apply(next++));
                }
            }
            selector.selectedKeys().clear();
        }
    }

    private boolean answered(Client client) throws IOException {
        if (client.wire.fill() < 0) {
            throw new IOException("the server closed a connection");
        }
        boolean whole = false;
        plain.clear();
        while (client.wire.open(plain)) {
            plain.flip();
            whole |= client.answer.take(plain);
            plain.clear();
        }
        if (whole && client.answer.status() / 100 != 2) {
            throw new IOException("the server answered " + client.answer.status() + ": " + client.answer.begin(500));
        }
        return whole;
    }

    @Override
    public void close() throws IOException {
        for (Client client : clients) {
            client.wire.close();
        }
        selector.close();
    }
}
