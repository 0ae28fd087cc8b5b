package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.net.URI;
import java.net.http.WebSocket;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WatchesTest extends ClusterTest {

    @Test
    void changesComeInOrderAfterTheList() throws Exception {
        namespace(admin, "order");
        var revision = admin.get(configMaps("order")).at("metadata", "resourceVersion");
        try (var watch = admin.watch(configMaps("order") + "?watch=1&resourceVersion=" + revision)) {
            admin.post(configMaps("order"), configMap("a", "1")).expect(201);
            admin.post(configMaps("default"), configMap("elsewhere", "1")).expect(201);
            admin.put(configMaps("order") + "/a", configMap("a", "2")).expect(200);
            admin.delete(configMaps("order") + "/a").expect(200);
            assertThat(watch.nextText()).isEqualTo("ADDED a");
            var modified = watch.next();
            assertThat(Json.string(modified, "type")).isEqualTo("MODIFIED");
            assertThat(Json.string(modified, "object", "data", "k")).isEqualTo("2");
            var deleted = watch.next();
            assertThat(Json.string(deleted, "type")).isEqualTo("DELETED");
            assertThat(Long.parseLong(Json.string(deleted, "object", "metadata", "resourceVersion")))
                    .isGreaterThan(Long.parseLong(Json.string(modified, "object", "metadata", "resourceVersion")));
        }
        // From the same place again: history gives the same.
        try (var watch = admin.watch(configMaps("order") + "?watch=True&resourceVersion=" + revision)) {
            assertThat(watch.nextText()).isEqualTo("ADDED a");
            assertThat(watch.nextText()).isEqualTo("MODIFIED a");
            assertThat(watch.nextText()).isEqualTo("DELETED a");
        }
    }

    @Test
    void anObjectEntersAndLeavesASelection() throws Exception {
        namespace(admin, "select");
        try (var watch = admin.watch(configMaps("select") + "?watch=true&labelSelector=on")) {
            admin.post(configMaps("select"), configMap("a", "1")).expect(201);
            label("a", "{\"on\":\"1\"}");
            assertThat(watch.nextText()).isEqualTo("ADDED a");
            var left = label("a", "{\"on\":null}");
            var event = watch.next();
            assertThat(Json.string(event, "type")).isEqualTo("DELETED");
            assertThat(Json.string(event, "object", "metadata", "labels", "on")).isEqualTo("1");
            assertThat(Json.string(event, "object", "metadata", "resourceVersion")).isEqualTo(left);
            assertThat(watch.quietFor(200)).isTrue();
        }
    }

    private String label(String name, String labels) {
        return admin.patch(
                        configMaps("select") + "/" + name,
                        "application/merge-patch+json",
                        "{\"metadata\":{\"labels\":" + labels + "}}")
                .expect(200)
                .at("metadata", "resourceVersion");
    }

    @Test
    void aWatchWithoutARevisionBeginsWithTheState() throws Exception {
        namespace(admin, "state");
        admin.post(configMaps("state"), configMap("a", "1")).expect(201);
        try (var watch = admin.watch(configMaps("state") + "?fieldSelector=metadata.name%21%3Dkube-root-ca.crt&watch=1")) {
            assertThat(watch.nextText()).isEqualTo("ADDED a");
        }
        try (var watch = admin.watch(configMaps("state")
                + "?fieldSelector=metadata.name%21%3Dkube-root-ca.crt&watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")) {
            assertThat(watch.nextText()).isEqualTo("ADDED a");
            var bookmark = watch.next();
            assertThat(Json.string(bookmark, "type")).isEqualTo("BOOKMARK");
            assertThat(Json.string(bookmark, "object", "metadata", "annotations", "k8s.io/initial-events-end"))
                    .isEqualTo("true");
            admin.post(configMaps("state"), configMap("b", "1")).expect(201);
            assertThat(watch.nextText()).isEqualTo("ADDED b");
        }
        admin.get(configMaps("state") + "?watch=1&sendInitialEvents=true").expect(422);
    }

    /// Deprecated, and served by upstream still (`pkg/endpoints/request/requestinfo.go` of apiserver).
    @Test
    void oldPathsOfWatchesAreServed() throws Exception {
        namespace(admin, "old");
        admin.post(configMaps("old"), configMap("a", "1")).expect(201);
        admin.post(configMaps("old"), configMap("b", "1")).expect(201);
        try (var watch = admin.watch("/api/v1/watch/namespaces/old/configmaps?fieldSelector=metadata.name%21%3Dkube-root-ca.crt")) {
            assertThat(watch.nextText()).isEqualTo("ADDED a");
            assertThat(watch.nextText()).isEqualTo("ADDED b");
        }
        try (var watch = admin.watch("/api/v1/watch/namespaces/old/configmaps/b")) {
            assertThat(watch.nextText()).isEqualTo("ADDED b");
        }
        try (var watch = admin.watch("/api/v1/watch/namespaces/old")) {
            assertThat(watch.nextText()).isEqualTo("ADDED old");
        }
        admin.post("/apis/coordination.k8s.io/v1/namespaces/old/leases", "{\"metadata\":{\"name\":\"held\"}}").expect(201);
        try (var watch = admin.watch("/apis/coordination.k8s.io/v1/watch/leases?fieldSelector=metadata.namespace%3Dold")) {
            assertThat(watch.nextText()).isEqualTo("ADDED held");
        }
        assertThat(admin.get("/api/v1/watch/namespaces/old/configmaps/b?fieldSelector=metadata.name%3Da").expect(400).at("message"))
                .isEqualTo("fieldSelector metadata.name doesn't match requested name");
        admin.delete("/api/v1/watch/namespaces/old/configmaps/b").expect(405);
        admin.get("/api/v1/watch/nothings").expect(404);
        assertThat(cluster.client("root", "nobody").get("/api/v1/watch/namespaces/old/configmaps").expect(403).at("message")).contains("cannot watch resource");
    }

    @Test
    void aWatchEndsInTimeWithABookmark() throws Exception {
        var revision = admin.get(configMaps("default")).at("metadata", "resourceVersion");
        try (var watch = admin.watch(
                configMaps("kube-public") + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=" + revision)) {
            var bookmark = watch.next();
            assertThat(Json.string(bookmark, "type")).isEqualTo("BOOKMARK");
            assertThat(Long.parseLong(Json.string(bookmark, "object", "metadata", "resourceVersion")))
                    .isGreaterThanOrEqualTo(Long.parseLong(revision));
            watch.awaitEnd();
        }
    }

    @Test
    void tablesAreWatchedToo() throws Exception {
        namespace(admin, "tabled");
        var request = admin.request(configMaps("tabled") + "?watch=1")
                .header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
                .GET()
                .build();
        try (var watch = new Watch(admin.http, request)) {
            admin.post(configMaps("tabled"), configMap("a", "1")).expect(201);
            admin.post(configMaps("tabled"), configMap("b", "1")).expect(201);
            var first = watch.next();
            assertThat(Json.string(first, "object", "kind")).isEqualTo("Table");
            assertThat(first.path("object").path("columnDefinitions").isEmpty()).isFalse();
            assertThat(watch.next().path("object").path("columnDefinitions").isEmpty()).isTrue();
        }
    }

    @Test
    void operatorsWatchAcrossTenantsAndSeeWhoseAnObjectIs() throws Exception {
        var everywhere = cluster.operator().in("*");
        try (var watch = everywhere.watch("/api/v1/configmaps?watch=1&labelSelector=across")) {
            admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("seen")).expect(201);
            var seen = cluster.operator().in("seen");
            seen.post(configMaps("default"), "{\"metadata\":{\"name\":\"x\",\"labels\":{\"across\":\"1\"}}}").expect(201);
            admin.post(configMaps("default"), "{\"metadata\":{\"name\":\"x\",\"labels\":{\"across\":\"1\"},\"annotations\":{\"a\":\"b\"}}}")
                    .expect(201);
            assertThat(tenantOf(watch.next().path("object"))).isEqualTo("seen");
            assertThat(tenantOf(watch.next().path("object"))).isEqualTo("root");
            assertThat(seen.get(configMaps("default") + "/x").text()).doesNotContain("hypernetes.io/tenant");
        }
        var list = everywhere.get("/api/v1/configmaps?labelSelector=across").expect(200).json();
        assertThat(tenantOf(list.path("items").path(0))).isEqualTo("root");
        assertThat(tenantOf(list.path("items").path(1))).isEqualTo("seen");
        everywhere.post(configMaps("default"), configMap("y", "1")).expect(403);
        // What was read so is written back without the annotation; a wrong one is refused.
        var item = list.path("items").path(1);
        var seen = cluster.operator().in("seen");
        seen.put(configMaps("default") + "/x", Json.print(item)).expect(200);
        assertThat(seen.get(configMaps("default") + "/x").text()).doesNotContain("hypernetes.io/tenant");
        admin.put(configMaps("default") + "/x", Json.print(item)).expect(400);
    }

    private static String tenantOf(tools.jackson.databind.JsonNode object) {
        return Json.string(object, "metadata", "annotations", "hypernetes.io/tenant");
    }

    @Test
    void aWatchOverAWebSocketSaysTheSame() throws Exception {
        namespace(admin, "socket");
        var messages = new LinkedBlockingQueue<String>();
        var text = new StringBuilder();
        var socket = admin.http.newWebSocketBuilder()
                .buildAsync(
                        URI.create(cluster.uri(configMaps("socket") + "?watch=1&fieldSelector=metadata.name%3Da").toString().replace("https:", "wss:")),
                        new WebSocket.Listener() {
                            @Override
                            public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
                                text.append(data);
                                if (last) {
                                    messages.add(text.toString());
                                    text.setLength(0);
                                }
                                socket.request(1);
                                return null;
                            }
                        })
                .join();
        admin.post(configMaps("socket"), configMap("a", "x".repeat(70_000))).expect(201);
        var event = Json.readObject(messages.poll(60, TimeUnit.SECONDS));
        assertThat(Json.string(event, "type")).isEqualTo("ADDED");
        assertThat(Json.string(event, "object", "data", "k")).hasSize(70_000);
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
    }
}
