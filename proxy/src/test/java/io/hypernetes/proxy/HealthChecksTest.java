package io.hypernetes.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.hypernetes.network.PortMapping.Protocol;
import io.hypernetes.network.ServiceTable;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// As upstream's pkg/proxy/healthcheck/service_health.go.
@Timeout(60)
class HealthChecksTest {
    private volatile boolean healthy = true;
    private final HealthChecks checks = new HealthChecks(new LoopbackGateway(), () -> healthy);

    @AfterEach
    void close() {
        checks.close();
    }

    private static ServiceView.Entry service(String name, int port, int ready) {
        List<ServiceView.Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < ready; i++) {
            endpoints.add(new ServiceView.Endpoint("10.88.0." + (2 + i), "", true, true, true, false, ServiceView.Hint.NONE, ServiceView.Hint.NONE, Map.of("/TCP", 8080)));
        }
        return new ServiceView.Entry("shop", name, "10.96.1.1", "", List.of(new ServiceView.Port("", "TCP", 80, 0)), 0, false, true, port, endpoints);
    }

    private List<ServiceTable.Port> follow(ServiceView.Entry... services) {
        Map<String, ServiceView.Entry> all = new HashMap<>();
        for (ServiceView.Entry each : services) {
            all.put(each.namespace() + "/" + each.name(), each);
        }
        return checks.follow(new ServiceView(all));
    }

    private static int listener(ServiceTable.Port port) {
        return port.endpoints().getFirst().port();
    }

    private static HttpResponse<String> ask(String method, int port) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/any/path?at=all")).method(method, HttpRequest.BodyPublishers.noBody()).build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    /// All that comes until the end.
    private static String raw(int port, String request) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static boolean reaches(int port) {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            return socket.isConnected();
        } catch (java.io.IOException refused) {
            return false;
        }
    }

    /// It is once the thread that accepts has noticed.
    private static void awaitClosed(int port) {
        Awaitility.await().untilAsserted(() -> assertThat(reaches(port)).isFalse());
    }

    @Test
    void aNodeWithEndpointsIsWellAndOthersAreNot() throws Exception {
        List<ServiceTable.Port> ports = follow(service("web", 30100, 2), service("far", 30101, 0), service("plain", 0, 1));
        assertThat(ports).extracting(ServiceTable.Port::name, ServiceTable.Port::addresses, ServiceTable.Port::protocol, ServiceTable.Port::nodePort, ServiceTable.Port::callers)
                .containsExactly(tuple("shop/far#health", List.of(), Protocol.TCP, 30101, ServiceTable.Callers.ALL), tuple("shop/web#health", List.of(), Protocol.TCP, 30100, ServiceTable.Callers.ALL));
        int web = listener(ports.getLast());

        HttpResponse<String> well = ask("GET", web);
        assertThat(well.statusCode()).isEqualTo(200);
        assertThat(well.body()).isEqualTo("""
                {
                	"service": {
                		"namespace": "shop",
                		"name": "web"
                	},
                	"localEndpoints": 2,
                	"serviceProxyHealthy": true
                }""");
        assertThat(well.headers().map()).containsEntry("content-type", List.of("application/json")).containsEntry("x-content-type-options", List.of("nosniff"))
                .containsEntry("x-load-balancing-endpoint-weight", List.of("2")).containsKey("date");
        HttpResponse<String> far = ask("GET", listener(ports.getFirst()));
        assertThat(far.statusCode()).isEqualTo(503);
        assertThat(far.body()).contains("\"name\": \"far\"", "\"localEndpoints\": 0", "\"serviceProxyHealthy\": true");
        assertThat(far.headers().map()).containsEntry("x-load-balancing-endpoint-weight", List.of("0"));

        healthy = false;
        HttpResponse<String> behind = ask("GET", web);
        assertThat(behind.statusCode()).isEqualTo(503);
        assertThat(behind.body()).contains("\"localEndpoints\": 2", "\"serviceProxyHealthy\": false");
        healthy = true;

        assertThat(follow(service("web", 30100, 1), service("far", 30101, 0)).getLast()).as("the listener stays").isEqualTo(ports.getLast());
        assertThat(ask("GET", web).body()).contains("\"localEndpoints\": 1");
        assertThat(follow(service("web", 30200, 1)).getFirst().nodePort()).isEqualTo(30200);
        assertThat(follow(service("web", 0, 1))).isEmpty();
        awaitClosed(web);
        awaitClosed(listener(ports.getFirst()));
    }

    @Test
    void whateverIsAskedIsAnsweredOnce() throws Exception {
        int port = listener(follow(service("web", 30100, 1)).getFirst());
        HttpResponse<String> head = ask("HEAD", port);
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(ask("POST", port).statusCode()).isEqualTo(200);
        assertThat(raw(port, "GET / HTTP/1.0\n\n")).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\n}");
        assertThat(raw(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")).startsWith("HTTP/1.1 200 OK\r\n").contains("\r\nConnection: close\r\n");
        assertThat(raw(port, "hello\r\n\r\n")).startsWith("HTTP/1.1 400 Bad Request\r\n");
        assertThat(raw(port, "GET / HTTP/2.0\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    }

    @Test
    void whoOnlyWaitsKeepsNobodyOut() throws Exception {
        int port = listener(follow(service("web", 30100, 1)).getFirst());
        List<Socket> waiting = new ArrayList<>();
        try {
            for (int i = 0; i < HealthAnswers.MOST_CONNECTIONS; i++) {
                waiting.add(new Socket("127.0.0.1", port));
                waiting.getLast().getOutputStream().write('G');
            }
            assertThat(ask("GET", port).statusCode()).isEqualTo(200);
            waiting.getFirst().setSoTimeout(20_000);
            Awaitility.await().untilAsserted(() -> assertThat(ended(waiting.getFirst())).as("the first to come is the first to go").isTrue());
        } finally {
            for (Socket each : waiting) {
                each.close();
            }
        }
    }

    private static boolean ended(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (java.io.IOException reset) {
            return !(reset instanceof java.net.SocketTimeoutException);
        }
    }

    @Test
    void whoSpeaksTooMuchOrTooSlowlyIsLeft() throws Exception {
        HealthAnswers hasty = new HealthAnswers("acme", () -> true, Duration.ofMillis(200));
        try (var listener = java.nio.channels.ServerSocketChannel.open().bind(new java.net.InetSocketAddress("127.0.0.1", 0))) {
            hasty.start(listener, new HealthAnswers.Subject("shop", "web"));
            try (Socket slow = new Socket("127.0.0.1", listener.socket().getLocalPort())) {
                slow.setSoTimeout(20_000);
                slow.getOutputStream().write("GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII));
                // A byte now and then gives it no more time.
                Awaitility.await().pollInterval(Duration.ofMillis(50)).until(() -> {
                    try {
                        slow.getOutputStream().write('x');
                        return false;
                    } catch (java.io.IOException left) {
                        return true;
                    }
                });
            }
        } finally {
            hasty.close();
        }
        int port = listener(follow(service("web", 30100, 1)).getFirst());
        try (Socket much = new Socket("127.0.0.1", port)) {
            much.getOutputStream().write("x".repeat(8 << 10).getBytes(StandardCharsets.US_ASCII));
            much.setSoTimeout(4_000);
            assertThat(ended(much)).isTrue();
        }
    }

    @Test
    void ofTooManyServicesThoseThatCameFirstAreAnsweredFor() throws Exception {
        ServiceView.Entry[] many = new ServiceView.Entry[HealthChecks.MOST_SERVICES + 10];
        for (int i = 0; i < many.length; i++) {
            many[i] = service("s%04d".formatted(many.length - i), 30000 + i, 1);
        }
        List<ServiceTable.Port> first = follow(java.util.Arrays.copyOf(many, HealthChecks.MOST_SERVICES));
        assertThat(first).hasSize(HealthChecks.MOST_SERVICES);
        assertThat(follow(many)).as("nobody loses the place that it has").isEqualTo(first);
        assertThat(ask("GET", listener(first.getLast())).statusCode()).isEqualTo(200);
        List<ServiceTable.Port> others = follow(java.util.Arrays.copyOfRange(many, 20, many.length));
        assertThat(others).hasSize(HealthChecks.MOST_SERVICES - 10).extracting(ServiceTable.Port::name).contains("shop/s0001#health");
        checks.close();
        awaitClosed(listener(others.getFirst()));
        assertThat(follow(many)).isEmpty();
    }
}
