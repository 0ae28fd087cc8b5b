package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.ConfigMap;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What one tenant makes of an object must not keep a component from the objects of the others.
class HostileObjectsTest {
    private final HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch over = new CountDownLatch(1);
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private volatile String list = "";
    private volatile String events = "";
    private volatile boolean eachWatchIsAlike;

    HostileObjectsTest() throws IOException {}

    @BeforeEach
    void start() {
        server.setExecutor(threads);
        server.createContext("/", this::serve);
        server.start();
    }

    @AfterEach
    void stop() {
        over.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    private void serve(HttpExchange exchange) throws IOException {
        String request = exchange.getRequestURI().toString();
        boolean isWatch = request.contains("watch=true");
        boolean isFirst = requests.stream().noneMatch(known -> known.contains("watch=true") == isWatch);
        requests.add(request);
        exchange.sendResponseHeaders(200, 0);
        var out = exchange.getResponseBody();
        out.write((!isWatch ? list : isFirst || eachWatchIsAlike ? events : "").getBytes(StandardCharsets.UTF_8));
        out.flush();
        if (isWatch) {
            try {
                over.await();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        }
        exchange.close();
    }

    private static String nested(String begin, int levels, String end) {
        return begin.repeat(levels) + end.repeat(levels);
    }

    /// @param more members of the metadata and of the object, with a comma before each
    private static String map(String name, int version, String ofMetadata, String more) {
        return "{\"metadata\":{\"namespace\":\"n\",\"resourceVersion\":\"" + version + "\",\"annotations\":{\"hypernetes.io/tenant\":\"red\"}" + ofMetadata
                + ",\"name\":\"" + name + "\",\"uid\":\"" + name + "\"},\"data\":{\"v\":\"" + version + "\"}" + more + "}";
    }

    private static String event(String type, String object) {
        return "{\"type\":\"" + type + "\",\"object\":" + object + "}\n";
    }

    private static String managed(String fields) {
        return ",\"managedFields\":[{\"manager\":\"h\",\"operation\":\"Apply\",\"fieldsV1\":" + fields + "}]";
    }

    private static final String DEEP = managed(nested("{\"f:a\":", 1090, "}").replace(":}", ":{}}"));
    private static final String LONG = managed("{\"k:{\\\"uid\\\":\\\"" + "u".repeat(300_000) + "\\\"}\":{}}");
    private static final String NAMED = ",\"odd\":{\"a\":{\"" + "n".repeat(300_000) + "\":[{}]}}";
    /// Deeper than what any server sends, and what no client could read.
    private static final String UNREADABLE = ",\"odd\":" + nested("[", 5000, "]");

    private Informer<ConfigMap> informer(Client client) {
        return new Informer<>(client, Kind.CONFIG_MAP, Scope.everywhere(), Selection.everything());
    }

    private static String version(Informer<ConfigMap> informer, String name) {
        return informer.get(new ObjectKey("red", "n", name)).map(map -> map.getData().get("v")).orElse("none");
    }

    @Test
    void anInformerListsAndWatchesAllOthers() throws Exception {
        list = "{\"kind\":\"ConfigMapList\",\"metadata\":{\"resourceVersion\":\"10\"},\"items\":["
                + String.join(",", map("a", 1, "", ""), map("deep", 2, DEEP, ""), map("unreadable", 3, "", UNREADABLE), map("long", 4, LONG, ""), map("named", 4, "", NAMED), map("b", 5, "", ""))
                + "]}\n";
        events = event("ADDED", map("deeper", 11, DEEP, "")) + event("ADDED", map("longer", 12, LONG, "")) + event("ADDED", map("namedToo", 12, "", NAMED)) + event("MODIFIED", map("b", 13, "", UNREADABLE))
                + event("ADDED", map("c", 14, "", "")) + event("DELETED", map("a", 15, "", UNREADABLE)) + event("ADDED", map("d", 16, "", ""));
        try (Client client = new Client(URI.create("http://127.0.0.1:" + server.getAddress().getPort()), null, "test");
                Informer<ConfigMap> informer = informer(client).start()) {
            assertThat(informer.awaitSynced(Duration.ofSeconds(20))).isTrue();
            await().untilAsserted(() -> assertThat(version(informer, "d")).isEqualTo("16"));
            assertThat(List.of("deep", "long", "named", "deeper", "longer", "namedToo", "c")).extracting(name -> version(informer, name)).containsExactly("2", "4", "4", "11", "12", "12", "14");
            assertThat(version(informer, "unreadable")).isEqualTo("none");
            assertThat(version(informer, "b")).as("as it was known").isEqualTo("5");
            assertThat(version(informer, "a")).as("is gone").isEqualTo("none");
            assertThat(requests).hasSize(2);
        }
    }

    /// Whoever lists again must not take for gone what it cannot read.
    @Test
    void whatIsKnownStaysWhenItCannotBeReadAnyMore() throws Exception {
        list = "{\"items\":[" + map("a", 1, "", "") + "," + map("b", 2, "", "") + "],\"metadata\":{\"resourceVersion\":\"10\"}}";
        events = event("ERROR", "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\",\"message\":\"too old\"}");
        List<String> gone = new CopyOnWriteArrayList<>();
        try (Client client = new Client(URI.create("http://127.0.0.1:" + server.getAddress().getPort()), null, "test");
                Informer<ConfigMap> informer = informer(client)) {
            informer.handler(new Informer.Handler<>() {
                @Override
                public void added(ConfigMap object) {
                    list = "{\"items\":[" + map("a", 11, "", UNREADABLE) + "," + map("c", 12, "", "") + "],\"metadata\":{\"resourceVersion\":\"20\"}}";
                }

                @Override
                public void updated(ConfigMap before, ConfigMap now) {}

                @Override
                public void deleted(ConfigMap last) {
                    gone.add(last.getMetadata().getName());
                }
            });
            informer.start();
            await().untilAsserted(() -> assertThat(version(informer, "c")).isEqualTo("12"));
            assertThat(version(informer, "a")).isEqualTo("1");
            assertThat(gone).containsExactly("b");
        }
    }

    /// Objects that change faster than what is kept of their changes: each list is too old when it has been read, with or without an event before.
    @Test
    void whoHasToListAgainAndAgainDoesItLessAndLessOften() throws Exception {
        list = "{\"items\":[" + map("a", 1, "", "") + "],\"metadata\":{\"resourceVersion\":\"10\"}}";
        events = event("MODIFIED", map("a", 11, "", "")) + event("ERROR", "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\",\"message\":\"too old\"}");
        eachWatchIsAlike = true;
        try (Client client = new Client(URI.create("http://127.0.0.1:" + server.getAddress().getPort()), null, "test");
                Informer<ConfigMap> informer = informer(client)) {
            long begin = System.nanoTime();
            informer.start();
            await().untilAsserted(() -> assertThat(requests.stream().filter(request -> !request.contains("watch=true")).count()).isGreaterThanOrEqualTo(5));
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).as("one at once, then after more than 100, 200 and 400 ms").isGreaterThan(Duration.ofMillis(700));
        }
    }
}
