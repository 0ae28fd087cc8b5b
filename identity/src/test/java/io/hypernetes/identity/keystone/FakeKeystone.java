package io.hypernetes.identity.keystone;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.hypernetes.objects.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// Answers as Keystone 22 was seen to: 401 for a login that is wrong in any way and for an asker's own token that is not good, 404 for a subject
/// that is not good, 403 for who may not ask about others.
final class FakeKeystone implements AutoCloseable {
    static final String SERVICE = "hypernetes";

    record Issued(String user, String domain, String project, Instant expires) {}

    final Map<String, String> passwords = new ConcurrentHashMap<>(Map.of(SERVICE + "@default", "service secret"));
    final Map<String, List<String>> roles = new ConcurrentHashMap<>(Map.of(SERVICE + "@default service", List.of("service")));
    final Map<String, Issued> tokens = new ConcurrentHashMap<>();
    final Set<String> disabledProjects = ConcurrentHashMap.newKeySet();
    final AtomicInteger validations = new AtomicInteger();
    volatile boolean down;
    private final InstantSource clock;
    private final HttpServer server;
    private final AtomicInteger serial = new AtomicInteger();

    FakeKeystone(InstantSource clock) throws IOException {
        this.clock = clock;
        server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
        server.createContext("/v3/auth/tokens", this::serve);
        server.setExecutor(task -> Thread.ofVirtual().start(task));
        server.start();
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /// A token of a user for a project, as if the user had logged in.
    String issue(String user, String domain, String project, Instant expires) {
        var text = "gAAAAA" + Base64.getUrlEncoder().withoutPadding().encodeToString(("token " + serial.incrementAndGet() + " ".repeat(60)).getBytes(StandardCharsets.UTF_8));
        tokens.put(text, new Issued(user, domain, project, expires));
        return text;
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (down) {
                answer(exchange, 503, "{\"error\":{\"message\":\"the database is away\"}}");
            } else if (exchange.getRequestMethod().equals("POST")) {
                login(exchange);
            } else {
                validate(exchange);
            }
        }
    }

    private void login(HttpExchange exchange) throws IOException {
        var auth = Json.readObject(exchange.getRequestBody().readAllBytes()).path("auth");
        var user = auth.path("identity").path("password").path("user");
        var name = Json.string(user, "name") + "@" + Json.string(user, "domain", "name");
        var project = Json.string(auth, "scope", "project", "name");
        if (!Json.string(user, "password").equals(passwords.get(name)) || !roles.containsKey(name + " " + project)) {
            answer(exchange, 401, "{\"error\":{\"code\":401,\"message\":\"The request you have made requires authentication.\"}}");
            return;
        }
        var token = issue(Json.string(user, "name"), Json.string(user, "domain", "name"), project, clock.instant().plusSeconds(3600));
        exchange.getResponseHeaders().add("X-Subject-Token", token);
        answer(exchange, 201, body(tokens.get(token)));
    }

    private void validate(HttpExchange exchange) throws IOException {
        validations.incrementAndGet();
        var asker = good(exchange.getRequestHeaders().getFirst("X-Auth-Token"));
        var subject = good(exchange.getRequestHeaders().getFirst("X-Subject-Token"));
        if (asker == null) {
            answer(exchange, 401, "{\"error\":{\"code\":401,\"message\":\"The request you have made requires authentication.\"}}");
        } else if (!asker.user.equals(SERVICE)) {
            answer(exchange, 403, "{}");
        } else if (subject == null) {
            answer(exchange, 404, "{\"error\":{\"code\":404,\"message\":\"Could not recognize Fernet token\"}}");
        } else {
            answer(exchange, 200, body(subject));
        }
    }

    private Issued good(String token) {
        var issued = token == null ? null : tokens.get(token);
        return issued == null || !issued.expires.isAfter(clock.instant()) || disabledProjects.contains(issued.project)
                        || !roles.containsKey(issued.user + "@" + issued.domain + " " + issued.project)
                ? null
                : issued;
    }

    private String body(Issued issued) {
        var token = Json.object();
        token.put("expires_at", issued.expires.toString());
        token.putObject("user").put("id", "id-of-" + issued.user).put("name", issued.user).putObject("domain").put("id", "d").put("name", issued.domain);
        if (!issued.project.isEmpty()) {
            token.putObject("project").put("id", "id-of-" + issued.project).put("name", issued.project).putObject("domain").put("id", "d").put("name", issued.domain);
            var list = token.putArray("roles");
            roles.get(issued.user + "@" + issued.domain + " " + issued.project).forEach(role -> list.addObject().put("name", role));
        }
        var whole = Json.object();
        whole.set("token", token);
        return Json.print(whole);
    }

    private static void answer(HttpExchange exchange, int code, String text) throws IOException {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
