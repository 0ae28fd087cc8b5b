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
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A tenant's registry that sends what others want, so slowly that it takes for ever and fast enough not to be taken for silent.
@Timeout(120)
class SlowRegistryTest {
    private static final byte[] LAYER = LayerTar.random("file", 1, 200_000);
    private static final String NO_LAYER = "sha256:" + "1".repeat(64);

    /// May name no registry on this host, so it is here as a stranger to whom this is no tenant's.
    private static final Requester OTHER = new Requester(true, "other");

    @TempDir
    Path folder;

    private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
    private final CountDownLatch over = new CountDownLatch(1);
    private final CountDownLatch begun = new CountDownLatch(1);
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/v2/", this::serve);
        server.start();
    }

    @AfterEach
    void stop() {
        over.countDown();
        server.stop(0);
    }

    private void serve(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        byte[] body = blobs.get(path.replaceFirst(".*/", ""));
        boolean slow = path.startsWith("/v2/slow") && body.length > 10_000;
        try (exchange) {
            exchange.sendResponseHeaders(200, body.length);
            if (!slow) {
                exchange.getResponseBody().write(body);
                return;
            }
            begun.countDown();
            if (path.startsWith("/v2/slow/paced")) {
                pacedFrom(exchange, body, 150_000);
                return;
            }
            for (int at = 0; at + 100 < body.length && !over.await(50, TimeUnit.MILLISECONDS); at += 100) {
                exchange.getResponseBody().write(body, at, 100);
                exchange.getResponseBody().flush();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /// @param tag of the image
    /// @param diffId what it says its one layer unpacks to
    /// So many at once, little for a while, and then the rest.
    private void pacedFrom(HttpExchange exchange, byte[] body, int atOnce) throws IOException, InterruptedException {
        exchange.getResponseBody().write(body, 0, atOnce);
        int at = atOnce;
        for (int i = 0; i < 30 && !over.await(50, TimeUnit.MILLISECONDS); i++, at += 100) {
            exchange.getResponseBody().write(body, at, 100);
            exchange.getResponseBody().flush();
        }
        exchange.getResponseBody().write(body, at, body.length - at);
    }

    /// @param more bytes than its layer has, as it says
    private void image(String tag, String diffId, int more) {
        String config = "{\"architecture\":\"" + Documents.architecture() + "\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"x\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\""
                + diffId + "\"]}}";
        blobs.put(tag, ("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":"
                + descriptor("application/vnd.oci.image.config.v1+json", config.getBytes(UTF_8)) + ",\"layers\":[" + descriptor("application/vnd.oci.image.layer.v1.tar", LAYER).replace("\"size\":" + LAYER.length, "\"size\":" + (LAYER.length + more)) + "]}").getBytes(UTF_8));
    }

    private String descriptor(String type, byte[] blob) {
        blobs.put(Digest.sha256(blob).toString(), blob);
        return "{\"mediaType\":\"" + type + "\",\"digest\":\"" + Digest.sha256(blob) + "\",\"size\":" + blob.length + "}";
    }

    private static ImageSettings settings(Duration layerTimeout) {
        return ImageSettings.defaults().withNativeFolder(Path.of("target", "native"))
                .withTransfers(new ImageSettings.Transfers(Duration.ofSeconds(10), Duration.ofMillis(500), layerTimeout, 5, Duration.ofSeconds(1), 1, 2));
    }

    private String name(String rest) {
        return "127.0.0.1:" + server.getAddress().getPort() + "/" + rest;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nobodyElseWaitsForIt(boolean sameLayer) throws Exception {
        String diffId = Digest.sha256(LAYER).toString();
        image("good", diffId, 0);
        image("bad", sameLayer ? diffId : NO_LAYER, 1);
        try (LocalImageStore store = LocalImageStore.open(folder, settings(Duration.ofMinutes(2)))) {
            CompletableFuture<Image> slow = CompletableFuture.supplyAsync(() -> store.pull(name("slow/a:bad"), null, Requester.OPERATOR, PullProgress.NONE), Thread::startVirtualThread);
            assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
            Image image = store.pull(name("fast/a:good"), null, OTHER, PullProgress.NONE);
            assertThat(image.layers()).hasSize(1);
            assertThat(slow).isNotDone();
            over.countDown();
            assertThatThrownBy(slow::get).isInstanceOf(ExecutionException.class);
        }
    }

    /// All that it says of the layer is true.
    @Test
    void nobodyWaitsForAnotherRegistry() throws Exception {
        image("good", Digest.sha256(LAYER).toString(), 0);
        try (LocalImageStore store = LocalImageStore.open(folder, settings(Duration.ofMinutes(2)))) {
            CompletableFuture<Image> slow = CompletableFuture.supplyAsync(
                    () -> store.pull(name("slow/a:good").replace("127.0.0.1", "localhost"), null, Requester.OPERATOR, PullProgress.NONE), Thread::startVirtualThread);
            assertThat(begun.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(store.pull(name("fast/a:good"), null, OTHER, PullProgress.NONE).layers()).hasSize(1);
            assertThat(slow).isNotDone();
            over.countDown();
            assertThatThrownBy(slow::get).isInstanceOf(ExecutionException.class);
        }
    }

    @Test
    void aLayerMayTakeSoLongAndNoLonger() {
        image("bad", Digest.sha256(LAYER).toString(), 0);
        try (LocalImageStore store = LocalImageStore.open(folder, settings(Duration.ofSeconds(1)))) {
            assertThatThrownBy(() -> store.pull(name("slow/a:bad"), null, Requester.OPERATOR, PullProgress.NONE))
                    .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNREACHABLE))
                    .hasMessageContaining("no layer may take longer");
        }
    }

    /// It sends all anew, so what was there before does not make it slow.
    @Test
    void aRegistryWithoutRangesIsJudgedByWhatItSends() throws IOException {
        image("good", Digest.sha256(LAYER).toString(), 0);
        LocalImageStore.open(folder, settings(Duration.ofSeconds(1))).close();
        String host = name("").replace("/", "");
        Files.write(folder.resolve("incoming").resolve(Digest.sha256(LAYER).toString().replace(':', '-') + "." + Digest.sha256(("*\n" + host).getBytes(UTF_8)).hex() + "." + LAYER.length + ".part"),
                Arrays.copyOf(LAYER, 140_000));
        try (LocalImageStore store = LocalImageStore.open(folder, settings(Duration.ofSeconds(1)))) {
            assertThat(store.pull(name("slow/paced:good"), null, Requester.OPERATOR, PullProgress.NONE).layers()).hasSize(1);
        }
    }

    @Test
    void mirrorsAndRegistryShareTheTime() {
        image("bad", Digest.sha256(LAYER).toString(), 0);
        long begin = System.nanoTime();
        try (LocalImageStore store = LocalImageStore.open(folder, mirrored(Duration.ofSeconds(2), "slow/1", "slow/2", "slow/3", "slow/4"))) {
            assertThatThrownBy(() -> store.pull(name("slow/a:bad"), null, Requester.OPERATOR, PullProgress.NONE)).hasMessageContaining("no layer may take longer");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(6));
    }

    @Test
    void aSlowMirrorLeavesTimeForTheRegistry() {
        image("good", Digest.sha256(LAYER).toString(), 0);
        try (LocalImageStore store = LocalImageStore.open(folder, mirrored(Duration.ofSeconds(4), "slow/1"))) {
            assertThat(store.pull(name("fast/a:good"), null, Requester.OPERATOR, PullProgress.NONE).layers()).hasSize(1);
        }
    }

    @Test
    void aDocumentMayTakeSoLongAndNoLonger() {
        blobs.put("long", " ".repeat(400_000).getBytes(UTF_8));
        ImageSettings settings = settings(Duration.ofSeconds(1));
        ImageSettings.Transfers usual = settings.transfers();
        // With the usual one what is longest of documents, which nobody says the length of before, has a minute beside the second.
        ImageSettings quick = settings.withTransfers(new ImageSettings.Transfers(usual.connectTimeout(), usual.stallTimeout(), usual.layerTimeout(), 16 * usual.slowest(), usual.attempts(),
                usual.longestPause(), usual.parallelDownloads(), usual.parallelConversions()));
        try (LocalImageStore store = LocalImageStore.open(folder, quick)) {
            assertThatThrownBy(() -> store.pull(name("slow/a:long"), null, Requester.OPERATOR, PullProgress.NONE))
                    .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.UNREACHABLE))
                    .hasMessageContaining("nothing may take longer");
        }
    }

    private ImageSettings mirrored(Duration layerTimeout, String... paths) {
        String host = name("").replace("/", "");
        return settings(layerTimeout).withRegistries(Map.of(host,
                new ImageSettings.Registry(Arrays.stream(paths).map(path -> host + "/" + path).toList(), false, true, false, null)));
    }
}
