package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Images without end, which cost who makes them nothing: what is known of them is in the memory of a process that all tenants share.
@Timeout(120)
class ManyImagesTest {
    private static final long MOST = 40_000;
    /// Both may name registries on this host, as that of the tests is there.
    private static final Requester HOARDER = new Requester(true, "hoarder", "1");
    private static final Requester OTHER = new Requester(true, "other", "2");

    @TempDir
    Path folder;

    private final AtomicLong mostLayers = new AtomicLong(Long.MAX_VALUE);
    private final AtomicLong ahead = new AtomicLong();
    private final Map<String, byte[]> served = new ConcurrentHashMap<>();
    private final Map<String, Boolean> asked = new ConcurrentHashMap<>();
    private HttpServer server;
    private LocalImageStore store;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/v2/", this::serve);
        server.start();
        store = open();
    }

    private LocalImageStore open() {
        return LocalImageStore.open(folder, ImageSettings.defaults().withNativeFolder(Path.of("target", "native"))
                .withDisk(new ImageSettings.Disk(0, 85, 80, Duration.ofMinutes(5), true, Duration.ofDays(1))),
                () -> new DiskSpace.Room(100 << 20, layers() > mostLayers.get() ? 10 << 20 : 50 << 20), new Clock() {
                    @Override
                    public java.time.ZoneId getZone() {
                        return java.time.ZoneOffset.UTC;
                    }

                    @Override
                    public Clock withZone(java.time.ZoneId zone) {
                        return this;
                    }

                    @Override
                    public Instant instant() {
                        return Instant.ofEpochSecond(1_000_000 + ahead.get());
                    }
                }, MOST);
    }

    private int layers() {
        String[] files = folder.resolve("layers").toFile().list();
        return files == null ? 0 : files.length;
    }

    @AfterEach
    void stop() {
        store.close();
        server.stop(0);
    }

    private void serve(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath().replaceFirst("/v2/", "").replaceFirst("/(blobs|manifests)/", "/");
        byte[] body = served.get(path);
        asked.put(path, true);
        try (exchange) {
            exchange.sendResponseHeaders(body == null ? 404 : 200, body == null ? -1 : body.length);
            if (body != null) {
                exchange.getResponseBody().write(body);
            }
        }
    }

    private String image(String repository, String config) {
        return image(repository, config, "");
    }

    private String image(String repository, String config, String annotation) {
        return image(repository, config, annotation, List.of());
    }

    /// @param config what it runs, JSON
    /// @param annotation makes another manifest for the same image
    private String image(String repository, String config, String annotation, List<byte[]> layers) {
        layers.forEach(layer -> served.put(repository + "/" + Digest.sha256(layer), layer));
        byte[] whole = ("{\"architecture\":\"" + Documents.architecture() + "\",\"os\":\"linux\",\"config\":" + config
                + ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
                + String.join(",", layers.stream().map(layer -> "\"" + Digest.sha256(layer) + "\"").toList()) + "]}}").getBytes(UTF_8);
        served.put(repository + "/" + Digest.sha256(whole), whole);
        served.put(repository + "/1", ("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"annotations\":{\"a\":\"" + annotation
                + "\"},\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" + Digest.sha256(whole) + "\",\"size\":" + whole.length
                + "},\"layers\":["
                + String.join(",", layers.stream().map(layer -> "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"" + Digest.sha256(layer)
                        + "\",\"size\":" + layer.length + "}").toList()) + "]}").getBytes(UTF_8));
        return name(repository);
    }

    private String name(String repository) {
        return "127.0.0.1:" + server.getAddress().getPort() + "/" + repository + ":1";
    }

    private static String labelled(Object what) {
        return "{\"Labels\":{\"n\":\"" + what + "\"}}";
    }

    private Image pull(String name, Requester requester) {
        return store.pull(name, null, requester, PullProgress.NONE);
    }

    private List<String> ids() {
        return store.list().stream().map(Image::id).toList();
    }

    @Test
    void unusedImagesOfWhoHasMostGoBeforeTheyFillTheMemory() {
        Image others = pull(image("other", labelled("other")), OTHER);
        Image operators = pull(image("operator", labelled("operator")), Requester.OPERATOR);
        for (int i = 0; i < 100; i++) {
            Image last = pull(image("hoard" + i, labelled(i)), HOARDER);
            assertThat(ids()).contains(last.id());
        }
        assertThat(store.list()).hasSizeBetween(10, (int) (MOST / 1000));
        assertThat(ids()).contains(others.id(), operators.id());
        store.close();
        store = open();
        assertThat(ids()).as("after a restart").contains(others.id(), operators.id());
    }

    @Test
    void whoUsesTooManyIsRefusedMoreAndOthersAreNot() {
        int held = 0;
        try {
            for (; held < 200; held++) {
                store.lease(pull(image("hoard" + held, labelled(held)), HOARDER).id(), "pod" + held);
            }
        } catch (ImageException full) {
            assertThat(held).isGreaterThan(10);
        }
        assertThatThrownBy(() -> pull(image("hoard", labelled("more")), HOARDER))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.NO_SPACE))
                .hasMessageContainingAll("bytes of the node's memory", "fewer images");
        assertThat(pull(name("hoard0"), HOARDER)).as("one that is here").isNotNull();
        assertThat(pull(image("other", labelled("other")), OTHER)).isNotNull();
        assertThat(pull(image("operator", labelled("operator")), Requester.OPERATOR)).isNotNull();
    }

    @Test
    void oneImageHasNotAnyNumberOfNames() {
        String id = pull(image("first", labelled("same")), OTHER).id();
        for (int i = 0; i < Catalogue.MOST_NAMES + 20; i++) {
            assertThat(pull(image("again" + i, labelled("same"), "m" + i), HOARDER).id()).isEqualTo(id);
        }
        Image image = store.find(id).orElseThrow();
        assertThat(image.tags()).hasSize(Catalogue.MOST_NAMES).contains(name("first"));
        assertThat(image.digests()).hasSize(Catalogue.MOST_NAMES);
        store.prune(_ -> false); // sweeps
        assertThat(folder.resolve("blobs").toFile().list()).as("manifests").hasSizeLessThan(20);
        pull(image("operators", labelled("same")), Requester.OPERATOR);
        assertThat(store.find(name("operators"))).isPresent();
    }

    @Test
    void labelsWithoutMeasureAreRefused() {
        String labels = String.join(",", IntStream.range(0, 20_000).mapToObj(i -> "\"k" + i + "\":\"\"").toList());
        assertThatThrownBy(() -> pull(image("labels", "{\"Labels\":{" + labels + "}}"), HOARDER))
                .isInstanceOfSatisfying(ImageException.class, e -> assertThat(e.reason()).isEqualTo(ImageException.Reason.TOO_LARGE))
                .hasMessageContainingAll("labels", "at most 1048576 are taken");
    }

    @Test
    void documentsOfBracketsAreRefused() {
        assertThatThrownBy(() -> pull(image("brackets", "{\"x\":[" + "{},".repeat(500_000) + "{}]}"), HOARDER))
                .isInstanceOf(ImageException.class).hasMessageContaining("Token count");
    }

    @Test
    void aFullDiskCostsWhoHasMostOnItThatNobodyUses() {
        Image others = pull(image("other", labelled("o"), "", List.of(LayerTar.random("f", 1, 100_000))), OTHER);
        ahead.addAndGet(3600);
        Image first = pull(image("first", labelled("1"), "", List.of(LayerTar.random("f", 2, 100_000))), HOARDER);
        ahead.addAndGet(3600);
        Image second = pull(image("second", labelled("2"), "", List.of(LayerTar.random("f", 3, 100_000))), HOARDER);
        ahead.addAndGet(3600);
        mostLayers.set(2);
        Image last = pull(image("last", labelled("3"), "", List.of(LayerTar.random("f", 4, 100_000))), OTHER);
        assertThat(ids()).contains(others.id(), second.id(), last.id()).doesNotContain(first.id());
    }

    /// They stay in memory until the last layer is there, and a registry may take hours for that.
    @Test
    void pullsWithLongDocumentsTakeTurns() throws Exception {
        image("long", "{\"Cmd\":[\"" + "x".repeat(RegistryRoute.SHORT_DOCUMENT) + "\"]}");
        image("short", labelled("short"));
        RegistryHttp http = new RegistryHttp(Duration.ofSeconds(10));
        Places one = new Places(1, 1);
        try (RegistryRoute first = route(http, one, "long"); RegistryRoute second = route(http, one, "long"); RegistryRoute third = route(http, one, "short")) {
            assertThat(source(first, "long").config()).hasSizeGreaterThan(RegistryRoute.SHORT_DOCUMENT);
            asked.clear();
            CompletableFuture<ImageSource> waiting = CompletableFuture.supplyAsync(() -> source(second, "long"));
            Awaitility.await().until(() -> asked.containsKey("long/1"));
            assertThat(source(third, "short").config()).isNotEmpty();
            assertThat(waiting).isNotDone();
            first.close();
            assertThat(waiting.get(30, TimeUnit.SECONDS).config()).hasSizeGreaterThan(RegistryRoute.SHORT_DOCUMENT);
        } finally {
            http.close();
        }
        one.acquire(OTHER); // all have given theirs back
    }

    private RegistryRoute route(RegistryHttp http, Places places, String repository) {
        ImageSettings settings = ImageSettings.defaults();
        return new RegistryRoute(List.of(new RegistryClient(http, settings, ImageReference.parse(name(repository)), null, HOARDER)), settings.transfers(), places, HOARDER);
    }

    private ImageSource source(RegistryRoute route, String repository) {
        return RegistryPull.source(route, ImageReference.parse(name(repository)), PullProgress.NONE);
    }
}
