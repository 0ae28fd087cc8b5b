package io.hypernetes.kubelet.probe;

import io.hypernetes.kubelet.PodDialer;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// The HTTP client of probes and hooks: one GET a connection, of whose answer only the status matters, and where a redirect leads. Any
/// certificate will do, since a probe asks whether the pod lives and not who it is. Nothing secret is ever sent with it. Safe for use by
/// many threads.
///
/// It is not the JDK's client, because that one makes its sockets itself, on threads of its own.
public final class PodHttp {
    private static final int LONGEST_HEAD = 64 << 10;
    private static final int HTTP = 80, HTTPS = 443;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final String LOCATION = "Location:";

    private final PodDialer dialer;
    private final HostLookups hosts;
    private final SSLContext tls;

    /// @param hosts finds those that are named
    public PodHttp(PodDialer dialer, HostLookups hosts) {
        this.dialer = dialer;
        this.hosts = hosts;
        try {
            tls = SSLContext.getInstance("TLS");
            tls.init(null, new TrustManager[] {new TrustAnyone()}, null);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("TLS is not available: " + impossible.getMessage(), impossible);
        }
    }

    /// An answer.
    ///
    /// @param location where a redirect leads; null for another answer, and for one that does not say it
    record Answer(int status, @Nullable String location) {}

    /// Asks and returns the status; a redirect is an answer.
    ///
    /// @throws IOException as [#ask]
    /// @throws IllegalArgumentException as [#ask]
    public int get(String tenant, URI uri, List<Map.Entry<String, String>> headers, Duration timeout) throws IOException {
        return ask(tenant, uri, headers, Deadline.in(timeout)).status();
    }

    /// Asks once.
    ///
    /// @param tenant whose pod it is
    /// @param headers besides those that every request has; `Host` and `User-Agent` may be among them
    /// @param deadline of the whole exchange, of which the lookup of the host's address is a part
    /// @throws HostLookups.NoPlaceException when there is no answer in time, and the lookup was held up
    /// @throws IOException when there is no answer in time, or none that is HTTP
    /// @throws IllegalArgumentException when the URI or a header is none that can be sent
    Answer ask(String tenant, URI uri, List<Map.Entry<String, String>> headers, Deadline deadline) throws IOException {
        boolean secure = "https".equalsIgnoreCase(uri.getScheme());
        String host = uri.getHost();
        if (host == null) {
            throw new IllegalArgumentException("the address " + uri + " names no host");
        }
        int port = uri.getPort() >= 0 ? uri.getPort() : secure ? HTTPS : HTTP;
        byte[] request = request(uri, headers);
        AtomicBoolean late = new AtomicBoolean();
        try (Socket socket = connect(tenant, host, port, deadline)) {
            // A peer that sends a byte now and then would outlast the timeout of each read.
            CompletableFuture<Void> watchdog = CompletableFuture.runAsync(
                    () -> end(socket, late), CompletableFuture.delayedExecutor(left(deadline), TimeUnit.NANOSECONDS));
            try {
                Socket plain = secure ? secured(socket, host, port) : socket;
                plain.getOutputStream().write(request);
                plain.getOutputStream().flush();
                return answer(new BufferedInputStream(plain.getInputStream()));
            } finally {
                watchdog.cancel(false);
            }
        } catch (SocketTimeoutException slow) {
            throw deadline.late("context deadline exceeded", slow);
        } catch (IOException failure) {
            throw late.get() ? deadline.late("context deadline exceeded (Client.Timeout exceeded while awaiting headers)", failure) : failure;
        }
    }

