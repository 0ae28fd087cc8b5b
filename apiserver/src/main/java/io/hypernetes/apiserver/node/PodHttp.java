package io.hypernetes.apiserver.node;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.objects.ApiStatus;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// Passes a client's HTTP request on to what listens in a pod, and its answer back: plain answers as they arrive, and after an upgrade
/// bytes both ways. What the pod says is hostile: its head is bounded, and its body flows no faster than the client takes it.
///
/// Who the client is stays here: no credential, nor anything that says whom it acts as, reaches the pod.
public final class PodHttp {
    private static final int MAX_HEAD = 64 * 1024;
    private static final int BUFFER = 64 * 1024;
    private static final Set<String> KEPT_BACK = Set.of(
            "authorization", "host", "content-length", "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te",
            "trailer", "transfer-encoding", "upgrade", "expect", "audit-id", "x-forwarded-for", "x-forwarded-host", "x-forwarded-uri", "x-forwarded-proto");
    /// Of an answer: what this server says itself, and what would let the pod rule over pages of other origins.
    private static final Set<String> NOT_RETURNED = Set.of(
            "connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length", "upgrade", "trailer", "audit-id", "location",
            "content-type", "strict-transport-security");
    private static final String TOKEN_PROTOCOL = "base64url.bearer.authorization.k8s.io.";

    /// Relays one request. Closes the connection.
    ///
    /// @param connection to the pod
    /// @param https whether TLS is spoken; the certificate is not judged, as the pod was reached by its identity and not by its name
    /// @param host what the pod is told as its host
    /// @param prefix the path below which the client sees the pod
    /// @param path what is asked of the pod, percent-encoded
    public void relay(Exchange exchange, Socket connection, boolean https, String host, String prefix, String path) throws IOException {
        try (connection) {
            exchange.onDisconnect(() -> Thread.startVirtualThread(() -> close(connection)));
            boolean upgrade = exchange.isUpgradable() && exchange.header("Upgrade").isPresent();
            byte[] head;
            Socket socket;
            InputStream in;
            try {
                socket = https ? secured(connection, host) : connection;
                in = new BufferedInputStream(socket.getInputStream(), BUFFER);
                var out = socket.getOutputStream();
                out.write(request(exchange, host, prefix, path, upgrade));
                out.flush();
                head = finalHead(in, upgrade);
            } catch (IOException e) {
                throw unreachable(e);
            }
            if (status(head) == 101) {
                try (var client = exchange.upgrade(head)) {
                    Splice.between(client, in, socket);
                }
                return;
            }
            answer(exchange, NodeAnswer.parse(head, in), host, prefix);
        }
    }

    private static RuntimeException unreachable(IOException e) {
        return ApiStatus.unavailable("error trying to reach service: " + e.getMessage()).asException();
    }

    private static byte[] request(Exchange exchange, String host, String prefix, String path, boolean upgrade) throws IOException {
        var head = new StringBuilder(512).append(exchange.method()).append(' ').append(path.isEmpty() ? "/" : path);
        if (!exchange.rawQuery().isEmpty()) {
            head.append('?').append(exchange.rawQuery());
        }
        head.append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n");
        for (var header : exchange.allHeaders()) {
            var name = header.getKey().toLowerCase(Locale.ROOT);
            if (KEPT_BACK.contains(name) || name.startsWith("impersonate-") || name.startsWith("x-remote-") || name.startsWith(":")
                    || name.startsWith("x-http2-")) {
                continue;
            }
            var value = name.equals("sec-websocket-protocol") ? withoutToken(header.getValue()) : header.getValue();
            if (!value.isEmpty()) {
                head.append(header.getKey()).append(": ").append(value).append("\r\n");
            }
        }
        exchange.header("Host").ifPresent(own -> head.append("X-Forwarded-Host: ").append(own).append("\r\n"));
        head.append("X-Forwarded-Proto: https\r\nX-Forwarded-Uri: ").append(prefix).append(path).append("\r\n");
        var body = exchange.body();
        if (upgrade) {
            head.append("Connection: Upgrade\r\nUpgrade: ").append(exchange.header("Upgrade").orElseThrow()).append("\r\n");
        } else {
            head.append("Connection: close\r\n");
        }
        if (body.length > 0 || Set.of("POST", "PUT", "PATCH").contains(exchange.method())) {
            head.append("Content-Length: ").append(body.length).append("\r\n");
        }
        var out = new ByteArrayOutputStream(head.length() + body.length + 2);
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        out.write(body);
        return out.toByteArray();
    }

