package io.hypernetes.streams;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.spdy.SpdyHeaders;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// The session behind each dialect of port-forward.
final class NettyPortForward implements PortForwardSession, StreamEvents {
    private static final int MAX_CONNECTIONS = 256;
    private static final int MAX_PORTS = 100;

    private final Wire wire;
    private final @Nullable SpdyStreams spdy;
    private final Link link;

    // Guarded by this.
    private final Map<Integer, Forwarded> byDataStream = new HashMap<>();
    private final Deque<ForwardedConnection> arrived = new ArrayDeque<>();
    /// Error streams whose data stream has not come yet, by request id.
    private final Map<String, Half> halves = new HashMap<>();
    private boolean over;

    private record Half(int errorStream, int port) {}

    private NettyPortForward(Channel channel, PortForwardProtocol protocol, @Nullable WebSocketCodec codec) {
        if (codec == null || protocol == PortForwardProtocol.SPDY_IN_WEBSOCKET) {
            this.spdy = new SpdyStreams(this, codec);
            this.wire = spdy;
        } else {
            this.spdy = null;
            this.wire = new ChannelMessages(codec, this, protocol == PortForwardProtocol.WEBSOCKET_V4_BASE64, false);
        }
        this.link = new Link(channel, wire, this);
        if (spdy != null) {
            spdy.join(link);
        }
    }

    static PortForwardSession open(Channel channel, HttpRequest request, PortForwardProtocol protocol, List<Integer> ports) {
        checkPorts(protocol, ports);
        if (protocol == PortForwardProtocol.SPDY) {
            NettyPortForward session = new NettyPortForward(channel, protocol, null);
            Upgrade.install(
                    channel,
                    UpgradeRequest.switchToSpdy(request, protocol.wireName()),
                    Upgrade.handlers(SpdyStreams.codec(), (ChannelHandler) session.wire, session.link),
                    () -> {});
            return session;
        }
        WebSocketCodec codec = new WebSocketCodec();
        NettyPortForward session = new NettyPortForward(channel, protocol, codec);
        ChannelHandler wire = (ChannelHandler) session.wire;
        boolean tunnel = protocol == PortForwardProtocol.SPDY_IN_WEBSOCKET;
        Upgrade.install(
                channel,
                UpgradeRequest.switchToWebSocket(request, protocol.wireName()),
                tunnel
                        ? Upgrade.handlers(codec, new SpdyTunnel(), SpdyStreams.codec(), wire, session.link)
                        : Upgrade.handlers(codec, wire, session.link),
                () -> {
                    if (!tunnel) {
                        session.openPorts(channel, ports);
                    }
                });
        return session;
    }

    private static void checkPorts(PortForwardProtocol protocol, List<Integer> ports) {
        if (!protocol.needsPorts()) {
            return;
        }
        if (ports.isEmpty() || ports.size() > MAX_PORTS || ports.stream().anyMatch(port -> port < 1 || port > 65_535)) {
            throw new IllegalArgumentException(
                    "port-forward by WebSocket channels needs 1 to " + MAX_PORTS + " ports between 1 and 65535 in its request, not " + ports);
        }
    }

    /// Each port has two channels, and each channel begins with the port, little-endian.
    private void openPorts(Channel channel, List<Integer> ports) {
        for (int i = 0; i < ports.size(); i++) {
            int port = ports.get(i);
            byte[] head = {(byte) port, (byte) (port >>> 8)};
            channel.write(wire.data(2 * i, head, 0, 2));
            channel.write(wire.data(2 * i + 1, head, 0, 2));
            add(new Forwarded(port, 2 * i, 2 * i + 1));
        }
        channel.flush();
    }

    private synchronized void add(Forwarded connection) {
        byDataStream.put(connection.dataStream, connection);
        arrived.add(connection);
        notifyAll();
    }

    @Override
    public boolean opened(int stream, SpdyHeaders headers) {
        String type = headers.getAsString("streamtype");
        int port = port(headers.getAsString("port"));
        boolean error = "error".equals(type);
        if (port == 0 || !error && !"data".equals(type)) {
            return false;
        }
        // Clients that name no request open the error stream right before the data stream.
        String named = headers.getAsString("requestid");
        String request = named == null ? "stream " + (error ? stream : stream - 2) : named;
        Half half;
        synchronized (this) {
            if (over || byDataStream.size() + halves.size() >= MAX_CONNECTIONS && error) {
                return false;
            }
            if (error) {
                if (halves.containsKey(request)) {
                    return false;
                }
                halves.put(request, new Half(stream, port));
                half = null;
            } else {
                half = halves.remove(request);
                if (half == null || half.port != port) {
                    return false;
                }
            }
        }
        if (spdy != null) {
            spdy.reply(stream);
        }
        if (half != null) {
            add(new Forwarded(port, stream, half.errorStream));
        }
        return true;
    }

