package io.hypernetes.streams;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.spdy.SpdyHeaders;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// The session behind each dialect of exec and attach.
final class NettyRemoteCommand implements RemoteCommandSession, StreamEvents {
    /// What a client gets to open its streams, one by one.
    private static final int OPENING_SECONDS = 30;

    private enum Role {
        STDIN(0),
        STDOUT(1),
        STDERR(2),
        ERROR(3),
        RESIZE(4);

        final int channel;

        Role(int channel) {
            this.channel = channel;
        }
    }

    private final RemoteCommandProtocol protocol;
    private final RemoteCommandStreams streams;
    private final Wire wire;
    private final @Nullable SpdyStreams spdy;
    private final Link link;
    private final InboundBuffer stdin;
    private final TerminalSizes sizes = new TerminalSizes();
    private final Set<Role> expected = EnumSet.of(Role.ERROR);
    /// Stream ids of the roles; written on the event loop before `ready` is counted down, read after it.
    private final Map<Role, Integer> ids = new EnumMap<>(Role.class);
    private final CountDownLatch ready = new CountDownLatch(1);
    private final AtomicBoolean exited = new AtomicBoolean();
    private final OutputStream stdout;
    private final OutputStream stderr;
    private volatile @Nullable String closedFor;

    private NettyRemoteCommand(
            Channel channel, RemoteCommandProtocol protocol, RemoteCommandStreams streams, @Nullable WebSocketCodec codec) {
        this.protocol = protocol;
        this.streams = streams;
        if (codec == null) {
            this.spdy = new SpdyStreams(this, null);
            this.wire = spdy;
        } else {
            this.spdy = null;
            this.wire = new ChannelMessages(
                    codec, this, protocol.transport() == RemoteCommandProtocol.Transport.WEBSOCKET_BASE64, protocol.hasHalfClose());
        }
        this.link = new Link(channel, wire, this);
        if (spdy != null) {
            spdy.join(link);
        }
        this.stdin = new InboundBuffer(link::fullness);
        if (!streams.stdin()) {
            stdin.end();
        }
        this.stdout = streams.stdout() ? new Output(Role.STDOUT) : OutputStream.nullOutputStream();
        this.stderr = streams.stderr() ? new Output(Role.STDERR) : OutputStream.nullOutputStream();
        expect(Role.STDIN, streams.stdin());
        expect(Role.STDOUT, streams.stdout());
        expect(Role.STDERR, streams.stderr());
        expect(Role.RESIZE, streams.tty() && protocol.hasResize());
    }

    private void expect(Role role, boolean wanted) {
        if (wanted) {
            expected.add(role);
        }
    }

    static RemoteCommandSession open(
            Channel channel, HttpRequest request, RemoteCommandProtocol protocol, RemoteCommandStreams streams) {
        if (protocol.isSpdy()) {
            NettyRemoteCommand session = new NettyRemoteCommand(channel, protocol, streams, null);
            List<ChannelHandler> handlers =
                    Upgrade.handlers(SpdyStreams.codec(), (ChannelHandler) session.wire, session.link);
            Upgrade.install(
                    channel, UpgradeRequest.switchToSpdy(request, protocol.wireName()), handlers, () -> session.limitOpening(channel));
            return session;
        }
        WebSocketCodec codec = new WebSocketCodec();
        NettyRemoteCommand session = new NettyRemoteCommand(channel, protocol, streams, codec);
        List<ChannelHandler> handlers = Upgrade.handlers(codec, (ChannelHandler) session.wire, session.link);
        Upgrade.install(
                channel, UpgradeRequest.switchToWebSocket(request, protocol.wireName()), handlers, () -> session.allAreOpen(channel));
        return session;
    }

    /// All channels of a WebSocket are there at once. An empty message on the first tells clients that wait for one.
    private void allAreOpen(Channel channel) {
        expected.forEach(role -> ids.put(role, role.channel));
        Role first = streams.stdout() ? Role.STDOUT : streams.stderr() ? Role.STDERR : Role.ERROR;
        channel.writeAndFlush(wire.data(first.channel, new byte[0], 0, 0));
        ready.countDown();
    }

