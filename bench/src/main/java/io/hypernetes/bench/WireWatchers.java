package io.hypernetes.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;

/// Many watchers of one object, each with a connection of its own, served by one thread; notes when each change came to each of them.
final class WireWatchers implements AutoCloseable {
    private static final byte[] MARK = "\"mark\":\"".getBytes(StandardCharsets.US_ASCII);

    private final List<Wire> wires = new ArrayList<>();
    private final Selector selector = Selector.open();
    private final ByteBuffer plain = ByteBuffer.allocate(64 << 10);

    /// Opens all watches and reads the first event of each, which is the state at its beginning.
    WireWatchers(SSLContext tls, InetSocketAddress address, int count, String path) throws IOException {
        for (int i = 0; i < count; i++) {
            Wire wire = new Wire(tls, address);
            wires.add(wire);
            wire.send(ByteBuffer.wrap(WireLoad.request(path)));
            boolean begun = false;
            while (!begun) {
                if (wire.fill() < 0) {
                    throw new IOException("the server ended a watch");
                }
                plain.clear();
                while (wire.open(plain)) {
                    String said = new String(plain.array(), 0, plain.position(), StandardCharsets.UTF_8);
                    begun |= said.contains("\"ADDED\"");
                }
            }
            wire.channel().configureBlocking(false);
            wire.channel().register(selector, SelectionKey.OP_READ, wire);
        }
    }

    /// Follows until each watcher had `changes` changes.
    ///
    /// @param sent when each change was asked for, by its mark
    void follow(int changes, Map<String, Long> sent, Latencies latencies) throws IOException {
        long left = (long) changes * wires.size();
        while (left > 0) {
            if (selector.select(60_000) == 0) {
                throw new IOException(left + " events did not arrive");
            }
            for (SelectionKey key : selector.selectedKeys()) {
                Wire wire = (Wire) key.attachment();
                if (wire.fill() < 0) {
                    throw new IOException("the server ended a watch");
                }
                plain.clear();
                while (wire.open(plain)) {
                    left -= events(sent, latencies);
                    plain.clear();
                }
            }
            selector.selectedKeys().clear();
        }
    }

    /// An event is short and comes in one record.
    private int events(Map<String, Long> sent, Latencies latencies) {
        byte[] bytes = plain.array();
        int found = 0;
        for (int i = 0; i + MARK.length < plain.position(); i++) {
            if (bytes[i] == '"' && java.util.Arrays.equals(bytes, i, i + MARK.length, MARK, 0, MARK.length)) {
                int end = i + MARK.length;
                while (bytes[end] != '"') {
                    end++;
                }
                Long start = sent.get(new String(bytes, i + MARK.length, end - i - MARK.length, StandardCharsets.US_ASCII));
                if (start != null) {
                    latencies.add(System.nanoTime() - start);
                    found++;
                }
                i = end;
            }
        }
        return found;
    }

    @Override
    public void close() throws IOException {
        for (Wire wire : wires) {
            wire.close();
        }
        selector.close();
    }
}
