package io.hypernetes.kubelet.server;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A TLS server that gives each connection a virtual thread and serves one request on it. Every client must show a
/// certificate; whom it lets in is the wiring's decision.
public final class KubeletServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(KubeletServer.class);
    private static final int HANDSHAKE_MILLIS = 15_000;
    private static final int MOST_CONNECTIONS = 2_000;
    /// When whoever has too much open may ask again.
    private static final int RETRY_SECONDS = 5;

    private final Supplier<SSLContext> tls;
    private final Predicate<X509Certificate> allowed;
    private final PodEndpoints endpoints;
    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Thread acceptor;
    private volatile boolean closed;

    /// Listens at once; [#start] begins to serve.
    ///
    /// @param address null for every address of this host
    /// @param port 0 for a free one
    /// @param tls asked at every connection, so that a renewed certificate is shown without a restart
    /// @param allowed judges the client's certificate, which the handshake has already verified against the trusted root
    public KubeletServer(
            @org.jspecify.annotations.Nullable InetAddress address, int port, Supplier<SSLContext> tls, Predicate<X509Certificate> allowed, PodEndpoints endpoints)
            throws IOException {
        this.tls = tls;
        this.allowed = allowed;
        this.endpoints = endpoints;
        this.listener = new ServerSocket();
        listener.setReuseAddress(true);
        listener.bind(address == null ? new InetSocketAddress(port) : new InetSocketAddress(address, port), 512);
        this.acceptor = Thread.ofVirtual().name("kubelet-accept").unstarted(this::accept);
    }

    public KubeletServer start() {
        acceptor.start();
        return this;
    }

    /// The port it listens on.
    public int port() {
        return listener.getLocalPort();
    }

    @Override
    public void close() {
        closed = true;
        closeQuietly(listener);
        open.forEach(KubeletServer::closeQuietly);
        endpoints.close();
    }

    private void accept() {
        while (!closed) {
            try {
                Socket plain = listener.accept();
                if (open.size() >= MOST_CONNECTIONS) {
                    LOG.warn("event=connection-refused cause=too-many most={}", MOST_CONNECTIONS);
                    closeQuietly(plain);
                    continue;
                }
                open.add(plain);
                Thread.ofVirtual().name("kubelet-connection").start(() -> serve(plain));
            } catch (IOException broken) {
                if (!closed) {
                    LOG.error("event=accept-failed reason=\"{}\"", broken.getMessage());
                }
            }
        }
    }

    private void serve(Socket plain) {
        try (plain) {
            plain.setTcpNoDelay(true);
            plain.setSoTimeout(HANDSHAKE_MILLIS);
            SSLSocket socket = (SSLSocket) tls.get().getSocketFactory().createSocket(plain, null, false);
            socket.setUseClientMode(false);
            socket.setNeedClientAuth(true);
            socket.startHandshake();
            InputStream in = new BufferedInputStream(socket.getInputStream(), 16 << 10);
            OutputStream out = new BufferedOutputStream(socket.getOutputStream(), 64 << 10);
            answer(plain, socket, in, out);
            out.flush();
            socket.close();
        } catch (SSLException refused) {
            LOG.debug("event=handshake-failed peer={} reason=\"{}\"", plain.getRemoteSocketAddress(), refused.getMessage());
        } catch (IOException gone) {
            LOG.debug("event=connection-broken peer={} reason=\"{}\"", plain.getRemoteSocketAddress(), gone.getMessage());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException fault) {
            LOG.error("event=request-fault peer={}", plain.getRemoteSocketAddress(), fault);
        } finally {
            open.remove(plain);
        }
    }

    private void answer(Socket plain, SSLSocket socket, InputStream in, OutputStream out) throws IOException, InterruptedException {
        try {
            Certificate[] chain = socket.getSession().getPeerCertificates();
            Optional<HttpRequestHead> request = HttpRequestHead.read(in);
            if (request.isEmpty()) {
                return;
            }
            if (!(chain[0] instanceof X509Certificate certificate) || !allowed.test(certificate)) {
                throw new HttpFailure(403, "this client may not speak to a kubelet");
            }
            socket.setSoTimeout(0);
            endpoints.answer(request.get(), new Wire(plain, socket, in, out));
        } catch (HttpFailure failure) {
            plain(out, failure.code(), String.valueOf(failure.getMessage()));
        }
    }

    static void plain(OutputStream out, int code, String text) throws IOException {
        whole(out, code, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    static void whole(OutputStream out, int code, String type, byte[] body) throws IOException {
        out.write(("HTTP/1.1 " + code + " " + (code == 200 ? "OK" : "Refused") + "\r\nContent-Type: " + type
                + (code == 429 ? "\r\nRetry-After: " + RETRY_SECONDS : "") + "\r\nContent-Length: " + body.length + "\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        out.write(body);
        out.flush();
    }

    private static void closeQuietly(AutoCloseable thing) {
        try {
            thing.close();
        } catch (Exception alreadyClosed) {
            // It is gone, which is what was wanted.
        }
    }

    /// One connection after its request's head was read.
    ///
    /// @param plain what TLS runs on: closing it frees a thread that reads, which closing the TLS socket need not
    record Wire(Socket plain, SSLSocket socket, InputStream in, OutputStream out) {
        void close() {
            closeQuietly(plain);
        }
    }
}