    private void limitOpening(Channel channel) {
        ScheduledFuture<?> limit = channel.eventLoop().schedule(
                () -> {
                    if (ready.getCount() > 0) {
                        link.abort("the client has not opened its streams within " + OPENING_SECONDS + " s");
                    }
                },
                OPENING_SECONDS,
                TimeUnit.SECONDS);
        channel.closeFuture().addListener(done -> limit.cancel(false));
    }

    @Override
    public boolean opened(int stream, SpdyHeaders headers) {
        String type = headers.getAsString("streamtype");
        for (Role role : expected) {
            if (role.name().equalsIgnoreCase(type) && ready.getCount() > 0 && !ids.containsKey(role)) {
                if (spdy != null) {
                    spdy.reply(stream);
                }
                ids.put(role, stream);
                if (ids.size() == expected.size()) {
                    ready.countDown();
                }
                return true;
            }
        }
        return false;
    }

    @Override
    public void data(int stream, ByteBuf bytes) {
        if (is(Role.STDIN, stream)) {
            stdin.offer(bytes);
        } else if (is(Role.RESIZE, stream)) {
            sizes.offer(bytes);
        }
    }

    @Override
    public void ended(int stream) {
        if (is(Role.STDIN, stream)) {
            stdin.end();
        }
    }

    @Override
    public void reset(int stream) {
        if (is(Role.STDIN, stream)) {
            stdin.fail("the client has reset its standard input");
        }
    }

    @Override
    public void closed(String reason) {
        closedFor = reason;
        stdin.fail(reason);
        sizes.end();
        ready.countDown();
    }

    private boolean is(Role role, int stream) {
        Integer id = ids.get(role);
        return id != null && id == stream;
    }

    @Override
    public RemoteCommandStreams streams() {
        return streams;
    }

    @Override
    public void awaitReady() throws IOException, InterruptedException {
        ready.await();
        String reason = closedFor;
        if (reason != null) {
            throw new IOException(reason);
        }
    }

    @Override
    public InputStream stdin() {
        return stdin;
    }

    @Override
    public OutputStream stdout() {
        return stdout;
    }

    @Override
    public OutputStream stderr() {
        return stderr;
    }

    @Override
    public Optional<TerminalSize> nextTerminalSize() throws InterruptedException {
        return sizes.next();
    }

    @Override
    public void exit(CommandStatus status) {
        if (!exited.compareAndSet(false, true)) {
            return;
        }
        try {
            awaitReady();
        } catch (IOException gone) {
            return;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            link.abort("the session was interrupted before its client had opened its streams");
            return;
        }
        List<Object> last = new ArrayList<>();
        String told = protocol.hasJsonStatus() ? status.json() : status.text();
        int error = ids.getOrDefault(Role.ERROR, Role.ERROR.channel);
        if (!told.isEmpty()) {
            byte[] bytes = told.getBytes(StandardCharsets.UTF_8);
            last.add(wire.data(error, bytes, 0, bytes.length));
        }
        for (Role role : List.of(Role.ERROR, Role.STDOUT, Role.STDERR)) {
            Integer id = ids.get(role);
            Object end = id == null ? null : wire.end(id);
            if (end != null) {
                last.add(end);
            }
        }
        link.finish(last);
        stdin.close();
        sizes.end();
    }

    @Override
    public void awaitDisconnect() throws InterruptedException {
        link.awaitEnd();
    }

    @Override
    public boolean isConnected() {
        return link.isOpen();
    }

    @Override
    public void close() {
        if (exited.compareAndSet(false, true)) {
            link.abort("the session was closed");
        }
        stdin.close();
    }

    private final class Output extends OutputStream {
        private static final int LARGEST_PIECE = 32 << 10;
        private final Role role;

        Output(Role role) {
            this.role = role;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                awaitReady();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new java.io.InterruptedIOException("interrupted while waiting for a client to open its streams");
            }
            int id = ids.getOrDefault(role, role.channel);
            for (int done = 0; done < length; done += LARGEST_PIECE) {
                link.send(id, bytes, offset + done, Math.min(LARGEST_PIECE, length - done));
            }
        }
    }
}
