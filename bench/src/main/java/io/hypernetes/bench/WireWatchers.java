package io.hypernetes.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;

/// Many watchers of one object, each with a connection of its own, served by one thread; notes when each change came to each of them.
final class WireWatchers implements AutoCloseable {
    private static final byte[] MARK = "\"mark\":\"".getBytes(StandardCharsets.US_ASCII);

    /// Less than the pace of changes, more than a pause of a collector.
    private static final long QUIET_MILLIS = 15;

    private static final long PATIENCE_NANOS = Duration.ofSeconds(60).toNanos();

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

    /// Follows until each watcher had `changes` changes. Notes the time at which bytes come, and decrypts them when nothing comes any more: the watchers share
    /// their processors with the master here, and what they do with an event is not its way to them.
    ///
    /// @param sent when each change was asked for, by its mark
    void follow(int changes, Map<String, Long> sent, Latencies latencies) throws IOException {
        long left = (long) changes * wires.size();
        List<Arrival> arrivals = new ArrayList<>();
        long last = System.nanoTime();
        while (left > 0) {
            if (selector.select(key -> arrivals.add(Arrival.of((Wire) key.attachment())), QUIET_MILLIS) > 0) {
                last = System.nanoTime();
            } else if (System.nanoTime() - last > PATIENCE_NANOS) {
                throw new IOException(left + " events did not arrive");
            } else {
                for (Arrival arrival : arrivals) {
                    plain.clear();
                    while (arrival.wire.open(plain)) {
                        left -= events(arrival.nanos, sent, latencies);
                        plain.clear();
                    }
                }
                arrivals.clear();
            }
        }
    }

    /// Bytes at a watcher: of one event, or of a part of it, as changes have a pace.
    private record Arrival(Wire wire, long nanos) {
        static Arrival of(Wire wire) {
            try {
                if (wire.fill() < 0) {
                    throw new IOException("the server ended a watch");
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return new Arrival(wire, System.nanoTime());
        }
    }

    /// An event is short and comes in one record.
    private int events(long arrived, Map<String, Long> sent, Latencies latencies) {
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
                    latencies.add(arrived - start);
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
