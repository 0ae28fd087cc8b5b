package io.hypernetes.hyperd.docker;

import io.hypernetes.images.ImageStore;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.http.HttpServerCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves the Docker Engine API on a unix socket that only its owner may open. Each request is handled on a virtual thread of its own.
public final class DockerServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DockerServer.class);

    private final EventLoopGroup loop;
    private final Channel listener;

    /// Starts to listen.
    ///
    /// @param socket where; an older socket file is replaced
    /// @param scratch folder for uploads under way; emptied at start
    /// @throws IOException when the socket cannot be made
    public DockerServer(Path socket, Path scratch, ImageStore images) throws IOException {
        Files.createDirectories(scratch);
        try (var leftovers = Files.list(scratch)) {
            for (Path leftover : leftovers.toList()) {
                Files.deleteIfExists(leftover);
            }
        }
        Files.createDirectories(socket.getParent());
        Files.deleteIfExists(socket);
        DockerApi api = new DockerApi(images, scratch);
        loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            listener = new ServerBootstrap()
                    .group(loop)
                    .channel(EpollServerDomainSocketChannel.class)
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(new HttpServerCodec(), new DockerExchange(api));
                        }
                    })
                    .bind(new DomainSocketAddress(socket.toFile()))
                    .syncUninterruptibly()
                    .channel();
        } catch (RuntimeException e) {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw new IOException("listening on " + socket + ": " + e.getMessage(), e);
        }
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
        LOG.info("docker api listening socket={}", socket);
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        loop.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