    private static String withoutToken(String protocols) {
        return String.join(
                ", ", Arrays.stream(protocols.split(",")).map(String::strip).filter(each -> !each.startsWith(TOKEN_PROTOCOL)).toList());
    }

    private static void answer(Exchange exchange, NodeAnswer answer, String host, String prefix) throws IOException {
        try {
            for (var line : new String(answer.head(), StandardCharsets.ISO_8859_1).split("\r\n")) {
                int colon = line.indexOf(':');
                if (colon > 0 && !NOT_RETURNED.contains(line.substring(0, colon).toLowerCase(Locale.ROOT))) {
                    exchange.addHeader(line.substring(0, colon), line.substring(colon + 1).strip());
                }
            }
            var location = answer.headers().get("location");
            if (location != null) {
                exchange.setHeader("Location", rewritten(location, host, prefix));
            }
        } catch (IllegalArgumentException e) {
            throw unreachable(new IOException("the answer has a header that HTTP does not allow"));
        }
        var type = answer.headers().getOrDefault("content-type", "");
        if (exchange.method().equals("HEAD") || answer.status() == 204 || answer.status() == 304) {
            exchange.send(answer.status(), type, new byte[0]);
            return;
        }
        try (var body = answer.body()) {
            var out = exchange.stream(answer.status(), type);
            try {
                var buffer = new byte[BUFFER];
                for (int count = body.read(buffer); count >= 0; count = body.read(buffer)) {
                    out.write(Arrays.copyOf(buffer, count));
                    out.flush();
                }
                out.close();
            } catch (IOException e) {
                // What came is not all: the client must not take it for the whole.
                out.abort();
                throw e;
            }
        }
    }

    /// A redirection within the pod is one below the path that the client knows.
    private static String rewritten(String location, String host, String prefix) {
        try {
            var url = new URI(location);
            if (url.getRawAuthority() != null && !url.getRawAuthority().equals(host) || url.isOpaque()) {
                return location;
            }
            var path = url.getRawPath() == null ? "" : url.getRawPath();
            if (url.getRawAuthority() == null && !path.startsWith("/")) {
                return location;
            }
            return prefix + path + (url.getRawQuery() == null ? "" : "?" + url.getRawQuery())
                    + (url.getRawFragment() == null ? "" : "#" + url.getRawFragment());
        } catch (URISyntaxException e) {
            return location;
        }
    }

    /// The head of the answer that counts: others may announce it.
    private static byte[] finalHead(InputStream in, boolean upgrade) throws IOException {
        for (int i = 0; i < 10; i++) {
            var head = head(in);
            int status = status(head);
            if (status >= 200 || status == 101 && upgrade) {
                return head;
            }
        }
        throw new IOException("the pod never came to an answer");
    }

    private static int status(byte[] head) throws IOException {
        return NodeAnswer.parse(head, InputStream.nullInputStream()).status();
    }

    private static byte[] head(InputStream in) throws IOException {
        var head = new ByteArrayOutputStream(512);
        int matched = 0;
        while (matched < 4) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("the connection was closed without an answer");
            }
            head.write(next);
            matched = next == "\r\n\r\n".charAt(matched) ? matched + 1 : next == '\r' ? 1 : 0;
            if (head.size() > MAX_HEAD) {
                throw new IOException("the answer has a head of more than " + MAX_HEAD + " bytes");
            }
        }
        return head.toByteArray();
    }

    private static SSLSocket secured(Socket connection, String host) throws IOException {
        try {
            var context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new AnyCertificate()}, null);
            var secure = (SSLSocket) context.getSocketFactory().createSocket(connection, host, 443, true);
            secure.startHandshake();
            return secure;
        } catch (GeneralSecurityException e) {
            throw new IOException("TLS cannot be set up: " + e.getMessage(), e);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
    }

    private static final class AnyCertificate extends X509ExtendedTrustManager {
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