    /// Opens a connection to see whether somebody listens; the caller closes it.
    ///
    /// @throws SocketTimeoutException when nobody has answered in time
    Socket connect(String tenant, String host, int port, Deadline deadline) throws IOException {
        left(deadline);
        InetAddress address = hosts.find(tenant, host, deadline);
        if (!dialer.reaches(tenant, address)) {
            throw new IOException("dial tcp " + host + ":" + port + ": " + address.getHostAddress() + " is an address of the node itself or of its wire, which no pod of a tenant reaches");
        }
        InetSocketAddress to = new InetSocketAddress(address, port);
        SocketChannel channel = dialer.open(tenant);
        try {
            // At least a millisecond, as none would be for ever.
            channel.socket().connect(to, (int) Math.clamp(TimeUnit.NANOSECONDS.toMillis(left(deadline)), 1, Integer.MAX_VALUE));
            return channel.socket();
        } catch (ConnectException | NoRouteToHostException refused) {
            channel.close();
            // In the words that users of Go programs know.
            throw new IOException("dial tcp " + host + ":" + port + ": connect: " + String.valueOf(refused.getMessage()).toLowerCase(Locale.ROOT), refused);
        } catch (IOException | RuntimeException failure) {
            channel.close();
            throw failure;
        }
    }

    private static long left(Deadline deadline) throws SocketTimeoutException {
        long nanos = deadline.leftNanos();
        if (nanos <= 0) {
            throw new SocketTimeoutException("connect timed out");
        }
        return nanos;
    }

    private SSLSocket secured(Socket socket, String host, int port) throws IOException {
        SSLSocket over = (SSLSocket) tls.getSocketFactory().createSocket(socket, host, port, true);
        over.startHandshake();
        return over;
    }

    private static void end(Socket socket, AtomicBoolean late) {
        late.set(true);
        try {
            socket.close();
        } catch (IOException closed) {
            return;
        }
    }

    private static byte[] request(URI uri, List<Map.Entry<String, String>> headers) {
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        StringBuilder head = new StringBuilder("GET " + path + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery()) + " HTTP/1.1\r\n");
        if (headers.stream().noneMatch(header -> header.getKey().equalsIgnoreCase("Host"))) {
            head.append("Host: ").append(uri.getRawAuthority()).append("\r\n");
        }
        for (Map.Entry<String, String> header : headers) {
            if ((header.getKey() + header.getValue()).chars().anyMatch(c -> c == '\r' || c == '\n' || c == 0)) {
                throw new IllegalArgumentException("the header " + header.getKey().strip() + " holds the end of a line");
            }
            head.append(header.getKey()).append(": ").append(header.getValue()).append("\r\n");
        }
        return head.append("Accept: */*\r\nConnection: close\r\n\r\n").toString().getBytes(StandardCharsets.UTF_8);
    }

    /// The first answer that is not an interim one.
    private static Answer answer(InputStream in) throws IOException {
        int left = LONGEST_HEAD;
        while (true) {
            String first = line(in, left);
            left -= first.length();
            String[] words = first.split(" ", 3);
            if (words.length < 2 || !words[0].toUpperCase(Locale.ROOT).startsWith("HTTP/1.") || !words[1].matches("[1-5]\\d\\d")) {
                throw new IOException("malformed HTTP response \"" + (first.length() > 64 ? first.substring(0, 64) : first) + "\"");
            }
            int status = Integer.parseInt(words[1]);
            boolean leads = REDIRECTS.contains(status);
            if ((status >= 200 && !leads) || status == 101) {
                return new Answer(status, null);
            }
            String location = null;
            for (String header = line(in, left); !header.isEmpty(); header = line(in, left)) {
                left -= header.length();
                if (header.regionMatches(true, 0, LOCATION, 0, LOCATION.length())) {
                    location = header.substring(LOCATION.length()).strip();
                }
            }
            if (leads) {
                return new Answer(status, location);
            }
        }
    }

    private static String line(InputStream in, int longest) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new IOException(bytes.size() == 0 ? "EOF" : "unexpected EOF");
            }
            if (bytes.size() >= longest) {
                throw new IOException("the head of the answer is longer than " + LONGEST_HEAD + " bytes");
            }
            if (c != '\r') {
                bytes.write(c);
            }
        }
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }

    /// Extended, since the plain interface would still check the host's name.
    private static final class TrustAnyone extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
