package io.hypernetes.apiserver.node;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Passes a request on to a node and its answer back. Safe for many threads; each call uses its own connection.
public final class NodeRelay {
    private static final Logger log = LoggerFactory.getLogger(NodeRelay.class);
    private static final int BUFFER = 64 * 1024;
    private static final int MAX_ERROR = 64 * 1024;

    /// What a client's upgrade request may tell the node; nothing else of it passes, least of all who the client is.
    private static final Set<String> PASSED = Set.of(
            "connection",
            "upgrade",
            "sec-websocket-key",
            "sec-websocket-version",
            "sec-websocket-protocol",
            "sec-websocket-extensions",
            "x-stream-protocol-version",
            "user-agent");

    private final Supplier<SSLContext> tls;
    private final SecureRandom random = new SecureRandom();

    /// @param tls has the server's client certificate and trusts the root authority alone; asked at every connection
    public NodeRelay(Supplier<SSLContext> tls) {
        this.tls = tls;
    }

    /// Takes what the node answers, piece by piece.
    public interface Sink extends AutoCloseable {
        /// Takes bytes that do not change any more.
        void send(byte[] bytes) throws IOException;

        void flush() throws IOException;

        @Override
        void close() throws IOException;
    }

    /// Begins the answer to the client, whose bytes of the given type follow.
    public interface Answering {
        Sink begin(String contentType) throws IOException;
    }

    /// Streams a plain answer of the node, flushing as bytes arrive.
    ///
    /// @param target path and query at the node
    /// @param answering asked for once the node agrees
    public void stream(Exchange exchange, NodeAddress node, String target, Answering answering) throws IOException {
        try (var connection = open(node)) {
            exchange.onDisconnect(() -> Thread.startVirtualThread(connection::close));
            var answer = ask(connection, node, "GET", target, List.of(Map.entry("Host", node.host())));
            if (answer.status() != 200) {
                throw refusal(node, answer);
            }
            var type = answer.headers().getOrDefault("content-type", "text/plain");
            try (var body = answer.body();
                    var out = answering.begin(type)) {
                var buffer = new byte[BUFFER];
                for (int count = body.read(buffer); count >= 0; count = body.read(buffer)) {
                    out.send(java.util.Arrays.copyOf(buffer, count));
                    out.flush();
                }
            }
        }
    }

    /// The whole of a plain answer.
    ///
    /// @param most bytes that are read
    /// @param patience after which the connection is cut
    /// @throws IOException when it breaks, takes too long or is longer
    public byte[] fetch(NodeAddress node, String target, int most, Duration patience) throws IOException {
        try (var connection = open(node)) {
            var late = Thread.ofVirtual().name("late-node").start(() -> {
                try {
                    Thread.sleep(patience);
                    connection.close();
                } catch (InterruptedException inTime) {
                    // The answer is there.
                }
            });
            try {
                var answer = ask(connection, node, "GET", target, List.of(Map.entry("Host", node.host())));
                if (answer.status() != 200) {
                    throw refusal(node, answer);
                }
                try (var body = answer.body()) {
                    var bytes = body.readNBytes(most + 1);
                    if (bytes.length > most) {
                        throw new IOException("node " + node.node() + " answered with more than " + most + " bytes");
                    }
                    return bytes;
                }
            } finally {
                late.interrupt();
            }
        }
    }

    /// Passes an upgrade on; once the node agrees, bytes flow both ways until either end is done.
    public void upgrade(Exchange exchange, NodeAddress node, String target) throws IOException {
        var headers = new ArrayList<Map.Entry<String, String>>();
        headers.add(Map.entry("Host", node.host()));
        for (var header : exchange.allHeaders()) {
            if (PASSED.contains(header.getKey().toLowerCase(Locale.ROOT))) {
                headers.add(header);
            }
        }
        if (exchange.method().equals("POST")) {
            headers.add(Map.entry("Content-Length", "0"));
        }
        try (var connection = open(node)) {
            var answer = ask(connection, node, exchange.method(), target, headers);
            if (answer.status() != 101) {
                throw refusal(node, answer);
            }
            try (var client = exchange.upgrade(answer.head())) {
                exchange.onDisconnect(() -> Thread.startVirtualThread(connection::close));
                Splice.between(client, connection.in(), connection.socket());
            }
        }
    }

    /// A connection to a port of a pod on that node.
    ///
    /// @param target path and query of the node's port-forward, with the port
    /// @param patience for each thing that the node says meanwhile
    /// @throws IOException when the node does not open it; the message says why
    Socket tunnel(NodeAddress node, String target, Duration patience) throws IOException {
        var connection = NodeConnection.open(node, tls.get());
        try {
            connection.patience((int) Math.clamp(patience.toMillis(), 1, Integer.MAX_VALUE));
            var key = new byte[16];
            random.nextBytes(key);
            var answer = connection.request(
                    "GET",
                    target,
                    List.of(
                            Map.entry("Host", node.host()),
                            Map.entry("Connection", "Upgrade"),
                            Map.entry("Upgrade", "websocket"),
                            Map.entry("Sec-WebSocket-Version", "13"),
                            Map.entry("Sec-WebSocket-Key", Base64.getEncoder().encodeToString(key)),
                            Map.entry("Sec-WebSocket-Protocol", PodTunnel.PROTOCOL)));
            if (answer.status() != 101) {
                throw new IOException(refusal(node, answer).getMessage());
            }
            return new PodTunnel(connection, random);
        } catch (IOException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private NodeConnection open(NodeAddress node) {
        try {
            return NodeConnection.open(node, tls.get());
        } catch (NodeUnreachableException e) {
            throw ApiStatus.internal(String.valueOf(e.getMessage())).asException();
        }
    }

    private static NodeAnswer ask(
            NodeConnection connection,
            NodeAddress node,
            String method,
            String target,
            List<Map.Entry<String, String>> headers) {
        try {
            return connection.request(method, target, headers);
        } catch (IOException e) {
            throw ApiStatus.internal("the kubelet of node " + node + " gave no answer: " + e.getMessage())
                    .asException();
        }
    }

    private static int retryAfter(NodeAnswer answer) {
        var said = answer.headers().getOrDefault("retry-after", "");
        return said.matches("[1-9][0-9]?") ? Integer.parseInt(said) : 1;
    }

    /// What the node said instead, as a Status: its own when it sent one, else its text.
    private static RuntimeException refusal(NodeAddress node, NodeAnswer answer) throws IOException {
        byte[] body;
        try (var in = answer.body()) {
            body = in.readNBytes(MAX_ERROR);
        }
        if (answer.headers().getOrDefault("content-type", "").startsWith("application/json")) {
            try {
                var json = Json.readObject(body);
                if (Json.string(json, "kind").equals("Status")) {
                    return ApiStatus.fromJson(json).asException();
                }
            } catch (MalformedJsonException e) {
                log.debug("event=node-status-unreadable node={} cause={}", node.node(), e.getMessage());
            }
        }
        var text = new String(body, StandardCharsets.UTF_8).strip();
        return switch (answer.status()) {
            case 400 -> ApiStatus.badRequest(text).asException();
            case 429 -> ApiStatus.tooManyRequests(text, retryAfter(answer)).asException();
            case 404 -> new ApiStatus(404, "NotFound", text, null).asException();
            default ->
                ApiStatus.internal("the kubelet of node " + node.node() + " answered " + answer.status() + ": " + text)
                        .asException();
        };
    }
}
