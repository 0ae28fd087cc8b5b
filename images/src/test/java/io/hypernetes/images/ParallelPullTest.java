package io.hypernetes.images;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The layers of an image are fetched side by side, as many as the settings say, and each goes on where it broke off.
class ParallelPullTest {
    private static final int LAYERS = 7;
    private static final int AT_A_TIME = ImageSettings.defaults().transfers().parallelDownloads();

    private final Map<String, byte[]> blobs = new HashMap<>();
    private final AtomicInteger now = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger broken = new AtomicInteger();
    private final AtomicInteger resumed = new AtomicInteger();
    private final CountDownLatch together = new CountDownLatch(AT_A_TIME);

    @Test
    void layersComeSideBySideAndEachGoesOnWhereItBroke(@TempDir Path folder) throws Exception {
        byte[] manifest = image();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/v2/a/b/manifests/1", exchange -> {
            exchange.getResponseHeaders().put("Content-Type", List.of("application/vnd.oci.image.manifest.v1+json"));
            exchange.sendResponseHeaders(200, manifest.length);
            exchange.getResponseBody().write(manifest);
            exchange.close();
        });
        server.createContext("/v2/a/b/blobs/", this::serve);
        server.start();
        try (LocalImageStore store = LocalImageStore.open(folder, ImageSettings.defaults().withNativeFolder(Path.of("target", "native")))) {
            Image image = store.pull("127.0.0.1:" + server.getAddress().getPort() + "/a/b:1", null, Requester.OPERATOR, PullProgress.NONE);
            assertThat(image.layers()).hasSize(LAYERS);
            assertThat(Shell.contents(image.layers().getLast())).anyMatch(line -> line.endsWith("/file-" + (LAYERS - 1)));
        } finally {
            server.stop(0);
        }
        assertThat(most).hasValue(AT_A_TIME);
        assertThat(broken).as("transfers that broke off").hasValue(LAYERS);
        assertThat(resumed).as("transfers that went on").hasValue(LAYERS);
    }

    /// Blobs of layers break off in their middle once; the first ones wait for each other.
    private void serve(HttpExchange exchange) throws IOException {
        byte[] blob = blobs.get(exchange.getRequestURI().getPath().replaceFirst(".*/", ""));
        String range = exchange.getRequestHeaders().getFirst("Range");
        if (blob.length < 10_000) {
            exchange.sendResponseHeaders(200, blob.length);
            exchange.getResponseBody().write(blob);
        } else if (range == null) {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            together.countDown();
            try {
                assertThat(together.await(30, TimeUnit.SECONDS)).as("that many layers at a time").isTrue();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
            exchange.sendResponseHeaders(200, blob.length);
            exchange.getResponseBody().write(blob, 0, blob.length / 2);
            exchange.getResponseBody().flush();
            now.decrementAndGet();
            broken.incrementAndGet();
        } else {
            int from = Integer.parseInt(range.replaceAll("[^0-9]", ""));
            resumed.addAndGet(from > 0 ? 1 : 0);
            exchange.sendResponseHeaders(206, blob.length - from);
            exchange.getResponseBody().write(blob, from, blob.length - from);
        }
        exchange.close();
    }

    /// @return the manifest of an image of random, different layers, whose blobs are known now
    private byte[] image() throws IOException {
        List<String> layers = new ArrayList<>();
        List<String> diffIds = new ArrayList<>();
        for (int i = 0; i < LAYERS; i++) {
            byte[] layer = LayerTar.random("file-" + i, i, 200_000);
            layers.add(descriptor("application/vnd.oci.image.layer.v1.tar", layer));
            diffIds.add("\"" + Digest.sha256(layer) + "\"");
        }
        String config = "{\"architecture\":\"" + Documents.architecture() + "\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"x\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
                + String.join(",", diffIds) + "]}}";
        return ("{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":"
                + descriptor("application/vnd.oci.image.config.v1+json", config.getBytes(UTF_8)) + ",\"layers\":[" + String.join(",", layers) + "]}").getBytes(UTF_8);
    }

    private String descriptor(String type, byte[] blob) {
        blobs.put(Digest.sha256(blob).toString(), blob);
        return "{\"mediaType\":\"" + type + "\",\"digest\":\"" + Digest.sha256(blob) + "\",\"size\":" + blob.length + "}";
    }
}
