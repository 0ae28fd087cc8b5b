package io.hypernetes.proxy;

import io.hypernetes.network.Gateway;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import javax.net.ssl.SSLSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Leads a tenant's pods to the API server. Each connection is passed on as it is, inside a connection of the node's on which the node has
/// said whose pods are behind it: TLS ends at the API server, which shows the certificate that the tenant's pods expect and believes
/// nobody there but the tenant's own. The node sees no token and no answer. Closing ends the listener; connections end with their ends.
final class Door implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Door.class);
    private static final int MOST_CONNECTIONS = 4096;
    private static final int CONNECT_MILLIS = 10_000, BUFFER = 32 << 10, LONGEST_HEAD = 16 << 10, HTTPS = 443;

    private final ProxySettings settings;
    private final String tenant;
    private final ServerSocketChannel listener;
    private final Semaphore connections = new Semaphore(MOST_CONNECTIONS);

    Door(ProxySettings settings, Gateway gateway) throws IOException {
        this.settings = settings;
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
                SocketChannel client = listener.accept();
                if (connections.tryAcquire()) {
                    Thread.ofVirtual().name("door-connection").start(() -> lead(client));
                } else {
                    LOG.warn("event=door-full tenant={} connections={}", tenant, MOST_CONNECTIONS);
                    client.close();
                }
            } catch (IOException failure) {
                if (listener.isOpen()) {
                    LOG.debug("event=door-accept-failed tenant={} error=\"{}\"", tenant, failure.getMessage());
                }
            }
        }
    }

    private void lead(SocketChannel client) {
        try (client;
                Socket server = open()) {
            Socket pod = client.socket();
            Thread toServer = Thread.ofVirtual().name("door-to-server").start(() -> {
                try {
                    pump(pod.getInputStream(), server.getOutputStream());
                    server.shutdownOutput();
                } catch (IOException ended) {
                    close(pod, server);
                }
            });
            try {
                pump(server.getInputStream(), pod.getOutputStream());
            } catch (IOException ended) {
                LOG.debug("event=door-connection-ended tenant={} reason=\"{}\"", tenant, ended.getMessage());
            }
            close(pod, server);
            toServer.join();
        } catch (IOException failure) {
            LOG.debug("event=door-not-led tenant={} error=\"{}\"", tenant, failure.getMessage());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } finally {
            connections.release();
        }
    }

    private static void close(Socket... sockets) {
        for (Socket socket : sockets) {
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

    private static void pump(InputStream from, OutputStream to) throws IOException {
        byte[] buffer = new byte[BUFFER];
        for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
            to.write(buffer, 0, count);
            to.flush();
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
