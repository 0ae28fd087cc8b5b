package io.hypernetes.openstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What comes from Keystone is bounded, and what goes wrong is told without secrets.
class KeystoneTest {
    private static final KeystoneLogin LOGIN = new KeystoneLogin.Password("alice", "tenants", "very secret");
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile Answer answer = exchange -> {};
    private HttpServer server;
    private Keystone keystone;
    private volatile String asked = "";

    private interface Answer {
        void to(HttpExchange exchange) throws IOException;
    }

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 0);
        server.createContext("/", exchange -> {
            asked = exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            answer.to(exchange);
            exchange.close();
        });
        server.setExecutor(task -> Thread.ofVirtual().start(task));
        server.start();
        keystone = new Keystone(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/"), null, Duration.ofMillis(700));
    }

    @AfterEach
    void stop() {
        end.countDown();
        keystone.close();
        server.stop(0);
    }

    @Test
    void aLoginGivesAToken() {
        answer = exchange -> {
            exchange.getResponseHeaders().add("X-Subject-Token", "gAAAAtoken");
            send(exchange, 201, """
                    {"token":{"methods":["password"],"expires_at":"2026-11-23T04:49:09.000000Z","user":{"id":"u1","name":"alice","domain":{"id":"d1","name":"tenants"}},
                     "project":{"id":"p1","name":"red","domain":{"id":"d1","name":"tenants"}},"roles":[{"id":"r1","name":"reader"},{"id":"r2","name":"member"}]}}""");
        };
        var token = keystone.login(LOGIN, new Keystone.Scope.ProjectName("red", "tenants"));
        assertThat(asked).startsWith("POST /v3/auth/tokens?nocatalog {").contains("\"scope\":{\"project\":{\"name\":\"red\",\"domain\":{\"name\":\"tenants\"}}}", "very secret");
        assertThat(token.expires()).isEqualTo(Instant.parse("2026-11-23T04:49:09Z"));
        assertThat(token.roles()).containsExactly("reader", "member");
        assertThat(token.projectId()).isEqualTo("p1");
        assertThat(token.toString() + LOGIN).doesNotContain("gAAAA", "secret");
        assertThat(new KeystoneLogin.PasswordOfId("u1", "very secret").identity().toString())
                .isEqualTo("{\"methods\":[\"password\"],\"password\":{\"user\":{\"id\":\"u1\",\"password\":\"very secret\"}}}");
        keystone.login(new KeystoneLogin.Password("alice", KeystoneDomain.withId("d1"), "very secret"), new Keystone.Scope.ProjectName("red", KeystoneDomain.withId("d2")));
        assertThat(asked).contains("\"scope\":{\"project\":{\"name\":\"red\",\"domain\":{\"id\":\"d2\"}}}", "\"domain\":{\"id\":\"d1\"}");
        keystone.login(new KeystoneLogin.ApplicationCredential("c1", "s1"), new Keystone.Scope.ProjectId("p1"));
        assertThat(asked).contains("application_credential").doesNotContain("scope");
    }

    @Test
    void refusalsHaveTheirKinds() {
        for (var row : new Object[][] {
            {401, OpenStackException.Kind.NOT_AUTHENTICATED}, {403, OpenStackException.Kind.FORBIDDEN}, {404, OpenStackException.Kind.NOT_FOUND},
            {409, OpenStackException.Kind.CONFLICT}, {400, OpenStackException.Kind.REFUSED}, {429, OpenStackException.Kind.UNAVAILABLE},
            {500, OpenStackException.Kind.UNAVAILABLE}, {302, OpenStackException.Kind.UNAVAILABLE}
        }) {
            answer = exchange -> {
                exchange.getResponseHeaders().add("Location", "http://127.0.0.1:1/");
                send(exchange, (int) row[0], "{\"error\":{\"code\":1,\"message\":\"because\\u0007 of that\"}}");
            };
            assertThat(failure().kind()).isEqualTo(row[1]);
            assertThat(failure()).hasMessageContaining("because  of that").hasMessageNotContaining("secret");
        }
    }

    @Test
    void nonsenseAndFloodsAndSilenceAreOutages() {
        answer = exchange -> send(exchange, 201, "{\"token\":{}}");
        assertThat(failure().kind()).isEqualTo(OpenStackException.Kind.UNAVAILABLE);
        answer = exchange -> send(exchange, 201, "<html>");
        assertThat(failure().kind()).isEqualTo(OpenStackException.Kind.UNAVAILABLE);
        answer = exchange -> {
            exchange.sendResponseHeaders(200, 0);
            var filler = new byte[64 << 10];
            for (int i = 0; i < 100; i++) {
                exchange.getResponseBody().write(filler);
            }
        };
        assertThat(failure().kind()).isEqualTo(OpenStackException.Kind.UNAVAILABLE);
        answer = exchange -> {
            // The head comes at once, the body never.
            exchange.sendResponseHeaders(200, 100);
            exchange.getResponseBody().flush();
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        assertThat(failure()).hasMessageContaining("has not answered within 700 ms");
    }

    private OpenStackException failure() {
        return catchThrowableOfType(OpenStackException.class, () -> keystone.login(LOGIN, new Keystone.Scope.None()));
    }

    private static void send(HttpExchange exchange, int code, String text) throws IOException {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }
}
