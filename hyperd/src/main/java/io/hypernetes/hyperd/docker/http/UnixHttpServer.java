package io.hypernetes.hyperd.docker.http;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves HTTP/1.1 on a unix socket that only its owner may open. Closing it cuts every connection.
public final class UnixHttpServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(UnixHttpServer.class);
    private static final int BACKLOG = 128;

    private final ServerSocketChannel listener;
    private final HttpHandler handler;
    private final HttpLimits limits;
    private final Map<String, String> standing;
    private final Semaphore room;
    private final Set<Wire> wires = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);

    /// Starts to listen.
    ///
    /// @param socket where; an older socket file is replaced
    /// @param standing headers of every answer
    public UnixHttpServer(Path socket, Map<String, String> standing, HttpLimits limits, HttpHandler handler) throws IOException {
        this.handler = handler;
        this.limits = limits;
        this.standing = Map.copyOf(standing);
        this.room = new Semaphore(limits.connections());
        Files.createDirectories(socket.toAbsolutePath().getParent());
        Files.deleteIfExists(socket);
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(socket), BACKLOG);
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException | RuntimeException failure) {
            listener.close();
            throw new IOException("listening on " + socket + ": " + failure.getMessage(), failure);
        }
        Thread.ofVirtual().name("docker-accept").start(this::accept);
        Thread.ofVirtual().name("docker-late").start(this::cutLate);
    }

    private void accept() {
        while (true) {
            SocketChannel channel;
            try {
                channel = listener.accept();
            } catch (IOException end) {
                if (listener.isOpen()) {
                    // No descriptors left, say: the next look at the clock tries again.
                    LOG.warn("event=docker-accept-failed error=\"{}\"", end.toString());
                    if (waited()) {
                        return;
                    }
                    continue;
                }
                return;
            }
            Wire wire = new Wire(channel);
            wires.add(wire);
            boolean admitted = room.tryAcquire();
            Thread.ofVirtual().name("docker-connection").start(() -> {
                try (wire) {
                    if (admitted) {
                        serve(wire);
                    } else {
                        refuse(wire, new HttpRefusal(503, "there are " + limits.connections() + " connections already; close some"));
                    }
                } catch (IOException gone) {
                    LOG.debug("event=docker-connection-ended reason=\"{}\"", gone.toString());
                } finally {
                    wires.remove(wire);
                    if (admitted) {
                        room.release();
                    }
                }
            });
        }
    }

    private void serve(Wire wire) throws IOException {
        boolean more = true;
        while (more) {
            HttpExchange exchange = null;
            try {
                RequestHead head = head(wire);
                if (head == null) {
                    return;
                }
                exchange = new HttpExchange(wire, head, limits.silence(), standing);
                handler.handle(exchange);
                more = exchange.finish();
            } catch (HttpRefusal wrong) {
                if (exchange == null || !exchange.isAnswered()) {
                    refuse(wire, wrong);
                }
                return;
            }
        }
    }

    /// The head of the next request; null when the client has ended.
    private @Nullable RequestHead head(Wire wire) throws IOException {
        byte[] head = new byte[1024];
        int length = 0;
        while (true) {
            int next = wire.read(length == 0 ? limits.idle() : limits.silence());
            if (next < 0) {
                return null;
            }
            if (length == limits.headBytes()) {
                throw new HttpRefusal(431, "the head of the request is longer than " + limits.headBytes() + " bytes");
            }
            if (length == head.length) {
                head = java.util.Arrays.copyOf(head, Math.min(limits.headBytes(), head.length * 2));
            }
            head[length++] = (byte) next;
            if (next == '\n' && length >= 4 && head[length - 2] == '\r' && head[length - 3] == '\n' && head[length - 4] == '\r') {
                return RequestHead.parse(head, length - 4, limits.headerLines());
            }
        }
    }

    private void refuse(Wire wire, HttpRefusal why) throws IOException {
        byte[] text = ("{\"message\":\"" + String.valueOf(why.getMessage()).replace("\\", "").replace("\"", "'") + "\"}\n").getBytes(StandardCharsets.UTF_8);
        byte[] head = ("HTTP/1.1 " + why.status() + " Refused\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                + text.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII);
        wire.write(ByteBuffer.allocate(head.length + text.length).put(head).put(text).flip());
    }

    private void cutLate() {
        while (!waited()) {
            long now = System.nanoTime();
            for (Wire wire : wires) {
                if (wire.isLate(now)) {
                    close(wire);
                }
            }
        }
    }

    /// Waits for the next look at the clock; true when the server is closed.
    private boolean waited() {
        try {
            return closed.await(1, TimeUnit.SECONDS);
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private static void close(AutoCloseable wire) {
        try {
            wire.close();
        } catch (Exception gone) {
            LOG.debug("event=docker-close-failed error=\"{}\"", gone.toString());
        }
    }

    @Override
    public void close() {
        closed.countDown();
        close(listener);
        wires.forEach(UnixHttpServer::close);
    }
}
