package io.hypernetes.apiserver.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.apiserver.fair.InUse;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.cel.CompiledExpressions;
import io.hypernetes.store.Operation;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationsTest {
    private static final String RESOURCE = "validatingadmissionpolicies";
    private static final long MEMORY = Runtime.getRuntime().maxMemory();

    @TempDir
    private Path folder;

    private EmbeddedStore store;
    private Configurations<ValidatingPolicy> policies;

    @BeforeEach
    void start() {
        store = EmbeddedStore.open(folder, EmbeddedSettings.defaults());
        policies = new Configurations<>(store, Configurations.room(), RESOURCE, ValidatingPolicy::of);
    }

    @AfterEach
    void stop() {
        store.close();
    }

    private void put(String tenant, String name, String expression) {
        store.commit(List.of(Operation.put(
                new ObjectKey(tenant, "admissionregistration.k8s.io", RESOURCE, "", name).text(),
                """
                {"metadata":{"name":"%s","resourceVersion":"0"},"spec":{"validations":[{"expression":"%s"}]}}"""
                        .formatted(name, expression)
                        .getBytes(UTF_8))));
    }

    private List<ValidatingPolicy> all(String tenant) {
        return policies.entries(tenant).stream().map(entry -> {
            try (var use = policies.use(tenant, entry)) {
                return use.value();
            }
        }).toList();
    }

    private static String large(int first) {
        return "[" + first + ",1".repeat(19_000) + "].size() > 1";
    }

    @Test
    void policiesAreMadeOnceARevision() {
        put("blue", "a", "1 == 1");
        put("blue", "b", "nobody == 1");
        var all = all("blue");
        assertThat(all).extracting(policy -> policy.head().name()).containsExactly("a", "b");
        assertThat(all("blue")).element(0).isSameAs(all.getFirst());
        put("blue", "a", "1 == 2");
        assertThat(all("blue").getFirst()).isNotSameAs(all.getFirst());
        assertThat(all("green")).isEmpty();
    }

    /// What a tenant stores may take any room; what is kept of it may not, and another keeps its own.
    @Test
    void whatIsKeptIsBoundedWhateverTenantsStore() {
        put("green", "a", "1 == 1");
        var kept = all("green").getFirst();
        long compiled = CompiledExpressions.weight();
        int many = (int) (MEMORY / 64 / 8_000_000) + 3;
        for (int i = 0; i < many; i++) {
            put("blue", "p" + i, large(i));
        }
        for (int round = 0; round < 2; round++) {
            assertThat(all("blue")).hasSize(many).allSatisfy(policy -> assertThat(policy.head().broken()).isNull());
            assertThat(policies.weight()).isLessThanOrEqualTo(MEMORY / 256 + 10_000);
            assertThat(CompiledExpressions.weight() - compiled).isLessThanOrEqualTo(MEMORY / 64);
        }
        assertThat(all("green").getFirst()).isSameAs(kept);
    }

    /// Requests wait with them for webhooks.
    @Test
    void whatIsUsedAtOnceIsOneHoweverManyUseIt() {
        put("blue", "a", large((int) MEMORY));
        var entry = policies.entries("blue").getFirst();
        try (var one = policies.use("blue", entry)) {
            // It is kept no longer when as much as a tenant may have was used after it.
            for (int i = 0; i < MEMORY / 256 / 700_000 + 2; i++) {
                put("blue", "p" + i, large(i));
            }
            all("blue");
            try (var other = policies.use("blue", entry)) {
                assertThat(other.value()).isSameAs(one.value());
            }
        }
    }

    @Test
    void whatIsUsedAtOnceIsBounded() {
        var small = new Configurations<>(
                store, new InUse<>(new InUse.Room(2_000_000, 1_000_000, 100_000, 50_000, Duration.ofMillis(1)), "the configurations", "put less into one"), RESOURCE, ValidatingPolicy::of);
        put("blue", "a", large(1));
        put("blue", "b", large(2));
        put("blue", "c", "1 == 1");
        put("green", "a", large(1));
        put("red", "a", large(1));
        try (var _ = small.use("blue", small.entries("blue").get(0))) {
            var another = small.entries("blue").get(1);
            assertThat(small.useAtOnce("blue", another)).isNull();
            assertThatThrownBy(() -> small.use("blue", another)).hasMessageContaining(
                    "the configurations that requests to tenant blue use take too much memory together while webhooks and clients are waited for; try again later, or put less into one");
            try (var little = small.use("blue", small.entries("blue").get(2)); var other = small.use("green", small.entries("green").getFirst())) {
                assertThat(little.value()).isNotSameAs(other.value());
                assertThat(small.useAtOnce("red", small.entries("red").getFirst())).as("all have a bound too").isNull();
            }
        }
    }
}
