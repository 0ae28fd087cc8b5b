package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Name servers of a tenant's, which say one thing to whoever checks and another to whoever connects.
@Timeout(60)
class ReboundRegistryTest {
    private static final String MANIFEST = "{\"schemaVersion\":2}";
    private static final String METADATA = "169.254.169.254";

    private final Map<String, String> names = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
    private final RegistryHttp http = new RegistryHttp(Duration.ofMillis(200),
            new HostLookup(host -> new InetAddress[] {InetAddress.ofLiteral(names.get(host))}, Duration.ofSeconds(20)));
    private HttpServer here;

    @BeforeEach
    void start() throws IOException {
        here = server("127.0.0.1", 0);
    }

    @AfterEach
    void stop() {
        here.stop(0);
        http.close();
    }

    private HttpServer server(String address, int port) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral(address), port), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            seen.add(address);
            byte[] body = MANIFEST.getBytes(UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        return server;
    }

    private int port() {
        return here.getAddress().getPort();
    }

    private RegistryRoute client(String host, Requester requester) {
        ImageSettings settings = ImageSettings.defaults()
                .withRegistries(Map.of(host, new ImageSettings.Registry(List.of(), false, true, false, null)))
                .withTransfers(new ImageSettings.Transfers(Duration.ofMillis(200), Duration.ofSeconds(20), Duration.ofMinutes(1), 1, Duration.ofSeconds(1), 4, 2));
        return new RegistryRoute(List.of(new RegistryClient(http, settings, ImageReference.parse(host + ":" + port() + "/a/b:1"), null, requester)), settings.transfers());
    }

    private void answer(int status, String header, String value) {
        here.removeContext("/");
        here.createContext("/", exchange -> {
            exchange.getResponseHeaders().add(header, value);
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
        });
    }

    private static void assertUnreachable(ThrowableAssert.ThrowingCallable pull, String why) {
        assertThatThrownBy(pull).isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNREACHABLE)).hasMessageContaining(why);
    }

    @Test
    void aTenantsRegistryThatStandsForThisHostAtThePullIsNotSpokenTo() {
        names.put("registry.test", "127.0.0.1");
        assertUnreachable(() -> client("registry.test", Requester.tenant("acme")).manifest("1"), "registry registry.test:" + port() + " is at an address of this host itself (127.0.0.1)");
        names.put("registry.test", METADATA);
        assertUnreachable(() -> client("registry.test", Requester.tenant("acme")).manifest("1"), "own network segment");
        assertThat(seen).isEmpty();
    }

    @Test
    void theOperatorsMayBeHere() {
        names.put("registry.test", "127.0.0.1");
        assertThat(client("registry.test", Requester.OPERATOR).manifest("1").content()).asString(UTF_8).isEqualTo(MANIFEST);
    }

    /// The system says something else of this name than who is asked, as a name server may from one question to the next.
    @Test
    void theAddressThatWasJudgedIsTheOneThatIsConnectedTo() throws IOException {
        names.put("localhost", "127.0.0.3");
        HttpServer elsewhere = server("127.0.0.3", port());
        try {
            client("localhost", Requester.OPERATOR).manifest("1");
            assertThat(seen).containsExactly("127.0.0.3");
            names.put("localhost", "192.0.2.7");
            assertUnreachable(() -> client("localhost", Requester.tenant("acme")).manifest("1"), "cannot be reached");
            assertThat(seen).as("who is here under that name").hasSize(1);
        } finally {
            elsewhere.stop(0);
        }
    }

    @Test
    void whereARegistrySendsOnToIsJudgedByItsAddressOfThatMoment() {
        names.put("registry.test", "127.0.0.1");
        names.put("storage.test", METADATA);
        answer(307, "Location", "http://storage.test/x");
        assertUnreachable(() -> client("registry.test", Requester.OPERATOR).manifest("1"), "sends us on to storage.test, which is an address of this host's own network segment");
        names.put("token.test", METADATA);
        answer(401, "WWW-Authenticate", "Bearer realm=\"http://token.test/token\",service=\"s\"");
        assertUnreachable(() -> client("registry.test", Requester.OPERATOR).manifest("1"), "sends us on to token.test, which is an address of this host's own network segment");
    }

    @Test
    void aMirrorIsTheOperatorsWhoeverPulls() {
        names.put("mirror.test", "127.0.0.1");
        names.put("registry.test", "127.0.0.1");
        ImageSettings settings = ImageSettings.defaults().withRegistries(Map.of(
                "registry.test", new ImageSettings.Registry(List.of("http://mirror.test:" + port()), false, true, false, null)));
        RegistryRoute route = RegistryRoute.to(ImageReference.parse("registry.test/a/b:1"), settings, null, Requester.tenant("acme"), http);
        assertThat(route.manifest("1").content()).asString(UTF_8).isEqualTo(MANIFEST);
        answer(404, "X", "y");
        assertUnreachable(() -> route.manifest("1"), "registry registry.test is at an address of this host itself");
    }
}
