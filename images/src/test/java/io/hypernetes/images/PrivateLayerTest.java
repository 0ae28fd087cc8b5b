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
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A layer is for those who could read it, however well others know what it is called.
@Timeout(60)
class PrivateLayerTest {
    /// All may name registries on this host, as those of the tests are there.
    private static final Requester OWNER = new Requester(true, "owner", "uid-1");
    private static final Requester SUCCESSOR = new Requester(true, "owner", "uid-2");
    private static final Requester THIEF = new Requester(true, "thief", "uid-3");
    private static final RegistryCredentials OWN = new RegistryCredentials("me", "secret");

    @TempDir
    Path folder;

    private final byte[] layer = tar(1);
    private final String layerDigest = Digest.sha256(layer).toString();
    private final Map<String, byte[]> served = new ConcurrentHashMap<>();
    private final ConcurrentLinkedQueue<String> fetched = new ConcurrentLinkedQueue<>();
    private HttpServer server;
    private LocalImageStore store;
    private volatile boolean breaks;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/v2/", this::serve);
        server.start();
        open();
        image("owner/app", layer, layerDigest, true);
    }

    private void open() {
        store = LocalImageStore.open(folder, ImageSettings.defaults().withNativeFolder(Path.of("target", "native"))
                .withTransfers(new ImageSettings.Transfers(Duration.ofSeconds(10), Duration.ofSeconds(10), Duration.ofMinutes(1), 1, Duration.ofSeconds(1), 4, 2)));
    }

    @AfterEach
    void stop() {
        store.close();
        server.stop(0);
    }

    private static byte[] tar(int seed) {
        return LayerTar.random("file", seed, 100_000);
    }

    /// What is the owner's needs a password, what is the thief's is as the thief likes.
    private void serve(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath().replaceFirst("/v2/", "").replaceFirst("/(blobs|manifests)/", "/");
        byte[] body = served.get(path);
        String range = exchange.getRequestHeaders().getFirst("Range");
        try (exchange) {
            if (path.startsWith("owner/") && exchange.getRequestHeaders().getFirst("Authorization") == null) {
                exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"r\"");
                exchange.sendResponseHeaders(401, -1);
            } else if (body == null) {
                exchange.sendResponseHeaders(404, -1);
            } else {
                int from = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
                boolean isLayer = body.length > 10_000;
                if (isLayer) {
                    fetched.add(path.replaceFirst("/.*", "") + " " + from);
                }
                exchange.sendResponseHeaders(from == 0 ? 200 : 206, body.length - from);
                exchange.getResponseBody().write(body, from, isLayer && breaks ? Math.max(0, body.length / 2 - from) : body.length - from);
            }
        }
    }

    /// @param blob its one layer
    /// @param there whether its registry has that
    private void image(String repository, byte[] blob, String diffId, boolean there) {
        if (there) {
            served.put(repository + "/" + Digest.sha256(blob), blob);
        }
        image(repository, List.of(blob), List.of(diffId));
    }

    private void image(String repository, List<byte[]> blobs, List<String> diffIds) {
        String config = "{\"architecture\":\"" + Documents.architecture() + "\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"" + repository
                + "\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" + String.join("\",\"", diffIds) + "\"]}}";
        served.put(repository + "/" + Digest.sha256(config.getBytes(UTF_8)), config.getBytes(UTF_8));
        served.put(repository + "/1", ("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":"
                + descriptor("application/vnd.oci.image.config.v1+json", config.getBytes(UTF_8)) + ",\"layers\":["
                + String.join(",", blobs.stream().map(blob -> descriptor("application/vnd.oci.image.layer.v1.tar", blob)).toList()) + "]}").getBytes(UTF_8));
    }

    private static String descriptor(String type, byte[] blob) {
        return "{\"mediaType\":\"" + type + "\",\"digest\":\"" + Digest.sha256(blob) + "\",\"size\":" + blob.length + "}";
    }

    private Image pull(String repository, RegistryCredentials credentials, Requester requester) {
        return store.pull("127.0.0.1:" + server.getAddress().getPort() + "/" + repository + ":1", credentials, requester, PullProgress.NONE);
    }

    private void refused(Requester requester, ImageException.Reason reason) {
        for (RegistryCredentials credentials : Arrays.asList(null, OWN)) {
            assertThatThrownBy(() -> pull("thief/app", credentials, requester))
                    .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(reason));
        }
    }

    /// To have pulled an image first takes it from nobody.
    @Test
    void whatAnybodyMayPullIsForAllFromThenOnWhoeverPullsItBeforeAndSince() {
        String id = pull("owner/app", OWN, OWNER).id();
        assertThat(store.find(id)).hasValueSatisfying(image -> assertThat(image.forAll()).isFalse());
        Map.copyOf(served).forEach((path, bytes) -> served.put(path.replace("owner/", "public/"), bytes));
        assertThat(pull("public/app", null, THIEF).id()).isEqualTo(id);
        assertThat(pull("owner/app", OWN, OWNER).forAll()).isTrue();
        store.close();
        open();
        assertThat(store.find(id)).hasValueSatisfying(image -> assertThat(image.forAll()).isTrue());
        store.remove(id);
        assertThat(pull("owner/app", OWN, OWNER).forAll()).as("once it was gone").isFalse();
    }

    @Test
    void toKnowWhatALayerIsCalledIsNotToHaveIt() {
        pull("owner/app", OWN, OWNER);
        image("thief/app", layer, layerDigest, false);
        refused(THIEF, ImageException.Reason.NOT_FOUND);
        refused(SUCCESSOR, ImageException.Reason.NOT_FOUND);
        // Something else in its place.
        image("thief/app", tar(2), layerDigest, true);
        refused(THIEF, ImageException.Reason.CORRUPT);
        // What came, as if it unpacked to something else.
        image("thief/app", layer, "sha256:" + "1".repeat(64), false);
        refused(THIEF, ImageException.Reason.NOT_FOUND);
        assertThat(fetched.stream().filter(each -> each.startsWith("owner"))).hasSize(1);
    }

    @Test
    void halfOfALayerIsNobodyElsesEither() {
        breaks = true;
        assertThatThrownBy(() -> pull("owner/app", OWN, OWNER)).isInstanceOf(ImageException.class);
        breaks = false;
        image("thief/app", layer, layerDigest, true);
        pull("thief/app", OWN, THIEF);
        pull("owner/app", OWN, OWNER);
        assertThat(fetched).containsExactly("owner 0", "owner " + layer.length / 2, "thief 0", "owner " + layer.length / 2);
    }

    @Test
    void whoHasReadItNeedNotDoSoAgain() {
        pull("owner/app", OWN, OWNER);
        image("owner/again", layer, layerDigest, false);
        pull("owner/again", OWN, OWNER);
        store.close();
        open();
        image("owner/later", layer, layerDigest, false);
        pull("owner/later", OWN, OWNER);
        assertThat(fetched).containsExactly("owner 0");
        // Another one reads it once.
        pull("owner/app", OWN, THIEF);
        pull("owner/again", OWN, THIEF);
        assertThat(fetched).containsExactly("owner 0", "owner 0");
        assertThat(store.list()).hasSize(3).allSatisfy(image -> assertThat(image.layers()).hasSize(1));
    }

    @Test
    void whatAnybodyMayReadIsFetchedOnceForAll() {
        image("public/app", layer, layerDigest, true);
        pull("public/app", null, THIEF);
        image("owner/app", layer, layerDigest, false);
        pull("owner/app", OWN, OWNER);
        pull("public/app", null, SUCCESSOR);
        assertThat(fetched).containsExactly("public 0");
    }

    @Test
    void emptyCredentialsAreNone() {
        image("public/app", layer, layerDigest, true);
        pull("public/app", new RegistryCredentials("", ""), Requester.OPERATOR);
        pull("public/app", null, THIEF);
        assertThat(fetched).containsExactly("public 0");
    }

    /// What a pull that failed has read is remembered for the next try, and not for ever.
    @Test
    void rightsAreWrittenForImages() throws IOException {
        byte[] other = tar(3);
        served.put("owner/half/" + layerDigest, layer);
        image("owner/half", List.of(layer, other), List.of(layerDigest, Digest.sha256(other).toString()));
        assertThatThrownBy(() -> pull("owner/half", OWN, OWNER)).isInstanceOf(ImageException.class);
        byte[] third = tar(4);
        image("public/app", third, Digest.sha256(third).toString(), true);
        pull("public/app", null, THIEF);
        assertThat(folder.resolve("catalogue.json")).content().contains("\"" + Digest.sha256(third) + "\":[\"*\"]").doesNotContain("uid-1");
        pull("owner/app", OWN, OWNER);
        assertThat(folder.resolve("catalogue.json")).content().contains("\"" + layerDigest + "\":[\"uid uid-1\"]");
    }

    /// Their files do not say whose they are.
    @Test
    void whatEarlierVersionsLeftIsNobodys() throws IOException {
        store.close();
        Path whole = folder.resolve("incoming").resolve(layerDigest.replace(':', '-'));
        Files.write(whole, layer);
        Path catalogue = folder.resolve("catalogue.json");
        Files.writeString(catalogue, Files.readString(catalogue).replace("\"readers\"", "\"unknown\""));
        open();
        assertThat(whole).doesNotExist();
        Files.write(whole, layer);
        store.close();
        open();
        assertThat(whole).as("once only").exists();
    }

    @Test
    void whatIsForgottenIsReadAgain() {
        String id = pull("owner/app", OWN, OWNER).id();
        store.remove(id);
        pull("owner/app", OWN, OWNER);
        assertThat(fetched).containsExactly("owner 0", "owner 0");
        assertThat(List.of(store.list().getFirst().id())).containsExactly(id);
    }
}
