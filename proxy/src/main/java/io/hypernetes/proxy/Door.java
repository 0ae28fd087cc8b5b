package io.hypernetes.proxy;

import io.hypernetes.network.Gateway;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLSocket;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Leads a tenant's pods to the API server. Each connection is passed on as it is, inside a connection of the node's on which the node has
/// said whose pods are behind it: TLS ends at the API server, which shows the certificate that the tenant's pods expect and believes
/// nobody there but the tenant's own. The node sees no token and no answer. Closing ends the listener; connections end with their ends, when nothing has gone
/// through for hours, or when there are too many ([DoorPlaces]).
final class Door implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Door.class);
    private static final int CONNECT_MILLIS = 10_000, BUFFER = 16 << 10, LONGEST_HEAD = 16 << 10, HTTPS = 443;
    /// Who connects speaks first.
    private static final int FIRST_BYTE_MILLIS = 10_000;
    /// As long as upstream's kubelet keeps a silent stream (`streamingConnectionIdleTimeout`), which may come through here.
    private static final Duration LONGEST_SILENCE = Duration.ofHours(4);
    /// Whose machine has gone says no goodbye.
    private static final int ALIVE_AFTER_SECONDS = 60, ALIVE_EACH_SECONDS = 15, ALIVE_TRIES = 4;
    private static final Duration TELL_AGAIN = Duration.ofMinutes(1);

    private final ProxySettings settings;
    private final String tenant;
    private final ServerSocketChannel listener;
    private final DoorPlaces places;
    /// When last a refusal was told of; of [#accept] alone.
    private @Nullable Long toldNanos;

    Door(ProxySettings settings, Gateway gateway) throws IOException {
        this(settings, gateway, DoorPlaces.ALL);
    }

    Door(ProxySettings settings, Gateway gateway, DoorPlaces places) throws IOException {
        this.settings = settings;
        this.places = places;
        this.tenant = gateway.tenant();
        try {
            listener = gateway.inside(() -> {
                try {
                    return ServerSocketChannel.open(StandardProtocolFamily.INET).bind(new InetSocketAddress(gateway.address(), 0));
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
        } catch (UncheckedIOException refused) {
            throw refused.getCause();
        }
        Thread.ofVirtual().name("door-" + tenant).start(this::accept);
    }

    int port() throws IOException {
        return ((InetSocketAddress) listener.getLocalAddress()).getPort();
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                admit(listener.accept());
            } catch (IOException failure) {
                if (listener.isOpen()) {
                    LOG.debug("event=door-accept-failed tenant={} error=\"{}\"", tenant, failure.getMessage());
                }
            }
        }
    }

    private void admit(SocketChannel client) throws IOException {
        try {
            InetAddress pod = ((InetSocketAddress) client.getRemoteAddress()).getAddress();
            Optional<DoorPlaces.Place> place = places.take(tenant, pod, () -> close(client));
            if (place.isPresent()) {
                Thread.ofVirtual().name("door-connection").start(() -> lead(client, place.get()));
                return;
            }
            // As often as a pod connects would be as often as it likes.
            if (toldNanos == null || System.nanoTime() - toldNanos > TELL_AGAIN.toNanos()) {
                toldNanos = System.nanoTime();
                LOG.warn("event=door-full tenant={} pod={} effect=\"its connection to the API server is closed; it, or its tenant, has as many as it may\"",
                        tenant, pod.getHostAddress());
            }
            client.close();
        } catch (IOException gone) {
            client.close();
            throw gone;
        }
    }

    private void lead(SocketChannel client, DoorPlaces.Place place) {
        try (place; client) {
            Socket pod = client.socket();
            keepAlive(pod);
            pod.setSoTimeout(FIRST_BYTE_MILLIS);
            int first = pod.getInputStream().read();
            if (first < 0) {
                return;
            }
            pod.setSoTimeout((int) LONGEST_SILENCE.toMillis());
            // Not before: whoever says nothing costs no session.
            try (Socket server = open()) {
                lead(pod, first, server, place);
            }
        } catch (IOException failure) {
            LOG.debug("event=door-not-led tenant={} error=\"{}\"", tenant, failure.getMessage());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void lead(Socket pod, int first, Socket server, DoorPlaces.Place place) throws InterruptedException {
        Thread toServer = Thread.ofVirtual().name("door-to-server").start(() -> {
            try {
                pump(first, pod.getInputStream(), server.getOutputStream(), place);
                server.shutdownOutput();
            } catch (IOException ended) {
                close(pod, server);
            }
        });
        try {
            InputStream answers = server.getInputStream();
            pump(answers.read(), answers, pod.getOutputStream(), place);
        } catch (IOException ended) {
            LOG.debug("event=door-connection-ended tenant={} reason=\"{}\"", tenant, ended.getMessage());
        }
        close(pod, server);
        toServer.join();
    }

    private static void keepAlive(Socket socket) throws IOException {
        socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, ALIVE_AFTER_SECONDS);
        socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, ALIVE_EACH_SECONDS);
        socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, ALIVE_TRIES);
    }

    private static void close(Closeable... sockets) {
        for (Closeable socket : sockets) {
            try {
                socket.close();
            } catch (IOException closed) {
                continue;
            }
        }
    }

    /// A connection to the API server on which the tenant is settled.
    private Socket open() throws IOException {
        String host = settings.apiServer().getHost();
        int port = settings.apiServer().getPort() < 0 ? HTTPS : settings.apiServer().getPort();
        Socket plain = new Socket();
        try {
            plain.connect(new InetSocketAddress(host, port), CONNECT_MILLIS);
            plain.setTcpNoDelay(true);
            keepAlive(plain);
            SSLSocket secure = (SSLSocket) settings.tls().get().getSocketFactory().createSocket(plain, host, port, true);
            secure.setSoTimeout(CONNECT_MILLIS);
            String request = "GET /tenants/" + tenant + "/door HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: hypernetes-door\r\n\r\n";
            secure.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            String head = head(secure.getInputStream());
            if (!head.startsWith("HTTP/1.1 101 ")) {
                throw new IOException("the API server does not lead pods of " + tenant + " in: " + head.lines().findFirst().orElse(""));
            }
            secure.setSoTimeout(0);
            return secure;
        } catch (IOException | RuntimeException failure) {
            plain.close();
            throw failure;
        }
    }

    private static String head(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int ends = 0;
        while (ends < 4) {
            int next = in.read();
            if (next < 0 || head.size() >= LONGEST_HEAD) {
                throw new IOException("no answer of the API server");
            }
            head.write(next);
            ends = next == (ends % 2 == 0 ? '\r' : '\n') ? ends + 1 : next == '\r' ? 1 : 0;
        }
        return head.toString(StandardCharsets.US_ASCII);
    }

    /// Passes on what comes. There is a buffer only while there is something in it: most connections are silent at most times.
    ///
    /// @param first the first byte, or less than 0 at the end
    private static void pump(int first, InputStream from, OutputStream to, DoorPlaces.Place place) throws IOException {
        for (int next = first; next >= 0; next = next(from, place)) {
            place.use();
            byte[] buffer = new byte[1 + Math.min(from.available(), BUFFER - 1)];
            buffer[0] = (byte) next;
            int more = buffer.length == 1 ? 0 : from.read(buffer, 1, buffer.length - 1);
            to.write(buffer, 0, 1 + Math.max(more, 0));
            to.flush();
        }
    }

    private static int next(InputStream from, DoorPlaces.Place place) throws IOException {
        while (true) {
            try {
                return from.read();
            } catch (SocketTimeoutException silent) {
                // The other direction may not have been.
                if (place.silentNanos() >= LONGEST_SILENCE.toNanos()) {
                    throw silent;
                }
            }
        }
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException failure) {
            LOG.debug("event=door-close-failed tenant={} error=\"{}\"", tenant, failure.getMessage());
        }
    }
}
