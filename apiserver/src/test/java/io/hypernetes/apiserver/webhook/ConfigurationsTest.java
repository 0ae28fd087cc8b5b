package io.hypernetes.apiserver.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.cel.CompiledExpressions;
import io.hypernetes.store.Operation;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
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
        policies = new Configurations<>(store, RESOURCE, ValidatingPolicy::of);
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

    private static String large(int first) {
        return "[" + first + ",1".repeat(19_000) + "].size() > 1";
    }

    @Test
    void policiesAreMadeOnceARevision() {
        put("blue", "a", "1 == 1");
        put("blue", "b", "nobody == 1");
        var all = policies.of("blue");
        assertThat(all).extracting(policy -> policy.head().name()).containsExactly("a", "b");
        assertThat(policies.of("blue")).element(0).isSameAs(all.getFirst());
        put("blue", "a", "1 == 2");
        assertThat(policies.of("blue").getFirst()).isNotSameAs(all.getFirst());
        assertThat(policies.of("green")).isEmpty();
    }

    /// What a tenant stores may take any room; what is kept of it may not, and another keeps its own.
    @Test
    void whatIsKeptIsBoundedWhateverTenantsStore() {
        put("green", "a", "1 == 1");
        var kept = policies.of("green").getFirst();
        long compiled = CompiledExpressions.weight();
        int many = (int) (MEMORY / 64 / 8_000_000) + 3;
        for (int i = 0; i < many; i++) {
            put("blue", "p" + i, large(i));
        }
        for (int round = 0; round < 2; round++) {
            assertThat(policies.of("blue")).hasSize(many).allSatisfy(policy -> assertThat(policy.head().broken()).isNull());
            assertThat(policies.weight()).isLessThanOrEqualTo(MEMORY / 256 + 10_000);
            assertThat(CompiledExpressions.weight() - compiled).isLessThanOrEqualTo(MEMORY / 64);
        }
        assertThat(policies.of("green").getFirst()).isSameAs(kept);
    }
}