    private static int port(@Nullable String text) {
        try {
            int port = text == null ? 0 : Integer.parseInt(text);
            return port < 0 || port > 65_535 ? 0 : port;
        } catch (NumberFormatException noNumber) {
            return 0;
        }
    }

    @Override
    public void data(int stream, ByteBuf bytes) {
        Forwarded connection = connection(stream);
        if (connection != null) {
            connection.input.offer(bytes);
        }
    }

    @Override
    public void ended(int stream) {
        Forwarded connection = connection(stream);
        if (connection != null) {
            connection.input.end();
        }
    }

    @Override
    public void reset(int stream) {
        Forwarded connection = connection(stream);
        if (connection != null) {
            connection.input.fail("the client has reset the forwarded connection");
        }
    }

    @Override
    public void closed(String reason) {
        List<Forwarded> open;
        synchronized (this) {
            over = true;
            halves.clear();
            open = List.copyOf(byDataStream.values());
            notifyAll();
        }
        open.forEach(connection -> connection.input.fail(reason));
    }

    private synchronized @Nullable Forwarded connection(int stream) {
        return byDataStream.get(stream);
    }

    /// @return whether it was the last, where a protocol has no way to open another
    private synchronized boolean remove(int dataStream) {
        byDataStream.remove(dataStream);
        return spdy == null && byDataStream.isEmpty();
    }

    @Override
    public synchronized Optional<ForwardedConnection> accept() throws InterruptedException {
        while (arrived.isEmpty() && !over) {
            wait();
        }
        return over ? Optional.empty() : Optional.of(arrived.remove());
    }

    @Override
    public void close() {
        List<Forwarded> open;
        synchronized (this) {
            over = true;
            open = new ArrayList<>(byDataStream.values());
            notifyAll();
        }
        open.forEach(Forwarded::close);
        link.finish(List.of());
    }

    private final class Forwarded implements ForwardedConnection {
        private final int port;
        private final int dataStream;
        private final int errorStream;
        private final InboundBuffer input = new InboundBuffer(link::fullness);
        private final OutputStream output = new Output();
        private final AtomicBoolean ended = new AtomicBoolean();
        private final AtomicBoolean closed = new AtomicBoolean();

        Forwarded(int port, int dataStream, int errorStream) {
            this.port = port;
            this.dataStream = dataStream;
            this.errorStream = errorStream;
        }

        @Override
        public int port() {
            return port;
        }

        @Override
        public InputStream input() {
            return input;
        }

        @Override
        public OutputStream output() {
            return output;
        }

        @Override
        public void fail(String message) {
            if (closed.get()) {
                return;
            }
            try {
                byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
                link.send(errorStream, bytes, 0, bytes.length);
            } catch (IOException gone) {
                // Then there is nobody to be told.
            }
            close();
        }

        @Override
        public void close() {
            if (!closed.compareAndSet(false, true)) {
                return;
            }
            input.close();
            try {
                output.close();
                link.end(errorStream);
            } catch (IOException gone) {
                // Then both have ended with the client.
            }
            if (remove(dataStream)) {
                link.finish(List.of());
            }
        }

        private final class Output extends OutputStream {
            private static final int LARGEST_PIECE = 32 << 10;

            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                for (int done = 0; done < length; done += LARGEST_PIECE) {
                    if (ended.get()) {
                        throw new IOException("the forwarded connection to port " + port + " was closed");
                    }
                    link.send(dataStream, bytes, offset + done, Math.min(LARGEST_PIECE, length - done));
                }
            }

            @Override
            public void close() throws IOException {
                if (ended.compareAndSet(false, true)) {
                    link.end(dataStream);
                    if (spdy == null) {
                        // Channels cannot say that one direction is over; a client that reads to the end would wait for ever.
                        Forwarded.this.close();
                    }
                }
            }
        }
    }
}
