package io.hypernetes.apiserver.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.AttributeKey;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A listening HTTPS server: HTTP/2 and HTTP/1.1 by ALPN, client certificates asked for and not required.
///
/// Safe for use by many threads. Closing stops listening, ends open connections and waits for the handlers' threads.
public final class HttpEdge implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HttpEdge.class);
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(128 * 1024, 512 * 1024);
    private static final int LOOPS = Math.max(2, Runtime.getRuntime().availableProcessors());
    private static final String HTTP_STAGE = "http-";
    private static final String DOOR_TLS = "door-tls";
    private static final AttributeKey<HttpEdge> EDGE = AttributeKey.valueOf(HttpEdge.class, "edge");
    private static final AttributeKey<String> DOOR = AttributeKey.valueOf(HttpEdge.class, "door");
    private static final AttributeKey<Origins.Origin> ORIGIN = AttributeKey.valueOf(HttpEdge.class, "origin");
    private static final AttributeKey<Runnable> LEAVE = AttributeKey.valueOf(HttpEdge.class, "leave");

    private final EdgeSettings settings;
    private final Supplier<SSLContext> tls;
    /// Null until requests are answered.
    private volatile @Nullable ExchangeHandler handler;
    private final EventLoopGroup acceptor;
    private final EventLoopGroup loops;
    private final ExecutorService threads;
    private final Handshakes handshakes = new Handshakes(Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
    private final io.netty.channel.group.ChannelGroup connections =
            new io.netty.channel.group.DefaultChannelGroup(io.netty.util.concurrent.GlobalEventExecutor.INSTANCE, true);
    private final Origins origins;
    private final Channel listener;

    /// Starts listening. Whoever connects waits until [#serve].
    ///
    /// @param tls asked at every connection, so that a renewed certificate serves without a restart
    /// @throws IOException when the address cannot be listened on
    public HttpEdge(EdgeSettings settings, Supplier<SSLContext> tls) throws IOException {
        this.settings = settings;
        this.tls = tls;
        this.origins = new Origins(settings.maxConnections(), settings.maxBodiesBytes());
        this.acceptor = new MultiThreadIoEventLoopGroup(
                1, Thread.ofPlatform().daemon().name("http-accept-", 0).factory(), Sockets.loops());
        this.loops = new MultiThreadIoEventLoopGroup(
                LOOPS,
                Thread.ofPlatform().daemon().name("http-loop-", 0).factory(),
                Sockets.loops());
        this.threads = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("request-", 0).factory());
        try {
            this.listener = bind();
        } catch (IOException e) {
            acceptor.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
            threads.shutdown();
            handshakes.close();
            throw e;
        }
    }

    /// Answers requests from now on. Once.
    public void serve(ExchangeHandler answering) {
        handler = answering;
        listener.config().setAutoRead(true);
    }

    /// What it was made with.
    public EdgeSettings settings() {
        return settings;
    }

    /// Where the edge listens, with the real port.
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    @Override
    public void close() {
        listener.close().awaitUninterruptibly();
        connections.close().awaitUninterruptibly(5, TimeUnit.SECONDS);
        handshakes.close();
        threads.shutdown();
        try {
            if (!threads.awaitTermination(5, TimeUnit.SECONDS)) {
                log.warn("event=requests-left-behind after=5s");
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        acceptor.shutdownGracefully(0, 2, TimeUnit.SECONDS);
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(3, TimeUnit.SECONDS);
    }

    /// Whether a handler of that name belongs to HTTP/1.1 and leaves at an upgrade.
    static boolean isHttpStage(String name) {
        return name.startsWith(HTTP_STAGE);
    }

    /// The TLS by which requests come: the inner one, where a door leads through another.
    static @Nullable SslHandler tlsOf(Channel channel) {
        return channel.pipeline().get(DOOR_TLS) instanceof SslHandler inner ? inner : channel.pipeline().get(SslHandler.class);
    }

    /// The tenant through whose door a connection came; empty when it came by none.
    static String doorOf(Channel channel) {
        var own = channel.attr(DOOR).get();
        var parent = channel.parent();
        var door = own == null && parent != null ? parent.attr(DOOR).get() : own;
        return door == null ? "" : door;
    }

    /// Runs on the event loop: makes of a connection one that has just come, by the door of a tenant. Whoever opened it before is forgotten;
    /// who speaks now is told by a TLS of its own, inside the first.
    static void admitByDoor(Channel channel, String tenant, SSLContext context, byte[] head) {
        var pipeline = channel.pipeline();
        for (var name : pipeline.names()) {
            if (isHttpStage(name)) {
                pipeline.remove(name);
            }
        }
        IdleGuard.busy(channel, false);
        channel.writeAndFlush(Unpooled.wrappedBuffer(head));
        channel.attr(DOOR).set(tenant);
        var edge = channel.attr(EDGE).get();
        var leaveFormer = channel.attr(LEAVE).get();
        if (!channel.isActive() || !edge.enter(channel)) {
            return;
        }
        leaveFormer.run();
        edge.secure(channel, DOOR_TLS, "door-alpn", context);
    }

    private Channel bind() throws IOException {
        var bootstrap = new ServerBootstrap()
                .group(acceptor, loops)
                .channel(Sockets.listener())
                .option(ChannelOption.SO_BACKLOG, 1024)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.AUTO_READ, false)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.ALLOCATOR, Sockets.buffers(LOOPS))
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        admit(channel);
                    }
                });
        var bound = bootstrap.bind(settings.listen()).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "cannot listen on %s: %s; is another server running there?"
                            .formatted(settings.listen(), bound.cause().getMessage()),
                    bound.cause());
        }
        return bound.channel();
    }

    private void admit(Channel channel) {
        if (!enter(channel)) {
            return;
        }
        connections.add(channel);
        channel.attr(EDGE).set(this);
        secure(channel, "tls", "alpn", tls.get());
    }

    /// Counts a connection among those of its origin, until it closes; it is closed at once where there is no room.
    private boolean enter(Channel channel) {
        var origin = origins.enter(Origins.placeOf(channel.remoteAddress(), doorOf(channel)));
        if (origin == null) {
            channel.close();
            return false;
        }
        channel.attr(ORIGIN).set(origin);
        // Once, at the end or when it turns out to have come by a door, whatever comes first.
        var counted = new AtomicBoolean(true);
        Runnable leave = () -> {
            if (counted.compareAndSet(true, false)) {
                origin.leave();
            }
        };
        channel.attr(LEAVE).set(leave);
        channel.closeFuture().addListener(closed -> leave.run());
        return true;
    }

    private void secure(Channel channel, String name, String choice, SSLContext context) {
        var connection = handshakes.from(origin(channel));
        channel.closeFuture().addListener(closed -> connection.gone());
        var arrival = new TlsArrival(connection);
        var handshake = new SslHandler(engine(context), arrival::execute);
        handshake.setHandshakeTimeoutMillis(10_000);
        handshake.setCloseNotifyFlushTimeoutMillis(3_000);
        channel.pipeline().addLast(name + "-arrival", arrival);
        channel.pipeline().addLast(name, handshake);
        channel.pipeline().addLast(choice, new ProtocolChoice(handshake));
    }

    /// Who opens a connection, as far as is known before its handshake: the machine, and the door they come by.
    private static Object origin(Channel channel) {
        return (channel.remoteAddress() instanceof InetSocketAddress remote ? remote.getHostString() : "") + " " + doorOf(channel);
    }

    private static SSLEngine engine(SSLContext context) {
        var engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        var parameters = engine.getSSLParameters();
        parameters.setApplicationProtocols(
                new String[] {ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1});
        parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
        parameters.setUseCipherSuitesOrder(true);
        parameters.setWantClientAuth(true);
        engine.setSSLParameters(parameters);
        return engine;
    }

    private void http1(Channel channel) {
        var decoding = new HttpDecoderConfig()
                .setMaxInitialLineLength(settings.maxHeaderBytes())
                .setMaxHeaderSize(settings.maxHeaderBytes())
                .setMaxChunkSize(64 * 1024);
        var idle = new IdleGuard(settings.requestArrival(), settings.idle());
        channel.pipeline()
                .addLast(HTTP_STAGE + "idle", idle)
                .addLast(HTTP_STAGE + "codec", new HttpServerCodec(decoding))
                .addLast(HTTP_STAGE + "memory", new BodyReservation(channel.attr(ORIGIN).get()))
                .addLast(HTTP_STAGE + "body", new BoundedBody(settings.maxBodyBytes()))
                .addLast(HTTP_STAGE + "arrival", idle.whenComplete())
                .addLast(HTTP_STAGE + "dispatch", new RequestDispatcher(false, settings, Objects.requireNonNull(handler), threads));
    }

    private void http2(Channel channel) {
        var limits = Http2Settings.defaultSettings()
                .maxConcurrentStreams(500)
                .initialWindowSize(256 * 1024)
                .maxHeaderListSize(settings.maxHeaderBytes());
        var origin = channel.attr(ORIGIN).get();
        var idle = new IdleStreams(settings.idle());
        channel.pipeline()
                .addLast(Http2FrameCodecBuilder.forServer()
                        .initialSettings(limits)
                        .decoderEnforceMaxRstFramesPerWindow(2000, 30)
                        .build())
                .addLast(new Http2MultiplexHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel stream) {
                        idle.opened(stream);
                        stream.config().setWriteBufferWaterMark(WATER_MARK);
                        stream.pipeline()
                                .addLast(new Http2StreamFrameToHttpObjectCodec(true))
                                .addLast(new ArrivalDeadline(settings.requestArrival()))
                                .addLast(new BodyReservation(origin))
                                .addLast(new BoundedBody(settings.maxBodyBytes()))
                                .addLast(new RequestDispatcher(true, settings, Objects.requireNonNull(handler), threads));
                    }
                }))
                .addLast(idle)
                .addLast(new LastWord());
    }

    /// Ends a connection that fails, as clients that reset theirs make it do; nothing else of HTTP/2 listens for that.
    private static final class LastWord extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            log.debug("event=connection-failed remote={} cause={}", context.channel().remoteAddress(), cause.toString());
            context.close();
        }
    }

    private final class ProtocolChoice extends ApplicationProtocolNegotiationHandler {
        private final SslHandler handshake;

        ProtocolChoice(SslHandler handshake) {
            super(ApplicationProtocolNames.HTTP_1_1);
            this.handshake = handshake;
        }

        @Override
        protected void configurePipeline(ChannelHandlerContext context, String fallback) {
            // Netty knows the protocol of its own engines only; ours is the JDK's.
            var protocol = handshake.engine().getApplicationProtocol();
            if (protocol != null && protocol.equals(ApplicationProtocolNames.HTTP_2)) {
                http2(context.channel());
            } else {
                http1(context.channel());
            }
        }

        @Override
        protected void handshakeFailure(ChannelHandlerContext context, Throwable cause) {
            log.debug("event=tls-failed remote={} cause={}", context.channel().remoteAddress(), cause.toString());
            context.close();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            handshakeFailure(context, cause);
        }
    }
}
