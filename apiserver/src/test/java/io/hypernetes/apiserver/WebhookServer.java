package io.hypernetes.apiserver;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.Tls;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.function.Function;
import tools.jackson.databind.node.ObjectNode;

/// A webhook of a tenant on loopback: each path answers as it was told.
final class WebhookServer implements AutoCloseable {
    final List<ObjectNode> asked = new CopyOnWriteArrayList<>();
    final String bundle;
    private final HttpsServer server;
    private final Map<String, Function<ObjectNode, byte[]>> answers = new ConcurrentHashMap<>();

    WebhookServer(Authorities authorities) throws IOException {
        var root = authorities.root();
        var loopback = InetAddress.ofLiteral("127.0.0.1");
        bundle = Base64.getEncoder().encodeToString(pem(root.certificate()).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        server = HttpsServer.create(new InetSocketAddress(loopback, 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(Tls.server(
                root.issue(CertificateSpec.server("hook", List.of("localhost"), List.of(loopback), Duration.ofHours(1))))));
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            var review = Json.readObject(exchange.getRequestBody().readAllBytes());
            var request = (ObjectNode) review.path("request");
            asked.add(request);
            var path = answers.get(exchange.getRequestURI().getPath());
            if (path == null) {
                exchange.sendResponseHeaders(404, -1);
                exchange.close();
                return;
            }
            var answer = path.apply(request);
            exchange.sendResponseHeaders(200, answer.length == 0 ? -1 : answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
    }

    private static String pem(java.security.cert.X509Certificate certificate) {
        try {
            return "-----BEGIN CERTIFICATE-----\n" + Base64.getMimeEncoder().encodeToString(certificate.getEncoded())
                    + "\n-----END CERTIFICATE-----\n";
        } catch (java.security.cert.CertificateEncodingException e) {
            throw new IllegalStateException(e);
        }
    }

    /// What a path answers, given the request.
    void on(String path, Function<ObjectNode, byte[]> answer) {
        answers.put(path, answer);
    }

    /// Lets a path answer with members of the response beside `uid`.
    void respond(String path, String members) {
        on(path, request -> ("{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"response\":{\"uid\":\""
                        + Json.string(request, "uid") + "\"," + members + "}}")
                .getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    static String patch(String operations) {
        return "\"allowed\":true,\"patchType\":\"JSONPatch\",\"patch\":\""
                + Base64.getEncoder().encodeToString(operations.getBytes(java.nio.charset.StandardCharsets.UTF_8)) + "\"";
    }

    String url(String path) {
        return "https://127.0.0.1:" + server.getAddress().getPort() + path;
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
