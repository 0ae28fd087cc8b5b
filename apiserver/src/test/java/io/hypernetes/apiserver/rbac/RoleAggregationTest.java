package io.hypernetes.apiserver.rbac;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.apiserver.storage.Follower;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.tenant.TenantState;
import io.hypernetes.objects.Json;
import io.hypernetes.store.Operation;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RoleAggregationTest {
    private static final String TENANT = "{\"apiVersion\":\"hypernetes.io/v1\",\"kind\":\"Tenant\",\"metadata\":{\"name\":\"%s\",\"uid\":\"u-%1$s\"}}";

    @TempDir
    private Path folder;

    private EmbeddedStore store;
    private RoleAggregation aggregation;
    private Follower follower;

    @BeforeEach
    void start() {
        store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
        for (var tenant : List.of("blue", "green")) {
            store.commit(List.of(Operation.create(TenantState.key(tenant), TENANT.formatted(tenant).getBytes(UTF_8))));
        }
        aggregation = new RoleAggregation(store);
        follower = new Follower(store, List.of(aggregation));
    }

    @AfterEach
    void stop() {
        follower.close();
        aggregation.close();
        store.close();
    }

    private static String key(String tenant, String name) {
        return new ObjectKey(tenant, Policy.GROUP, "clusterroles", "", name).text();
    }

    /// @param label that others select it by
    /// @param selects the label of those that it selects; empty for none
    private void role(String tenant, String name, String label, String selects, String rules) {
        var aggregated = selects.isEmpty() ? "" : ",\"aggregationRule\":{\"clusterRoleSelectors\":[{\"matchLabels\":{\"of\":\"" + selects + "\"}}]}";
        store.commit(List.of(Operation.put(key(tenant, name), ("{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":\"ClusterRole\",\"metadata\":{\"resourceVersion\":\"0\",\"name\":\""
                + name + "\",\"labels\":{\"of\":\"" + label + "\"}}" + aggregated + ",\"rules\":[" + rules + "]}").getBytes(UTF_8))));
    }

    private static String rule(String resource) {
        return "{\"apiGroups\":[\"\"],\"resources\":[\"" + resource + "\"],\"verbs\":[\"get\"]}";
    }

    private List<String> resources(String tenant, String name) {
        var found = Json.readObject(store.get(key(tenant, name)).orElseThrow().value()).path("rules");
        return IntStream.range(0, found.size()).mapToObj(i -> found.get(i).path("resources").path(0).asString()).toList();
    }

    /// Names are in the order in which a single pass would bring nothing on.
    @Test
    void whatIsSelectedByWhatIsSelectedComesThrough() {
        role("blue", "a", "first", "second", "");
        role("blue", "b", "second", "third", "");
        role("blue", "c", "third", "", rule("pods") + "," + rule("pods") + "," + rule("secrets"));
        await().untilAsserted(() -> assertThat(resources("blue", "a")).containsExactly("pods", "secrets"));
        assertThat(resources("blue", "b")).containsExactly("pods", "secrets");
        role("blue", "c", "third", "", rule("nodes"));
        await().untilAsserted(() -> assertThat(resources("blue", "a")).containsExactly("nodes"));
    }

    /// Three that select each other in a ring are never done.
    @Test
    void aRingIsGoneThroughEverMoreSeldomAndNobodyElseWaits() {
        role("blue", "a", "first", "second", "");
        role("blue", "b", "second", "third", "");
        role("blue", "c", "third", "first", "");
        role("blue", "b", "second", "third", rule("pods"));
        long before = store.tick();
        await().until(() -> store.get(key("blue", "a")).orElseThrow().revision() > before || store.get(key("blue", "b")).orElseThrow().revision() > before);
        try (var watch = store.watch("/blue/", store.tick())) {
            role("green", "a", "first", "second", "");
            role("green", "b", "second", "", rule("secrets"));
            await().untilAsserted(() -> assertThat(resources("green", "a")).containsExactly("secrets"));
            int written = 0;
            long end = System.nanoTime() + Duration.ofSeconds(2).toNanos();
            while (System.nanoTime() < end) {
                written += watch.next(Duration.ofMillis(100)).isPresent() ? 1 : 0;
            }
            // Each time through writes three, after 100 ms, 200, 400, 800 ...
            assertThat(written).isLessThanOrEqualTo(21);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aRoleIsGivenSoManyRulesAtMost() {
        role("blue", "a", "first", "many", "");
        for (int part = 0; part < 3; part++) {
            int from = part * 2000;
            role("blue", "many-" + part, "many", "", IntStream.range(from, from + 2000).mapToObj(i -> rule("r" + i)).collect(Collectors.joining(",")));
        }
        await().untilAsserted(() -> assertThat(resources("blue", "a")).hasSize(5000).contains("r0", "r4999"));
    }
}
