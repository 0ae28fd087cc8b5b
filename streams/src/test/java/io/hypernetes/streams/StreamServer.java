package io.hypernetes.streams;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;

/// A server as hyperd's: HTTP/1.1 whose exec, attach and port-forward addresses become sessions, which a test takes. It also knows just enough
/// of the Kubernetes API for kubectl to find a pod.
final class StreamServer implements AutoCloseable {
    private static final Map<String, String> API = Map.of(
            "/api", "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}",
            "/apis", "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[]}",
            "/api/v1", "{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":[{\"name\":\"pods\",\"singularName\":\"pod\","
                    + "\"namespaced\":true,\"kind\":\"Pod\",\"verbs\":[\"get\",\"list\"],\"shortNames\":[\"po\"]}]}",
            "/api/v1/namespaces/default/pods/web", "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"web\",\"namespace\":"
                    + "\"default\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"stdin\":true,\"tty\":true}]},\"status\":{\"phase\":\"Running\"}}");

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final Channel listening;

    final LinkedBlockingQueue<Exec> execs = new LinkedBlockingQueue<>();
    final LinkedBlockingQueue<PortForwardSession> forwards = new LinkedBlockingQueue<>();

    record Exec(RemoteCommandSession session, RemoteCommandProtocol protocol, List<String> command) {}

    StreamServer() throws InterruptedException {
        listening = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1 << 20), new Requests());
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
    }

    int port() {
        return ((InetSocketAddress) listening.localAddress()).getPort();
    }

    private final class Requests extends SimpleChannelInboundHandler<FullHttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            QueryStringDecoder query = new QueryStringDecoder(request.uri());
            String path = query.path();
            if (path.endsWith("/exec") || path.endsWith("/attach")) {
                exec(context, request, query);
            } else if (path.endsWith("/portforward")) {
                forward(context, request, query);
            } else {
                String body = API.get(path);
                FullHttpResponse response = new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        body == null ? HttpResponseStatus.NOT_FOUND : HttpResponseStatus.OK,
                        Unpooled.copiedBuffer(body == null ? "{}" : body, StandardCharsets.UTF_8));
                response.headers().set("content-type", "application/json").set("content-length", response.content().readableBytes());
                context.writeAndFlush(response);
            }
        }

        private void exec(ChannelHandlerContext context, FullHttpRequest request, QueryStringDecoder query) {
            Optional<RemoteCommandProtocol> protocol = RemoteCommandHandshake.negotiate(request);
            if (protocol.isEmpty()) {
                context.writeAndFlush(RemoteCommandHandshake.refusal(request));
                return;
            }
            RemoteCommandStreams streams =
                    new RemoteCommandStreams(flag(query, "stdin"), flag(query, "stdout"), flag(query, "stderr"), flag(query, "tty"));
            execs.add(new Exec(
                    RemoteCommandHandshake.accept(context.channel(), request, protocol.get(), streams),
                    protocol.get(),
                    query.parameters().getOrDefault("command", List.of())));
        }

        private void forward(ChannelHandlerContext context, FullHttpRequest request, QueryStringDecoder query) {
            Optional<PortForwardProtocol> protocol = PortForwardHandshake.negotiate(request);
            if (protocol.isEmpty()) {
                context.writeAndFlush(PortForwardHandshake.refusal(request));
                return;
            }
            List<Integer> ports = query.parameters().getOrDefault("ports", List.of()).stream().map(Integer::valueOf).toList();
            forwards.add(PortForwardHandshake.accept(context.channel(), request, protocol.get(), ports));
        }
    }

    private static boolean flag(QueryStringDecoder query, String name) {
        List<String> values = query.parameters().getOrDefault(name, List.of());
        return values.contains("true") || values.contains("1");
    }

    @Override
    public void close() throws InterruptedException {
        listening.close().sync();
        loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).sync();
    }
}
