package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Mirrors, and credentials of the settings.
class RegistryRouteTest {
    private static final String MANIFEST = "{\"schemaVersion\":2}";

    @TempDir
    Path folder;

    private final ConcurrentLinkedQueue<String> seen = new ConcurrentLinkedQueue<>();
    private final RegistryHttp http = new RegistryHttp(Duration.ofSeconds(10));
    private HttpServer mirror;
    private HttpServer origin;

    @BeforeEach
    void start() throws IOException {
        mirror = server();
        origin = server();
    }

    @AfterEach
    void stop() {
        mirror.stop(0);
        origin.stop(0);
        http.close();
    }

    private static HttpServer server() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        return server;
    }

    private static String host(HttpServer server) {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    private void serve(HttpServer server, String path, int status, String body) {
        server.createContext(path, exchange -> {
            seen.add((server == mirror ? "mirror " : "origin ") + exchange.getRequestHeaders().getFirst("Authorization"));
            byte[] bytes = body.getBytes(UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            try (exchange) {
                exchange.getResponseBody().write(bytes);
            }
        });
    }

    private RegistryRoute route(boolean mirrorsOnly, RegistryCredentials given, Path credentialsFile) {
        ImageSettings settings = ImageSettings.defaults().withRegistries(Map.of(host(origin),
                new ImageSettings.Registry(List.of(host(mirror) + "/cache"), mirrorsOnly, false, false, null)));
        return RegistryRoute.to(ImageReference.parse(host(origin) + "/a/b:1"),
                credentialsFile == null ? settings : settings.withCredentialsFile(credentialsFile), given, Requester.OPERATOR, http);
    }

    @Test
    void aMirrorIsAskedFirst() {
        serve(mirror, "/v2/cache/a/b/manifests/1", 200, MANIFEST);
        serve(origin, "/", 500, "");
        assertThat(route(false, new RegistryCredentials("me", "secret"), null).manifest("1").content()).asString(UTF_8).isEqualTo(MANIFEST);
        assertThat(seen).as("the origin's credentials stay at home").containsExactly("mirror null");
    }

    @Test
    void whatAMirrorLacksOrForgesComesFromTheRegistry() {
        byte[] blob = "blob".getBytes(UTF_8);
        serve(mirror, "/v2/cache/a/b/manifests/1", 404, "");
        serve(mirror, "/v2/cache/a/b/blobs/", 200, "blub");
        serve(origin, "/v2/a/b/manifests/1", 200, MANIFEST);
        serve(origin, "/v2/a/b/blobs/", 200, "blob");
        RegistryRoute route = route(false, null, null);
        assertThat(route.manifest("1").content()).asString(UTF_8).isEqualTo(MANIFEST);
        Path file = folder.resolve("blob");
        route.blob(new Documents.Descriptor(Digest.sha256(blob), blob.length, "", Map.of()), file, done -> {});
        assertThat(file).hasBinaryContent(blob);
        assertThat(seen).containsExactly("mirror null", "origin null", "mirror null", "origin null");
    }

    @Test
    void withMirrorsOnlyTheRegistryIsLeftAlone() {
        serve(mirror, "/", 404, "");
        serve(origin, "/", 200, MANIFEST);
        assertThatThrownBy(() -> route(true, null, null).manifest("1"))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.NOT_FOUND));
        assertThat(seen).containsExactly("mirror null");
    }

    @Test
    void whatARouteWithoutAnEndBeganIsClosed() {
        ImageSettings settings = ImageSettings.defaults().withRegistries(Map.of("[::::]:5000",
                new ImageSettings.Registry(List.of(host(mirror)), false, false, false, null)));
        assertThatThrownBy(() -> RegistryRoute.to(ImageReference.parse("[::::]:5000/x"), settings, null, Requester.OPERATOR, http)).isInstanceOf(RuntimeException.class);
        assertThat(http.openOnes()).isZero();
    }

    @Test
    void theCredentialsFileIsNotForTenants() throws IOException {
        Path file = Files.writeString(folder.resolve("config.json"), "{\"auths\": {\"reg:5000\": {\"username\": \"u\", \"password\": \"p\"}}}");
        ImageSettings settings = ImageSettings.defaults().withCredentialsFile(file);
        ImageReference image = ImageReference.parse("reg:5000/a/b:1");
        RegistryCredentials own = new RegistryCredentials("me", "secret");
        assertThat(RegistryRoute.credentials(image, settings, null, Requester.OPERATOR)).isEqualTo(new RegistryCredentials("u", "p"));
        assertThat(RegistryRoute.credentials(image, settings, null, Requester.tenant("acme"))).isNull();
        assertThat(RegistryRoute.credentials(image, settings, own, Requester.tenant("acme"))).isEqualTo(own);
    }

    @Test
    void theCredentialsFileKnowsRegistriesAndPathsInThem() throws IOException {
        String auth = Base64.getEncoder().encodeToString("u:p:w".getBytes(UTF_8));
        Path file = Files.writeString(folder.resolve("config.json"), """
                {"auths": {"https://index.docker.io/v1/": {"auth": "%s"},
                           "reg:5000": {"username": "all", "password": "x"},
                           "reg:5000/team": {"identitytoken": "idt"},
                           "broken": {"auth": "###"}}}""".formatted(auth));
        assertThat(CredentialsFile.find(file, "docker.io", "library/a")).isEqualTo(new RegistryCredentials("u", "p:w"));
        assertThat(CredentialsFile.find(file, "reg:5000", "other/a")).isEqualTo(new RegistryCredentials("all", "x"));
        assertThat(CredentialsFile.find(file, "reg:5000", "teams/a")).isEqualTo(new RegistryCredentials("all", "x"));
        assertThat(CredentialsFile.find(file, "reg:5000", "team/a")).isEqualTo(new RegistryCredentials("", "", "idt", ""));
        assertThat(CredentialsFile.find(file, "unknown", "a/b")).isNull();
        assertThatThrownBy(() -> CredentialsFile.find(file, "broken", "a/b")).hasMessageContaining("base64");
        assertThatThrownBy(() -> CredentialsFile.find(folder.resolve("none"), "reg", "a/b")).hasMessageContaining("none");
    }
}
