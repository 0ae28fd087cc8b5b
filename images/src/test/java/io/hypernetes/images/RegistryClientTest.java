package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against a server that behaves as registries do on bad days.
class RegistryClientTest {
    private static final String MANIFEST = "{\"schemaVersion\":2}";

    @TempDir
    Path folder;

    private final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
    private HttpServer server;
    private HttpServer other;
    private final RegistryHttp http = new RegistryHttp(Duration.ofSeconds(10));

    @BeforeEach
    void start() throws IOException {
        server = server();
        other = server();
    }

    private static HttpServer server() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        return server;
    }

    @AfterEach
    void stop() {
        server.stop(0);
        other.stop(0);
        http.close();
    }

    @Test
    void aTokenIsFetchedWithTheCredentialsAndUsed() {
        other.createContext("/token", exchange -> {
            seen.add(exchange.getRequestURI().getRawQuery());
            seen.add(exchange.getRequestHeaders().getFirst("Authorization"));
            answer(exchange, 200, Map.of(), "{\"token\":\"t0k\"}");
        });
        server.createContext("/v2/a/b/manifests/1", exchange -> {
            if ("Bearer t0k".equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                answer(exchange, 200, Map.of(), MANIFEST);
            } else {
                answer(exchange, 401, Map.of("WWW-Authenticate", "Bearer realm=\"" + address(other) + "/token\",service=\"s v\""), "");
            }
        });

        assertThat(client(new RegistryCredentials("me", "secret")).manifest("1").content()).asString(UTF_8).isEqualTo(MANIFEST);
        assertThat(seen).containsExactly("service=s+v&scope=repository%3Aa%2Fb%3Apull", basic("me:secret"));
    }

    @Test
    void basicCredentialsAreGivenWhenAskedForAndNotBefore() {
        server.createContext("/v2/a/b/manifests/1", exchange -> {
            String given = exchange.getRequestHeaders().getFirst("Authorization");
            seen.add(String.valueOf(given));
            if (basic("me:secret").equals(given)) {
                answer(exchange, 200, Map.of(), MANIFEST);
            } else {
                answer(exchange, 401, Map.of("WWW-Authenticate", "Basic realm=\"r\""), "");
            }
        });
        client(new RegistryCredentials("me", "secret")).manifest("1");
        assertThat(seen).containsExactly("null", basic("me:secret"));

        assertThatThrownBy(() -> client(new RegistryCredentials("me", "wrong")).manifest("1"))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNAUTHORIZED))
                .hasMessageContaining("me")
                .message().doesNotContain("wrong");
    }

    @Test
    void aRedirectToAnotherHostGetsNoCredentials() {
        byte[] blob = "elsewhere".getBytes(UTF_8);
        other.createContext("/storage", exchange -> {
            seen.add(String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
            answer(exchange, 200, Map.of(), "elsewhere");
        });
        server.createContext("/v2/a/b/blobs/", exchange -> {
            if (exchange.getRequestHeaders().getFirst("Authorization") == null) {
                answer(exchange, 401, Map.of("WWW-Authenticate", "Basic realm=\"r\""), "");
            } else {
                answer(exchange, 307, Map.of("Location", address(other) + "/storage"), "");
            }
        });
        assertThat(client(new RegistryCredentials("me", "secret")).smallBlob(descriptor(blob))).isEqualTo(blob);
        assertThat(seen).containsExactly("null");
    }

    /// Neither to whom that names, nor to the service that this one names for tokens.
    @Test
    void whereARedirectEndsNobodyIsAuthenticatedTo() {
        other.createContext("/", exchange -> {
            seen.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + exchange.getRequestHeaders().getFirst("Authorization"));
            answer(exchange, 401, Map.of("WWW-Authenticate", "Bearer realm=\"" + address(other) + "/token\", Basic realm=\"r\""), "");
        });
        server.createContext("/v2/a/b/blobs/", exchange -> answer(exchange, 307, Map.of("Location", address(other) + "/storage"), ""));
        for (RegistryCredentials each : List.of(new RegistryCredentials("me", "secret"), new RegistryCredentials("", "", "id", ""), new RegistryCredentials("", "", "", "token"))) {
            assertThatThrownBy(() -> client(each).smallBlob(descriptor(new byte[1])))
                    .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNAUTHORIZED));
            assertThat(seen).containsExactly("GET /storage null");
            seen.clear();
        }
    }

    @Test
    void ofManyTokenServicesOneIsAsked() {
        other.createContext("/token", exchange -> {
            seen.add("token");
            answer(exchange, 200, Map.of(), "{}");
        });
        server.createContext("/v2/a/b/manifests/1", exchange -> {
            String some = ("Bearer realm=\"" + address(other) + "/token\",").repeat(4);
            exchange.getResponseHeaders().put("WWW-Authenticate", List.of("Bearer service=s", some, some, "Basic realm=\"r\""));
            exchange.sendResponseHeaders(401, -1);
            exchange.close();
        });
        assertThatThrownBy(() -> client(null).manifest("1"))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNAUTHORIZED));
        assertThat(seen).containsExactly("token");
    }

    @Test
    void noAddressOfATokenServiceIsMoreThanAFailure() {
        for (String realm : List.of("https:", "http:", "http:///", "http://[::::]/", "%", "x y")) {
            server.createContext("/v2/a/b/manifests/" + Math.abs(realm.hashCode()), exchange -> answer(exchange, 401, Map.of("WWW-Authenticate", "Bearer realm=\"" + realm + "\""), ""));
            for (RegistryCredentials each : List.of(new RegistryCredentials("me", "secret"), new RegistryCredentials("", "", "id", ""))) {
                assertThatThrownBy(() -> client(each, onceOnly()).manifest("" + Math.abs(realm.hashCode()))).as(realm)
                        .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNREACHABLE));
            }
        }
    }

    @Test
    void aHostThatIsNoneIsAFaultOfTheName() {
        for (String host : List.of("[::::]:5000", "1.2.3", "[1.2]")) {
            assertThatThrownBy(() -> new RegistryClient(http, ImageSettings.defaults(), ImageReference.parse(host + "/x"), null, Requester.OPERATOR)).as(host)
                    .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.INVALID_REFERENCE));
        }
    }

    private static ImageSettings onceOnly() {
        return ImageSettings.defaults().withTransfers(new ImageSettings.Transfers(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofMinutes(1), 1, Duration.ofSeconds(1), 4, 2));
    }

    @Test
    void oneConnectionServesAPull() {
        byte[] blob = "content".getBytes(UTF_8);
        Set<Integer> ports = ConcurrentHashMap.newKeySet();
        server.createContext("/", exchange -> {
            ports.add(exchange.getRemoteAddress().getPort());
            String path = exchange.getRequestURI().getPath();
            boolean known = exchange.getRequestHeaders().getFirst("Authorization") != null;
            exchange.getResponseHeaders().add("WWW-Authenticate", "Basic realm=\"r\"");
            exchange.getResponseHeaders().add("Location", "/storage");
            byte[] body = !known ? "who asks?".getBytes(UTF_8) : path.contains("manifests") ? MANIFEST.getBytes(UTF_8) : blob;
            exchange.getRequestBody().readAllBytes();
            exchange.sendResponseHeaders(!known ? 401 : path.contains("blobs") ? 307 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.getResponseBody().close();
        });
        RegistryRoute client = client(new RegistryCredentials("me", "secret"));
        client.manifest("1");
        client.smallBlob(descriptor(blob));
        assertThat(ports).hasSize(1);
    }

    @Test
    void aBrokenTransferGoesOnWhereItStopped() throws IOException {
        byte[] blob = new byte[300_000];
        new Random(1).nextBytes(blob);
        AtomicInteger attempts = new AtomicInteger();
        server.createContext("/v2/a/b/blobs/", exchange -> {
            String range = exchange.getRequestHeaders().getFirst("Range");
            seen.add(String.valueOf(range));
            if (attempts.getAndIncrement() == 0) {
                exchange.sendResponseHeaders(200, blob.length);
                exchange.getResponseBody().write(blob, 0, 200_000);
                exchange.getResponseBody().flush();
                exchange.close(); // breaks off
            } else {
                int from = Integer.parseInt(range.replaceAll("[^0-9]", ""));
                exchange.sendResponseHeaders(206, blob.length - from);
                exchange.getResponseBody().write(blob, from, blob.length - from);
                exchange.close();
            }
        });
        Path file = folder.resolve("blob");
        client(null).blob(descriptor(blob), file, done -> {});
        assertThat(Files.readAllBytes(file)).isEqualTo(blob);
        assertThat(seen).hasSize(2).last().asString().startsWith("bytes=");
    }

    @Test
    void aLayerComesOverALineThatBreaksAllTheTime() throws IOException {
        byte[] blob = new byte[80_000];
        new Random(4).nextBytes(blob);
        serveParts(blob, true);
        Path file = folder.resolve("blob");
        client(null, impatient()).blob(descriptor(blob), file, done -> {});
        assertThat(Files.readAllBytes(file)).isEqualTo(blob);
        assertThat(seen).hasSize(8);
    }

    @Test
    void theSameBeginningAgainAndAgainIsNoProgress() {
        byte[] blob = new byte[80_000];
        serveParts(blob, false);
        assertThatThrownBy(() -> client(null, impatient()).blob(descriptor(blob), folder.resolve("blob"), done -> {}))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNREACHABLE))
                .hasMessageContaining("tried 3 times");
        assertThat(seen).as("the one that brought something, and as many as there may be without").hasSize(3);
    }

    /// Each answer breaks off after a few bytes.
    private void serveParts(byte[] blob, boolean ranges) {
        server.createContext("/v2/a/b/blobs/", exchange -> {
            String range = exchange.getRequestHeaders().getFirst("Range");
            seen.add(String.valueOf(range));
            int from = range == null || !ranges ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
            exchange.sendResponseHeaders(from == 0 ? 200 : 206, blob.length - from);
            exchange.getResponseBody().write(blob, from, 10_000);
            exchange.getResponseBody().flush();
            exchange.close();
        });
    }

    private static ImageSettings impatient() {
        return ImageSettings.defaults().withTransfers(
                new ImageSettings.Transfers(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofMinutes(1), 2, Duration.ofMillis(10), 4, 2));
    }

    @Test
    void aTransferThatAnEarlierProcessBeganGoesOn() throws IOException {
        byte[] blob = new byte[100_000];
        new Random(3).nextBytes(blob);
        server.createContext("/v2/a/b/blobs/", exchange -> {
            String range = exchange.getRequestHeaders().getFirst("Range");
            seen.add(String.valueOf(range));
            int from = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
            exchange.sendResponseHeaders(range == null ? 200 : 206, blob.length - from);
            exchange.getResponseBody().write(blob, from, blob.length - from);
            exchange.close();
        });
        Path file = folder.resolve("blob");
        Files.write(file, Arrays.copyOf(blob, 60_000));
        client(null).blob(descriptor(blob), file, done -> {});
        assertThat(Files.readAllBytes(file)).isEqualTo(blob);
        assertThat(seen).containsExactly("bytes=60000-");

        Files.write(file, new byte[60_000]); // a beginning that a loss of power made wrong
        client(null).blob(descriptor(blob), file, done -> {});
        assertThat(Files.readAllBytes(file)).isEqualTo(blob);
        assertThat(seen).containsExactly("bytes=60000-", "bytes=60000-", "null");
    }

    @Test
    void anIdentityTokenIsExchangedAndARegistryTokenShownAsItIs() {
        server.createContext("/token", exchange -> {
            seen.add(exchange.getRequestMethod() + " " + new String(exchange.getRequestBody().readAllBytes(), UTF_8));
            answer(exchange, 200, Map.of(), "{\"access_token\":\"t0k\"}");
        });
        server.createContext("/v2/a/b/manifests/1", exchange -> {
            if ("Bearer t0k".equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                answer(exchange, 200, Map.of(), MANIFEST);
            } else {
                answer(exchange, 401, Map.of("WWW-Authenticate", "Bearer realm=\"" + address(server) + "/token\",service=\"s\""), "");
            }
        });
        client(new RegistryCredentials("", "", "id&1", "")).manifest("1");
        assertThat(seen).containsExactly("POST service=s&scope=repository%3Aa%2Fb%3Apull&grant_type=refresh_token"
                + "&client_id=hypernetes&refresh_token=id%261");
        seen.clear();
        client(new RegistryCredentials("", "", "", "t0k")).manifest("1");
        assertThat(seen).isEmpty();
        assertThatThrownBy(() -> client(new RegistryCredentials("", "", "", "wrong")).manifest("1"))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNAUTHORIZED));
    }

    @Test
    void aServerWithoutRangesIsReadFromTheStart() throws IOException {
        byte[] blob = new byte[100_000];
        new Random(2).nextBytes(blob);
        AtomicInteger attempts = new AtomicInteger();
        server.createContext("/v2/a/b/blobs/", exchange -> {
            boolean first = attempts.getAndIncrement() == 0;
            exchange.sendResponseHeaders(200, blob.length);
            exchange.getResponseBody().write(blob, 0, first ? 50_000 : blob.length);
            exchange.getResponseBody().flush();
            exchange.close();
        });
        Path file = folder.resolve("blob");
        client(null).blob(descriptor(blob), file, done -> {});
        assertThat(Files.readAllBytes(file)).isEqualTo(blob);
    }

    @Test
    void moreThanStatedIsCutOff() {
        byte[] blob = new byte[1000];
        server.createContext("/v2/a/b/blobs/", exchange -> answer(exchange, 200, Map.of(), "x".repeat(100_000)));
        assertThatThrownBy(() -> client(null).blob(descriptor(blob), folder.resolve("blob"), done -> {}))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.CORRUPT));
    }

    @Test
    void aSilentServerIsLeft() {
        server.createContext("/v2/a/b/manifests/1", exchange -> {
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write('{');
            exchange.getResponseBody().flush(); // and never more
        });
        ImageSettings impatient = ImageSettings.defaults().withTransfers(
                new ImageSettings.Transfers(Duration.ofSeconds(5), Duration.ofMillis(100), Duration.ofMinutes(1), 2, Duration.ofSeconds(1), 4, 2));
        assertThatThrownBy(() -> client(null, impatient).manifest("1"))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNREACHABLE))
                .hasMessageContaining("no byte came");
    }

    @Test
    void aTroubleThatPassesIsWaitedOut() {
        AtomicInteger attempts = new AtomicInteger();
        server.createContext("/v2/a/b/manifests/1", exchange -> {
            if (attempts.getAndIncrement() == 0) {
                answer(exchange, 503, Map.of("Retry-After", "0"), "busy");
            } else {
                answer(exchange, 200, Map.of(), MANIFEST);
            }
        });
        assertThat(client(null).manifest("1").content()).asString(UTF_8).isEqualTo(MANIFEST);
    }

    @Test
    void theRegistrysWordsReachTheUserShortAndOnOneLine() {
        server.createContext("/v2/a/b/manifests/1", exchange -> answer(exchange, 404, Map.of(),
                "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":\"no such\\nthing" + "y".repeat(5000) + "\"}]}"));
        assertThatThrownBy(() -> client(null).manifest("1"))
                .hasMessageContaining("NAME_UNKNOWN: no such thingyyy")
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(600).doesNotContain("\n"));
    }

    @Test
    void aManifestOfAnotherDigestIsRefused() {
        server.createContext("/v2/a/b/manifests/", exchange -> answer(exchange, 200, Map.of(), MANIFEST));
        assertThatThrownBy(() -> client(null).manifest("sha256:" + "0".repeat(64)))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.CORRUPT));
    }

    @Test
    void aHugeManifestIsNotRead() {
        server.createContext("/v2/a/b/manifests/1", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] chunk = new byte[1 << 16];
            Arrays.fill(chunk, (byte) ' ');
            try {
                for (int i = 0; i < 1000; i++) {
                    exchange.getResponseBody().write(chunk);
                }
            } catch (IOException e) {
                seen.add("cut");
            }
            exchange.close();
        });
        assertThatThrownBy(() -> client(null).manifest("1"))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.TOO_LARGE));
    }

    private RegistryRoute client(RegistryCredentials credentials) {
        return client(credentials, ImageSettings.defaults());
    }

    private RegistryRoute client(RegistryCredentials credentials, ImageSettings settings) {
        return new RegistryRoute(List.of(new RegistryClient(http, settings,
                ImageReference.parse("127.0.0.1:" + server.getAddress().getPort() + "/a/b:1"), credentials, Requester.OPERATOR)), settings.transfers());
    }

    private static Documents.Descriptor descriptor(byte[] content) {
        return new Documents.Descriptor(Digest.sha256(content), content.length, "", Map.of());
    }

    private static String address(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private static String basic(String pair) {
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(UTF_8));
    }

    private static void answer(HttpExchange exchange, int status, Map<String, String> headers, String body) throws IOException {
        headers.forEach((name, value) -> exchange.getResponseHeaders().put(name, List.of(value)));
        byte[] bytes = body.getBytes(UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        try (exchange) {
            exchange.getResponseBody().write(bytes);
        } catch (IOException e) {
            // The client had heard enough.
        }
    }
}
