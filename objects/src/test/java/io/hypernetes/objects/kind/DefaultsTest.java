package io.hypernetes.objects.kind;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Every kind of Kubernetes says for itself what upstream makes it say, and no more.
class DefaultsTest {
    private static final Kinds KINDS = Kinds.load();
    /// What does not stand in the table and yet says something for itself: Hypernetes' own.
    private static final Set<String> OTHERS = Set.of("hypernetes.io/v1 Tenant");

    private static List<String[]> upstream() throws IOException {
        try (var in = Objects.requireNonNull(DefaultsTest.class.getResourceAsStream("defaults.tsv"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().filter(line -> !line.startsWith("#")).map(line -> line.split("\t")).toList();
        }
    }

    private static ObjectNode object(String[] row, String members) {
        ObjectNode object = Json.readObject(members);
        object.put("apiVersion", row[0]).put("kind", row[1]);
        Json.child(object, "metadata").put("name", "x");
        return object;
    }

    @Test
    void defaultsAreThoseOfUpstream() throws IOException {
        SoftAssertions all = new SoftAssertions();
        Set<String> seen = new HashSet<>(OTHERS);
        for (String[] row : upstream()) {
            seen.add(row[0] + " " + row[1]);
            ObjectNode given = object(row, row[2]);
            KINDS.get(row[0], row[1]).setDefaults(given);
            all.assertThat(given).as(row[0] + " " + row[1] + " " + row[2]).isEqualTo(object(row, row[3]));
        }
        for (Kind kind : KINDS.all()) {
            String name = kind.type().apiVersion() + " " + kind.type().kind();
            if (!seen.contains(name)) {
                ObjectNode bare = object(new String[] {kind.type().apiVersion(), kind.type().kind()}, "{\"spec\":{}}");
                kind.setDefaults(bare);
                all.assertThat(bare).as(name + " says nothing for itself").isEqualTo(object(new String[] {kind.type().apiVersion(), kind.type().kind()}, "{\"spec\":{}}"));
            }
        }
        all.assertAll();
    }

    /// Only a pod that is made says how its containers are resized, and a client that does not know of it leaves that as it is.
    @Test
    void aPodSaysHowItIsResized() {
        Kind pods = KINDS.get("v1", "Pod");
        String members = """
                {"spec":{"containers":[{"name":"c","image":"x","resources":{"limits":{"cpu":"1"},"requests":{"memory":"1Gi"}}},{"name":"none","image":"x"}],
                 "initContainers":[{"name":"side","image":"x","restartPolicy":"Always","resources":{"requests":{"cpu":"1"}},"resizePolicy":[{"resourceName":"cpu","restartPolicy":"RestartContainer"}]},
                  {"name":"once","image":"x","resources":{"requests":{"cpu":"1"}}}]}}""";
        ObjectNode made = object(new String[] {"v1", "Pod"}, members);
        pods.setDefaults(made);
        pods.prepareCreate(made);
        assertThat(Json.print(made.path("spec").path("containers").path(0).path("resizePolicy")))
                .isEqualTo("[{\"resourceName\":\"cpu\",\"restartPolicy\":\"NotRequired\"},{\"resourceName\":\"memory\",\"restartPolicy\":\"NotRequired\"}]");
        assertThat(made.path("spec").path("containers").path(1).has("resizePolicy")).isFalse();
        assertThat(Json.print(made.path("spec").path("initContainers").path(0).path("resizePolicy"))).isEqualTo("[{\"resourceName\":\"cpu\",\"restartPolicy\":\"RestartContainer\"}]");
        assertThat(made.path("spec").path("initContainers").path(1).has("resizePolicy")).isFalse();
        ObjectNode again = object(new String[] {"v1", "Pod"}, members);
        pods.setDefaults(again);
        pods.prepareUpdate(again, made, null);
        assertThat(again.path("spec").path("containers")).isEqualTo(made.path("spec").path("containers"));
    }

    /// Looking each container up among all the others took minutes.
    @Test
    @Timeout(10)
    void manyContainersAreResizedAsBefore() {
        Kind pods = KINDS.get("v1", "Pod");
        ObjectNode made = Json.object();
        ArrayNode containers = Json.child(made, "spec").putArray("containers");
        for (int i = 0; i < 40_000; i++) {
            containers.addObject().put("name", "c" + i).put("image", "x");
        }
        Json.child((ObjectNode) containers.get(39_999), "resources").putObject("requests").put("cpu", "1");
        ObjectNode again = made.deepCopy();
        pods.setDefaults(made);
        pods.prepareCreate(made);
        pods.setDefaults(again);
        pods.prepareUpdate(again, made, null);
        assertThat(again.path("spec").path("containers").path(39_999).has("resizePolicy")).isTrue();
        assertThat(again.path("spec").path("containers")).isEqualTo(made.path("spec").path("containers"));
    }
}
