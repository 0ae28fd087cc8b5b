package io.hypernetes.apiserver.tenant;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Operation;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TenantsTest {
    @TempDir
    private Path folder;

    @Test
    void anAuthorityThatOutlivedItsTenantIsDestroyedBeforeAnybodyIsServed() {
        var authorities = new TreeSet<>(Set.of("gone"));
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var key = new ObjectKey("root", "hypernetes.io", "tenants", "", "acme").text();
            store.commit(List.of(Operation.put(key, "{}".getBytes(StandardCharsets.UTF_8))));
            var kinds = Kinds.load();
            new Tenants(store, kinds, new Recorder(authorities), new NamespaceBasics(store, kinds, "PEM", java.time.Clock.systemUTC())).restore(Instant.EPOCH);
        }
        assertThat(authorities).containsExactly("acme");
    }

    private record Recorder(Set<String> there) implements TenantAuthorities {
        @Override
        public void create(String tenant) {
            there.add(tenant);
        }

        @Override
        public void destroy(String tenant) {
            there.remove(tenant);
        }

        @Override
        public Set<String> tenants() {
            return Set.copyOf(there);
        }
    }
}
