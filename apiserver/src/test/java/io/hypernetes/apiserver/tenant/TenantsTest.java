package io.hypernetes.apiserver.tenant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.apiserver.rbac.BaseRoles;
import io.hypernetes.apiserver.service.AddressRange;
import io.hypernetes.apiserver.service.BaseServices;
import io.hypernetes.apiserver.service.StoredAllocations;
import io.hypernetes.apiserver.storage.LayeredStore;
import io.hypernetes.apiserver.storage.ObjectKey;
import io.hypernetes.apiserver.storage.StoredForm;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.ConflictException;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;
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
            store.commit(List.of(tenant(key, "acme")));
            tenants(store, new Recorder(authorities)).restore(Instant.EPOCH);
        }
        assertThat(authorities).containsExactly("acme");
    }

    @Test
    void aTenantOfAnOlderReleaseGetsItsNumberAndItsFirstServices() {
        try (var store = layered(EmbeddedStore.open(folder, EmbeddedSettings.defaults()))) {
            var key = new ObjectKey("root", "hypernetes.io", "tenants", "", "acme").text();
            store.commit(List.of(tenant(key, "acme"), namespace("acme", "default"), namespace("acme", "kube-system")));
            var tenants = tenants(store, new Recorder(new TreeSet<>()));
            tenants.restore(Instant.EPOCH);
            var stored = Json.readObject(store.get(key).orElseThrow().value());
            var number = Json.string(stored, "metadata", "annotations", Segments.ANNOTATION);
            assertThat(Integer.parseInt(number)).isBetween(1, (1 << 24) - 1);
            assertThat(store.get("segments/" + number)).isPresent();
            for (var tenant : List.of("acme", "root")) {
                var service = Json.readObject(
                        store.get(new ObjectKey(tenant, "", "services", "default", "kubernetes").text()).orElseThrow().value());
                assertThat(Json.string(service, "spec", "clusterIP")).isEqualTo("10.96.0.1");
                assertThat(store.get(new ObjectKey(tenant, "networking.k8s.io", "ipaddresses", "", "10.96.0.10").text())).isPresent();
                assertThat(store.get(new ObjectKey(tenant, "", "endpoints", "default", "kubernetes").text())).isPresent();
                assertThat(store.get(new ObjectKey(tenant, "discovery.k8s.io", "endpointslices", "default", "kubernetes").text())).isPresent();
            }
            tenants.restore(Instant.EPOCH);
            assertThat(Json.readObject(store.get(key).orElseThrow().value())).as("a second start changes nothing").isEqualTo(stored);
            store.commit(tenants.remains("acme"));
            assertThat(store.get("segments/" + number)).isEmpty();
        }
    }

    @Test
    void whatBecomesTheTenantsOwnWhileItGoesIsNotLeftBehind() {
        try (var stored = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var store = new LayeredStore(stored, BaseRoles.layer());
            var tenants = tenants(store, new Recorder(new TreeSet<>()));
            store.commit(List.of(tenant(new ObjectKey("root", "hypernetes.io", "tenants", "", "acme").text(), "acme")));
            tenants.restore(Instant.EPOCH);
            for (boolean deleted : List.of(false, true)) {
                var view = store.get(new ObjectKey("acme", "rbac.authorization.k8s.io", "clusterroles", "", deleted ? "edit" : "view").text())
                        .orElseThrow();
                var removal = tenants.remains("acme");
                store.commit(List.of(deleted
                        ? new Operation.Delete(view.key(), view.revision(), revision -> view.value())
                        : new Operation.Put(view.key(), view.revision(), revision -> view.value())));
                assertThatThrownBy(() -> store.commit(removal)).isInstanceOf(ConflictException.class);
            }
            store.commit(tenants.remains("acme"));
            assertThat(stored.list("/acme/", "", 0).entries()).isEmpty();
        }
    }

    private static Operation namespace(String tenant, String name) {
        var object = Json.object();
        object.putObject("metadata").put("name", name);
        return new Operation.Put(new ObjectKey(tenant, "", "namespaces", "", name).text(), Operation.ABSENT, StoredForm.encoder(object));
    }

    private static Operation tenant(String key, String name) {
        var object = Json.object();
        object.put("apiVersion", "hypernetes.io/v1");
        object.put("kind", "Tenant");
        object.putObject("metadata").put("name", name);
        return new Operation.Put(key, Operation.ABSENT, StoredForm.encoder(object));
    }

    private static Tenants tenants(Store store, TenantAuthorities authorities) {
        var kinds = Kinds.load();
        var basics = new NamespaceBasics(store, kinds, "PEM", _ -> java.util.Optional.empty(), java.time.Clock.systemUTC());
        var range = AddressRange.parse("10.96.0.0/12");
        var services = new StoredAllocations(store, range, new Random(1), java.time.Clock.systemUTC());
        var layered = layered(store);
        var base = new BaseServices(kinds, services, range);
        return new Tenants(
                layered, kinds, authorities, basics, base, new ServiceKeeper(layered, base, java.time.Clock.systemUTC()), new Segments(store, new Random(2)));
    }

    private static LayeredStore layered(Store store) {
        return store instanceof LayeredStore layered ? layered : new LayeredStore(store, BaseRoles.layer());
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
