package io.hypernetes.apiserver;

import static io.hypernetes.apiserver.Cluster.configMap;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.Random;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

/// Which state a list shows, and how it is sent.
class ListsTest extends ClusterTest {

    private static final String MARKED = "labelSelector=kept%21%3Dno";

    @Test
    void aRevisionWithALimitIsThatVeryState() {
        namespace(admin, "states");
        admin.post(configMaps("states"), configMap("a", "1")).expect(201);
        admin.post(configMaps("states"), configMap("b", "1")).expect(201);
        var revision = admin.get(configMaps("states")).expect(200).at("metadata", "resourceVersion");
        admin.delete(configMaps("states") + "/a").expect(200);
        var then = admin.get(configMaps("states") + "?limit=500&resourceVersion=" + revision).expect(200);
        assertThat(ObjectsTest.names(then.json())).contains("a", "b");
        assertThat(then.at("metadata", "resourceVersion")).isEqualTo(revision);
        // Without a limit, and with the word for it, any later state will do.
        for (var way : new String[] {"?resourceVersion=" + revision, "?limit=500&resourceVersionMatch=NotOlderThan&resourceVersion=" + revision}) {
            assertThat(ObjectsTest.names(admin.get(configMaps("states") + way).expect(200).json())).contains("b").doesNotContain("a");
        }
    }

    /// Between the pages objects come, go and come back, before and behind the place that was reached.
    @Test
    void piecesShowOneStateHoweverMuchChangesMeanwhile() {
        var random = new Random(7);
        for (int round = 0; round < 6; round++) {
            var path = configMaps("churn-" + round);
            namespace(admin, "churn-" + round);
            for (int i = 0; i < 30; i++) {
                admin.post(path, configMap("m%02d".formatted(i), "1")).expect(201);
            }
            var all = ObjectsTest.names(admin.get(path).expect(200).json());
            var seen = new ArrayList<String>();
            var present = new TreeSet<>(all);
            var page = admin.get(path + "?limit=4").expect(200).json();
            seen.addAll(ObjectsTest.names(page));
            var token = Json.string(page, "metadata", "continue");
            while (!token.isEmpty()) {
                for (int change = random.nextInt(12); change > 0; change--) {
                    var name = "m%02d".formatted(random.nextInt(round < 3 ? 30 : 60));
                    if (name.equals("m00") || present.remove(name)) {
                        admin.delete(path + "/" + name);
                    } else {
                        present.add(name);
                        admin.post(path, configMap(name, "2")).expect(201);
                    }
                }
                page = admin.get(path + "?limit=4&continue=" + token).expect(200).json();
                seen.addAll(ObjectsTest.names(page));
                token = Json.string(page, "metadata", "continue");
                assertThat(page.path("metadata").path("remainingItemCount").asInt(0)).isEqualTo(all.size() - seen.size());
            }
            assertThat(seen).isEqualTo(all);
        }
    }

    @Test
    void revisionsAreMatchedInWaysThatMakeSense() {
        for (var way : new String[] {
            "?resourceVersionMatch=Exact",
            "?resourceVersionMatch=Exact&resourceVersion=0",
            "?resourceVersionMatch=Sometimes&resourceVersion=5",
            "?sendInitialEvents=true",
            "?watch=1&resourceVersionMatch=NotOlderThan&resourceVersion=5",
            "?watch=1&sendInitialEvents=true"
        }) {
            assertThat(admin.get(configMaps("default") + way).code()).as(way).isEqualTo(422);
        }
        assertThat(admin.get(configMaps("default") + "?resourceVersion=abc").code()).isEqualTo(400);
        var ahead = admin.get(configMaps("default") + "?resourceVersion=9000000000000000000");
        assertThat(ahead.code()).isEqualTo(504);
        assertThat(Json.string(ahead.json().path("details").path("causes").path(0), "reason")).isEqualTo("ResourceVersionTooLarge");
    }

    @Test
    void largeAnswersAreCompressedForThoseWhoTakeIt() throws Exception {
        namespace(admin, "large");
        for (int i = 0; i < 4; i++) {
            admin.post(configMaps("large"), configMap("c" + i, "x".repeat(50_000))).expect(201);
        }
        var plain = admin.get(configMaps("large") + "?" + MARKED).expect(200);
        assertThat(plain.http().headers().firstValue("Content-Encoding")).isEmpty();
        var packed = admin.send(
                admin.request(configMaps("large") + "?" + MARKED).header("Accept-Encoding", "gzip").GET().build());
        assertThat(packed.http().headers().firstValue("Content-Encoding")).contains("gzip");
        assertThat(packed.body().length).isLessThan(plain.body().length / 10);
        try (var in = new GZIPInputStream(new ByteArrayInputStream(packed.body()))) {
            assertThat(Json.readObject(in.readAllBytes()).path("items")).isEqualTo(plain.json().path("items"));
        }
        var small = admin.send(
                admin.request(configMaps("large") + "/c0").header("Accept-Encoding", "gzip").GET().build());
        assertThat(small.http().headers().firstValue("Content-Encoding")).isEmpty();
        var unwanted = admin.send(
                admin.request(configMaps("large")).header("Accept-Encoding", "gzip;q=0").GET().build());
        assertThat(unwanted.http().headers().firstValue("Content-Encoding")).isEmpty();
    }
}
