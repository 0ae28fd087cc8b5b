package io.hypernetes.apiserver;

import io.hypernetes.apiserver.webhook.Destinations;
import io.hypernetes.identity.Authorities;
import io.hypernetes.identity.CertificateSpec;
import io.hypernetes.identity.KeyedCertificate;
import io.hypernetes.identity.Tls;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import io.hypernetes.store.keys.KeyRing;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// A whole API server on a free port over a store in a temporary folder, and clients for it.
final class Cluster implements AutoCloseable {
    final Path folder;
    final Authorities authorities;

    /// The server's, of which certificates know nothing.
    final MovableClock clock = new MovableClock();

    private final EmbeddedSettings settings;
    Store store;
    ApiServer server;
    private final List<HttpClient> clients = new ArrayList<>();

    Cluster() throws IOException {
        this(EmbeddedSettings.defaults());
    }

    Cluster(EmbeddedSettings settings) throws IOException {
        folder = Files.createTempDirectory("hypernetes-apiserver-");
        this.settings = settings;
        store = open();
        authorities = Authorities.open(folder.resolve("pki"), Clock.systemUTC(), new SecureRandom());
        server = start();
    }

    /// As the master opens it: with values sealed.
    private Store open() {
        var keys = KeyRing.open(folder.resolve("keys"), folder.resolve("keys/master.key"), new SecureRandom());
        return EmbeddedStore.open(folder.resolve("store"), settings.withKeys(keys));
    }

    private ApiServer start() throws IOException {
        return ApiServer.start(
                // The webhooks of tests are here; of loopback nothing else is allowed.
                ApiServerSettings.at(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0))
                        .withDestinations(new Destinations(Destinations.PRIVATE, List.of("127.0.0.1/32")))
                        .withAudit(folder.resolve("audit.log"))
                        .withRestores(restores()),
                store,
                authorities,
                clock);
    }

    Path restores() throws IOException {
        return Files.createDirectories(folder.resolve("restores"));
    }

    /// Stops server and store and starts both again over the same folder, on another port.
    void restart() throws IOException {
        server.close();
        store.close();
        store = open();
        server = start();
    }

    URI uri(String path) {
        return URI.create("https://127.0.0.1:" + server.address().getPort() + path);
    }

    KeyedCertificate credential(String tenant, String user, String... groups) {
        return authorities.tenant(tenant).issue(CertificateSpec.client(user, List.of(groups), Duration.ofHours(1)));
    }

    Client operator() {
        return client("root", "admin", "system:masters");
    }

    Client client(String tenant, String user, String... groups) {
        return new Client(credential(tenant, user, groups), HttpClient.Version.HTTP_1_1);
    }

    Client anonymous() {
        return new Client(null, HttpClient.Version.HTTP_1_1);
    }

    /// One identity's way to the server.
    class Client {
        final HttpClient http;
        String prefix = "";

        Client(KeyedCertificate identity, HttpClient.Version version) {
            http = HttpClient.newBuilder()
                    .sslContext(Tls.client(authorities.root().certificate(), identity))
                    .version(version)
                    .build();
            clients.add(http);
        }

        Client in(String tenant) {
            prefix = "/tenants/" + tenant;
            return this;
        }

        HttpRequest.Builder request(String path) {
            return HttpRequest.newBuilder(uri(prefix + path)).timeout(Duration.ofSeconds(20));
        }

        Reply send(HttpRequest request) {
            try {
                var response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
                return new Reply(response.statusCode(), response.body(), response);
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(request.method() + " " + request.uri() + " failed", e);
            }
        }

        Reply get(String path) {
            return send(request(path).GET().build());
        }

        Reply get(String path, String accept) {
            return send(request(path).header("Accept", accept).GET().build());
        }

        Reply post(String path, String json) {
            return send(request(path)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(json))
                    .build());
        }

        Reply put(String path, String json) {
            return send(request(path)
                    .header("Content-Type", "application/json")
                    .PUT(HttpRequest.BodyPublishers.ofString(json))
                    .build());
        }

        Reply patch(String path, String type, String json) {
            return send(request(path)
                    .header("Content-Type", type)
                    .method("PATCH", HttpRequest.BodyPublishers.ofString(json))
                    .build());
        }

        Reply delete(String path) {
            return send(request(path).DELETE().build());
        }

        Reply delete(String path, String json) {
            return send(request(path)
                    .header("Content-Type", "application/json")
                    .method("DELETE", HttpRequest.BodyPublishers.ofString(json))
                    .build());
        }

        Watch watch(String path) {
            return new Watch(http, request(path).timeout(Duration.ofSeconds(60)).GET().build());
        }

        /// @param accept the form of the events
        Watch watch(String path, String accept) {
            return new Watch(http, request(path).header("Accept", accept).timeout(Duration.ofSeconds(60)).GET().build());
        }
    }

    record Reply(int code, byte[] body, HttpResponse<byte[]> http) {
        ObjectNode json() {
            return Json.readObject(body);
        }

        String text() {
            return new String(body, java.nio.charset.StandardCharsets.UTF_8);
        }

        String at(String... path) {
            return Json.string(json(), path);
        }

        Reply expect(int wanted) {
            if (code != wanted) {
                throw new AssertionError("expected " + wanted + ", got " + code + ": " + text());
            }
            return this;
        }
    }

    static String configMap(String name, String value) {
        return "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"%s\"},\"data\":{\"k\":\"%s\"}}"
                .formatted(name, value);
    }

    static String pod(String name) {
        return """
                {"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s"},
                 "spec":{"containers":[{"name":"web","image":"busybox:1"}]}}"""
                .formatted(name);
    }

    /// @param resources of its container, as JSON; empty for none
    /// @param spec more members of its spec, each followed by a comma
    static String pod(String name, String resources, String spec) {
        return "{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{" + spec + "\"containers\":[{\"name\":\"web\",\"image\":\"busybox:1\""
                + (resources.isEmpty() ? "" : ",\"resources\":" + resources) + "}]}}";
    }

    static String tenant(String name) {
        return "{\"apiVersion\":\"hypernetes.io/v1\",\"kind\":\"Tenant\",\"metadata\":{\"name\":\"%s\"}}".formatted(name);
    }

    @Override
    public void close() throws IOException {
        clients.forEach(HttpClient::shutdownNow);
        server.close();
        store.close();
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
