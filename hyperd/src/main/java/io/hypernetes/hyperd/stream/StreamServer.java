package io.hypernetes.hyperd.stream;

import io.hypernetes.hyperd.HyperdException;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves exec, attach and port-forward on loopback. Each is first agreed on over CRI, which gives an address with a token in it;
/// the token is good for one connection within [#TOKEN_LIFE]. Whoever has no token gets nothing. Safe for use by many threads.
public final class StreamServer implements AutoCloseable {
    /// How long an address may be used after it was given.
    public static final Duration TOKEN_LIFE = Duration.ofMinutes(1);

    private static final Logger LOG = LoggerFactory.getLogger(StreamServer.class);
    private static final int MOST_WAITING = 1000;
    private static final int TOKEN_BYTES = 24;

    /// What to do with the connection that a token was given for. Called on the event loop: answers the request and returns at once.
    public interface Task {
        void serve(Channel channel, HttpRequest request);
    }

    private record Waiting(Task task, Instant until) {}

    private final Clock clock;
    private final SecureRandom random = new SecureRandom();
    private final Map<String, Waiting> waiting = new ConcurrentHashMap<>();
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final Channel listener;
    private final int port;

    public StreamServer(Clock clock) {
        this.clock = clock;
        listener = new ServerBootstrap()
                .group(loop)
                .channel(EpollServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new HttpServerCodec(), new Door());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .syncUninterruptibly()
                .channel();
        port = ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /// The address at which `task` waits for its one client.
    ///
    /// @param kind first part of the path, as `exec`
    public String address(String kind, Task task) {
        Instant now = clock.instant();
        waiting.values().removeIf(old -> old.until().isBefore(now));
        if (waiting.size() >= MOST_WAITING) {
            throw new HyperdException(
                    HyperdException.Kind.EXHAUSTED,
                    MOST_WAITING + " streams are waiting for their clients already. Try again in " + TOKEN_LIFE.toSeconds() + " s.");
        }
        byte[] token = new byte[TOKEN_BYTES];
        random.nextBytes(token);
        String text = HexFormat.of().formatHex(token);
        waiting.put(text, new Waiting(task, now.plus(TOKEN_LIFE)));
        return "http://127.0.0.1:" + port + "/" + kind + "/" + text;
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        loop.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private Optional<Task> take(String uri) {
        String path = new QueryStringDecoder(uri).path();
        Waiting found = waiting.remove(path.substring(path.lastIndexOf('/') + 1));
        return found == null || found.until().isBefore(clock.instant()) ? Optional.empty() : Optional.of(found.task());
    }

    private final class Door extends SimpleChannelInboundHandler<HttpObject> {
        private boolean asked;

        @Override
        protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
            if (!(message instanceof HttpRequest request) || asked) {
                return;
            }
            asked = true;
            if (!request.decoderResult().isSuccess()) {
                refuse(context, HttpResponseStatus.BAD_REQUEST, "this is not HTTP/1.1\n");
                return;
            }
            Optional<Task> task = take(request.uri());
            if (task.isEmpty()) {
                refuse(context, HttpResponseStatus.NOT_FOUND, "this address was never given, was used before, or has expired\n");
                return;
            }
            task.get().serve(context.channel(), request);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.debug("event=stream-connection-failed error={}", cause.toString());
            context.close();
        }

        private static void refuse(ChannelHandlerContext context, HttpResponseStatus status, String text) {
            FullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
            response.headers()
                    .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
                    .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
            context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
        }
    }
}
