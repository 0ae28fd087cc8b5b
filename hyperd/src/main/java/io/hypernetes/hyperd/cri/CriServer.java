package io.hypernetes.hyperd.cri;

import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.hypernetes.hyperd.event.Events;
import io.hypernetes.hyperd.sandbox.Checkpoints;
import io.hypernetes.hyperd.sandbox.Sandboxes;
import io.hypernetes.hyperd.stream.Streams;
import io.hypernetes.images.ImageStore;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves CRI v1 over gRPC on a unix socket that only its owner may open.
public final class CriServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CriServer.class);
    private static final int MOST_REQUEST_BYTES = 16 << 20;

    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
    private final Path socket;
    private final Server server;

    /// Starts to listen.
    ///
    /// @param socket where; an older socket file is replaced
    /// @param scratchFolder named as the file system of writable layers in stats
    /// @param podCidr told when the kubelet says which addresses the node's pods have
    /// @param networkTrouble why no pod can have a network now; empty when all is well
    /// @param info more facts for a verbose status, asked for each time
    /// @throws IOException when the socket cannot be made
    public CriServer(
            Path socket,
            Sandboxes sandboxes,
            Checkpoints checkpoints,
            Streams streams,
            ImageStore images,
            Events events,
            Clock clock,
            Path scratchFolder,
            Consumer<String> podCidr,
            Supplier<Optional<String>> networkTrouble,
            Supplier<Map<String, String>> info)
            throws IOException {
        this.socket = socket;
        Path folder = socket.toAbsolutePath().getParent();
        if (folder == null) {
            throw new IOException("the socket path " + socket + " has no folder");
        }
        Files.createDirectories(folder);
        // Made where nobody else can reach it, and moved to its place when its permissions are right.
        Path hidden = Files.createTempDirectory(folder, ".cri-", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path born = hidden.resolve("s");
        try {
            server = NettyServerBuilder.forAddress(new DomainSocketAddress(born.toFile()))
                    .channelType(EpollServerDomainSocketChannel.class)
                    .bossEventLoopGroup(loop)
                    .workerEventLoopGroup(loop)
                    .executor(calls)
                    .intercept(new CallerInterceptor())
                    .intercept(new OutputBound())
                    .maxInboundMessageSize(MOST_REQUEST_BYTES)
                    .permitKeepAliveTime(5, TimeUnit.SECONDS)
                    .permitKeepAliveWithoutCalls(true)
                    .addService(new RuntimeFace(
                            sandboxes, checkpoints, streams, new StatsViews(scratchFolder.toString()), events, podCidr, networkTrouble, info))
                    .addService(new ImageFace(images, clock))
                    .addService(PodCalls.service(sandboxes, checkpoints))
                    .build()
                    .start();
            Files.setPosixFilePermissions(born, PosixFilePermissions.fromString("rw-------"));
            Files.move(born, socket, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException failure) {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            calls.shutdownNow();
            throw new IOException("listening on " + socket + ": " + failure.getMessage(), failure);
        } finally {
            Files.deleteIfExists(born);
            Files.deleteIfExists(hidden);
        }
        LOG.info("event=cri-listening socket={}", socket);
    }

    @Override
    public void close() {
        server.shutdown();
        try {
            if (!server.awaitTermination(2, TimeUnit.SECONDS)) {
                server.shutdownNow();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            server.shutdownNow();
        }
        calls.shutdownNow();
        loop.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
        try {
            Files.deleteIfExists(socket);
        } catch (IOException failure) {
            LOG.warn("event=socket-left socket={} error={}", socket, failure.toString());
        }
    }
}
