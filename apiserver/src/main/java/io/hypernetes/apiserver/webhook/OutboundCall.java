package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.fair.PatientSocket;
import io.hypernetes.apiserver.fair.Seat;
import io.hypernetes.objects.CaBundle;
import io.hypernetes.objects.Json;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// One HTTPS request to where a tenant said.
///
/// The JDK's client is not used, because it resolves names by itself: here the address that was checked is the one that is connected
/// to, no redirect is followed, no connection is kept, and the whole call ends at its deadline whatever the peer does. Thread-safe.
public final class OutboundCall implements AutoCloseable {
    static final int LARGEST_ANSWER = 4 << 20;
    private static final int LONGEST_LINE = 8 << 10;
    private static final int MOST_HEADERS = 100;
    /// What a byte of a question takes with the objects that it was made of.
    private static final long MEMORY_OF_A_BYTE = 8;

    private final ServiceResolver services;
    private final ScheduledThreadPoolExecutor deadlines;
    private final Lookups lookups;

    /// @param services finds the services of tenants
    /// @param name of the threads
    public OutboundCall(Destinations destinations, ServiceResolver services, String name) {
        this.services = services;
        this.deadlines = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name(name + "-deadlines").factory());
        // Else each call would be kept until the end of its time, with all that it holds.
        this.deadlines.setRemoveOnCancelPolicy(true);
        this.lookups = new Lookups(destinations::resolve, name);
    }

    @Override
    public void close() {
        deadlines.shutdownNow();
        lookups.close();
    }

    /// Whom to call.
    ///
    /// @param trust PEM of the authorities that the peer's certificate may come from; empty for those that the JDK trusts
    sealed interface Peer {
        byte[] trust();

        /// Whom a `clientConfig` names.
        ///
        /// @throws IllegalArgumentException when its URL is none
        static Peer of(String tenant, JsonNode client) {
            byte[] trust;
            try {
                trust = Base64.getMimeDecoder().decode(Json.string(client, "caBundle"));
            } catch (IllegalArgumentException e) {
                trust = new byte[0];
            }
            if (client.path("service").isObject()) {
                return new Service(
                        tenant,
                        Json.string(client, "service", "namespace"),
                        Json.string(client, "service", "name"),
                        (int) Json.number(client, 443, "service", "port"),
                        Json.string(client, "service", "path"),
                        trust);
            }
            return new Url(tenant, URI.create(Json.string(client, "url")), trust);
        }

        /// @param tenant whose word it is; empty for many tenants
        record Url(String tenant, URI url, byte[] trust) implements Peer {}

        record Service(String tenant, String namespace, String name, int port, String path, byte[] trust) implements Peer {
            String host() {
                return name + "." + namespace + ".svc";
            }
        }
    }

    /// Posts JSON and returns the JSON that is answered with 200.
    ///
    /// @throws IOException when there is no such answer before the deadline; the message says where it was looked for and why there is none, in
    ///     upstream's words where it has some
    byte[] post(Peer peer, byte[] json, Duration timeout) throws IOException {
        try {
            return call(peer, json, timeout);
        } catch (UnexpectedStatusException e) {
            throw e;
        } catch (IOException e) {
            var address = switch (peer) {
                case Peer.Url url -> url.url.toString();
                case Peer.Service service -> "https://" + service.host() + ":" + service.port + encoded(service.path);
            };
            throw new IOException("Post \"" + limited(address, timeout) + "\": " + CallFailures.said(e), e);
        }
    }

    /// A place, which may have a query, told how long the answer is waited for.
    private static String limited(String place, Duration timeout) {
        return place + (place.contains("?") ? "&" : "?") + "timeout=" + timeout.toSeconds() + "s";
    }

    /// Something was answered, and it was no success.
    private static final class UnexpectedStatusException extends IOException {
        private static final long serialVersionUID = 1;

        UnexpectedStatusException(int status) {
            super(CallFailures.said(status));
        }
    }

    /// Fetches what is answered with 200.
    ///
    /// @throws IOException when there is no such answer before the deadline; the message says why
    byte[] get(Peer peer, Duration timeout) throws IOException {
        return call(peer, null, timeout);
    }

    private byte[] call(Peer peer, byte @Nullable [] json, Duration timeout) throws IOException {
        // What is asked is a copy of what the request holds, whose own body may be short: a deletion, a patch.
        long question = json == null ? 0 : json.length;
        return Seat.holding(MEMORY_OF_A_BYTE * question, () -> exchange(peer, json, timeout));
    }

    private byte[] exchange(Peer peer, byte @Nullable [] json, Duration timeout) throws IOException {
        long end = System.nanoTime() + timeout.toNanos();
        var host = switch (peer) {
            case Peer.Url url -> url.url.getHost();
            case Peer.Service service -> service.host();
        };
        int port = switch (peer) {
            case Peer.Url url -> url.url.getPort() < 0 ? 443 : url.url.getPort();
            case Peer.Service service -> service.port;
        };
        if (host == null) {
            throw new IOException("the URL names no host");
        }
        try (var socket = connect(peer, host, port, timeout)) {
            // Whatever closing this one waits for, the deadlines of others do not.
            var killer = deadlines.schedule(
                    () -> Thread.startVirtualThread(() -> closeQuietly(socket)), Math.max(1, end - System.nanoTime()), TimeUnit.NANOSECONDS);
            try (var secure = secured(socket, host, port, peer.trust())) {
                secure.startHandshake();
                secure.getOutputStream().write(request(peer, host, port, json, timeout));
                secure.getOutputStream().flush();
                return answer(secure.getInputStream());
            } catch (IOException e) {
                throw System.nanoTime() >= end ? new IOException("context deadline exceeded", e) : e;
            } finally {
                killer.cancel(false);
            }
        }
    }

    private Socket connect(Peer peer, String host, int port, Duration timeout) throws IOException {
        return switch (peer) {
            case Peer.Service service ->
                services.connect(service.tenant, service.namespace, service.name, service.port, timeout);
            case Peer.Url url -> {
                var literal = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
                var address = new InetSocketAddress(Seat.away(0, () -> lookups.resolve(url.tenant, literal, timeout)), port);
                var socket = new PatientSocket(0);
                try {
                    socket.connect(address, (int) Math.clamp(timeout.toMillis(), 1, 30_000));
                } catch (IOException e) {
                    socket.close();
                    throw e;
                }
                yield socket;
            }
        };
    }

    private static SSLSocket secured(Socket socket, String host, int port, byte[] trust) throws IOException {
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(null, trust.length == 0 ? null : trusting(trust).getTrustManagers(), null);
            var secure = (SSLSocket) context.getSocketFactory().createSocket(socket, host, port, true);
            var parameters = secure.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            secure.setSSLParameters(parameters);
            return secure;
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        } catch (GeneralSecurityException e) {
            throw new IOException("the caBundle cannot be used: " + e.getMessage(), e);
        }
    }

    private static TrustManagerFactory trusting(byte[] pem) throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        int i = 0;
        for (var certificate : CaBundle.read(pem)) {
            store.setCertificateEntry("ca" + i++, certificate);
        }
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory;
    }

    private static byte[] request(Peer peer, String host, int port, byte @Nullable [] json, Duration timeout) throws IOException {
        var bare = switch (peer) {
            case Peer.Url url -> {
                var raw = url.url.getRawPath() == null || url.url.getRawPath().isEmpty() ? "/" : url.url.getRawPath();
                yield url.url.getRawQuery() == null ? raw : raw + "?" + url.url.getRawQuery();
            }
            case Peer.Service service -> service.path.isEmpty() ? "/" : URI.create("http://x/").resolve(encoded(service.path)).getRawPath();
        };
        var path = json == null ? bare : limited(bare, timeout);
        var out = new ByteArrayOutputStream(512 + (json == null ? 0 : json.length));
        out.write(((json == null ? "GET " : "POST ") + path + " HTTP/1.1\r\nHost: " + host + (port == 443 ? "" : ":" + port)
                        + "\r\nUser-Agent: " + (json == null ? "hypernetes" : "kube-apiserver-admission") + "\r\nAccept: application/json\r\n"
                        + (json == null ? "" : "Content-Type: application/json\r\nContent-Length: " + json.length + "\r\n")
                        + "Connection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        if (json != null) {
            out.write(json);
        }
        return out.toByteArray();
    }

    private static String encoded(String path) throws IOException {
        try {
            return new URI(null, null, path.startsWith("/") ? path : "/" + path, null).getRawPath();
        } catch (java.net.URISyntaxException e) {
            throw new IOException("the path \"" + path + "\" cannot be called", e);
        }
    }

    private static byte[] answer(InputStream in) throws IOException {
        var status = line(in);
        var parts = status.split(" ", 3);
        if (parts.length < 2 || !parts[0].startsWith("HTTP/1.") || !parts[1].matches("[1-5]\\d\\d")) {
            throw new IOException("the answer is not HTTP");
        }
        long length = -1;
        boolean chunked = false;
        for (int i = 0; ; i++) {
            var header = line(in);
            if (header.isEmpty()) {
                break;
            }
            if (i >= MOST_HEADERS) {
                throw new IOException("the answer has more than " + MOST_HEADERS + " headers");
            }
            int colon = header.indexOf(':');
            var name = colon < 0 ? "" : header.substring(0, colon).strip().toLowerCase(Locale.ROOT);
            var value = colon < 0 ? "" : header.substring(colon + 1).strip();
            if (name.equals("content-length") && value.matches("\\d{1,18}")) {
                length = Long.parseLong(value);
            } else if (name.equals("transfer-encoding")) {
                chunked = value.toLowerCase(Locale.ROOT).endsWith("chunked");
            }
        }
        if (!parts[1].equals("200")) {
            throw new UnexpectedStatusException(Integer.parseInt(parts[1]));
        }
        return chunked ? chunks(in) : length >= 0 ? exactly(in, length) : rest(in);
    }

    private static byte[] exactly(InputStream in, long length) throws IOException {
        checkSize(length);
        var bytes = in.readNBytes((int) length);
        if (bytes.length < length) {
            throw new EOFException("the answer is cut off");
        }
        return bytes;
    }

    private static byte[] rest(InputStream in) throws IOException {
        var bytes = in.readNBytes(LARGEST_ANSWER + 1);
        checkSize(bytes.length);
        return bytes;
    }

    private static byte[] chunks(InputStream in) throws IOException {
        var out = new ByteArrayOutputStream();
        while (true) {
            var head = line(in);
            int end = head.indexOf(';');
            var digits = (end < 0 ? head : head.substring(0, end)).strip();
            if (!digits.matches("[0-9a-fA-F]{1,8}")) {
                throw new IOException("the answer is not chunked as HTTP says");
            }
            long size = Long.parseLong(digits, 16);
            if (size == 0) {
                return out.toByteArray();
            }
            checkSize(out.size() + size);
            out.write(exactly(in, size));
            line(in);
        }
    }

    private static void checkSize(long size) throws IOException {
        if (size > LARGEST_ANSWER) {
            throw new IOException("the answer is larger than " + LARGEST_ANSWER + " bytes");
        }
    }

    private static String line(InputStream in) throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("the answer is cut off");
            }
            if (line.length() >= LONGEST_LINE) {
                throw new IOException("the answer has a line of more than " + LONGEST_LINE + " characters");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
    }
}
