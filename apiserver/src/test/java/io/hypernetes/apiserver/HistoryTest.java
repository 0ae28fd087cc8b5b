package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import io.hypernetes.store.embedded.EmbeddedSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HistoryTest {

    @Test
    void whatIsForgottenIsToldAsExpired() throws Exception {
        try (var cluster = new Cluster(EmbeddedSettings.defaults().withHistory(4, Duration.ofSeconds(1)))) {
            var admin = cluster.operator();
            var path = "/api/v1/namespaces/default/configmaps";
            for (int i = 0; i < 3; i++) {
                admin.post(path, configMap("a" + i, "1")).expect(201);
            }
            var first = admin.get(path + "?limit=1").expect(200);
            var revision = first.at("metadata", "resourceVersion");
            for (int i = 0; i < 12; i++) {
                admin.put(path + "/a0", configMap("a0", "v" + i)).expect(200);
            }
            try (var watch = admin.watch(path + "?watch=1&resourceVersion=" + revision)) {
                var error = watch.next();
                assertThat(Json.string(error, "type")).isEqualTo("ERROR");
                assertThat(Json.number(error, 0, "object", "code")).isEqualTo(410);
                assertThat(Json.string(error, "object", "reason")).isEqualTo("Expired");
                watch.awaitEnd();
            }
            admin.get(path + "?resourceVersionMatch=Exact&resourceVersion=" + revision).expect(410);
            // A list in pieces may go on, knowing that it mixes states.
            var expired = admin.get(path + "?limit=1&continue=" + first.at("metadata", "continue")).expect(410);
            assertThat(expired.at("reason")).isEqualTo("Expired");
            var rest = admin.get(path + "?limit=1&continue=" + expired.at("metadata", "continue")).expect(200);
            assertThat(ObjectsTest.names(rest.json())).containsExactly("a1");
            var last = admin.get(path + "?limit=1&continue=" + rest.at("metadata", "continue")).expect(200);
            assertThat(ObjectsTest.names(last.json())).containsExactly("a2");
        }
    }

    @Test
    void objectsSurviveARestart() throws Exception {
        try (var cluster = new Cluster()) {
            cluster.operator().post("/api/v1/namespaces/default/configmaps", configMap("a", "1")).expect(201);
            cluster.restart();
            assertThat(cluster.operator().get("/api/v1/namespaces/default/configmaps/a").expect(200).at("data", "k"))
                    .isEqualTo("1");
        }
    }

    /// It goes on with the revisions it has, unless its own changes came after them.
    @Test
    void aRestartTellsATenantNothingOfWhatOthersWrote() throws Exception {
        try (var cluster = new Cluster()) {
            var path = "/api/v1/namespaces/default/configmaps";
            for (var name : List.of("quiet", "loud")) {
                cluster.operator().post("/apis/hypernetes.io/v1/tenants", Cluster.tenant(name)).expect(201);
            }
            var revisions = new ArrayList<String>();
            for (var name : List.of("a", "b")) {
                revisions.add(cluster.client("quiet", "alice", "system:masters").post(path, configMap(name, "1")).expect(201).at("metadata", "resourceVersion"));
            }
            revisions.add(cluster.client("quiet", "alice", "system:masters").get(path).at("metadata", "resourceVersion"));
            cluster.client("loud", "bob", "system:masters").post(path, configMap("later", "1")).expect(201);
            cluster.restart();
            var quiet = cluster.client("quiet", "alice", "system:masters");
            for (var revision : revisions) {
                boolean known = !revision.equals(revisions.getFirst());
                assertThat(quiet.get(path + "?resourceVersionMatch=Exact&resourceVersion=" + revision).code()).isEqualTo(known ? 200 : 410);
                try (var watch = quiet.watch(path + "?watch=1&resourceVersion=" + revision)) {
                    quiet.put(path + "/a", configMap("a", "after " + revision)).expect(200);
                    assertThat(Json.string(watch.next(), "type")).isEqualTo(known ? "MODIFIED" : "ERROR");
                }
            }
        }
    }

    @Test
    void oldEventsAreRemoved() throws Exception {
        try (var cluster = new Cluster()) {
            var admin = cluster.operator();
            admin.post("/apis/hypernetes.io/v1/tenants", Cluster.tenant("t")).expect(201);
            var events = "/api/v1/namespaces/default/events";
            var event = "{\"metadata\":{\"name\":\"e\"},\"involvedObject\":{\"kind\":\"Pod\",\"namespace\":\"default\",\"name\":\"p\"}}";
            admin.post(events, event).expect(201);
            admin.post("/tenants/t" + events, event).expect(201);
            var later = java.time.Clock.offset(java.time.Clock.systemUTC(), Duration.ofMinutes(59));
            try (var sweeper = new EventSweeper(cluster.store, later, Duration.ofHours(1))) {
                assertThat(sweeper.sweep()).isZero();
            }
            later = java.time.Clock.offset(java.time.Clock.systemUTC(), Duration.ofMinutes(61));
            try (var sweeper = new EventSweeper(cluster.store, later, Duration.ofHours(1))) {
                assertThat(sweeper.sweep()).isEqualTo(2);
            }
            admin.get(events + "/e").expect(404);
        }
    }
}
