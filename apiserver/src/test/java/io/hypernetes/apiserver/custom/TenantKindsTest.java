package io.hypernetes.apiserver.custom;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.objects.crd.SchemaSizes;
import io.hypernetes.objects.kind.Conversion;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class TenantKindsTest {
    private static final String HEAVY = TenantKinds.key("blue", "heavies.example.com");

    @TempDir
    private Path folder;

    private static void define(Store store, String plural, String established) {
        store.commit(List.of(Operation.create(TenantKinds.key("blue", plural + ".example.com"), """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"%1$s.example.com","uid":"u"},
                 "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"%1$s","singular":"one","kind":"One","listKind":"OneList"},"conversion":{"strategy":"None"},
                  "versions":[{"name":"v1beta1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}},
                   {"name":"v1","served":true,"storage":true,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.n","statusReplicasPath":".status.n"}},
                    "selectableFields":[{"jsonPath":".spec.n"}],"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"n":{"type":"integer"}}}}}}},
                   {"name":"v0","served":false,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]},
                 "status":{"storedVersions":["v1"],"acceptedNames":{"plural":"%1$s","singular":"one","kind":"One","listKind":"OneList","shortNames":["o"],"categories":["all"]},
                  "conditions":[{"type":"Established","status":"%2$s"}]}}""".formatted(plural, established).getBytes(UTF_8))));
    }

    @Test
    void whereKindsLiveIsKnownWithoutWhatIsCompiledOfThem() {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var kinds = new TenantKinds(Kinds.load(), store, (_, _) -> Conversion.RENAMING);
            define(store, "wheels", "True");
            define(store, "axles", "True");
            define(store, "later", "False");
            assertThat(kinds.own("blue")).hasSize(4);
            assertThat(kinds.types("blue")).isEqualTo(kinds.all("blue").stream().map(Kind::type).toList());
            assertThat(kinds.types("red")).isEqualTo(kinds.all("red").stream().map(Kind::type).toList());
            assertThat(kinds.types("*")).isEqualTo(kinds.all("*").stream().map(Kind::type).toList());
        }
    }

    /// In bytes, what there is room for.
    private static long room() {
        return Math.max(SchemaSizes.MOST_MEMORY, Runtime.getRuntime().maxMemory() / 16);
    }

    /// One that weighs more than there is room for.
    private static void defineHeavy(Store store) {
        define(store, "heavies", room());
    }

    /// @param weight in bytes, of what it is compiled to; it is a little more
    private static void define(Store store, String plural, long weight) {
        store.commit(List.of(Operation.create(TenantKinds.key("blue", plural + ".example.com"), """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"%1$s.example.com","uid":"u"},
                 "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"%1$s","singular":"heavy","kind":"Heavy","listKind":"HeavyList"},
                  "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-validations":[{}%2$s]}}},
                   {"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]},
                 "status":{"conditions":[{"type":"Established","status":"True"}]}}"""
                .formatted(plural, ",{}".repeat((int) (weight / 8192))).getBytes(UTF_8))));
    }

    private static Kind heavy(TenantKinds kinds, String version) {
        return Objects.requireNonNull(kinds.find("blue", "example.com", version, "heavies"));
    }

    @Test
    void whoIsAloneHasAllTheRoom() {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var compiled = new AtomicInteger();
            var kinds = new TenantKinds(Kinds.load(), store, (_, _) -> {
                compiled.incrementAndGet();
                return Conversion.RENAMING;
            });
            var plurals = List.of("ones", "twos", "threes");
            plurals.forEach(plural -> define(store, plural, room() * 3 / 10));
            for (int round = 0; round < 2; round++) {
                plurals.forEach(plural -> assertThat(kinds.find("blue", "example.com", "v1", plural)).isNotNull());
                System.gc();
            }
            assertThat(compiled).as("what was compiled, of three definitions").hasValue(3);
        }
    }

    @Test
    void whatAnybodyHoldsIsNotCompiledAgain() {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var compiled = new AtomicInteger();
            var kinds = new TenantKinds(Kinds.load(), store, (_, _) -> {
                compiled.incrementAndGet();
                return Conversion.RENAMING;
            });
            defineHeavy(store);
            var held = heavy(kinds, "v1");
            System.gc();
            assertThat(heavy(kinds, "v1")).isSameAs(held);
            assertThat(heavy(kinds, "v2").versions()).as("who holds one version holds all").contains(held);
            assertThat(compiled).hasValue(1);
            define(store, "wheels", "True");
            var wheels = Objects.requireNonNull(kinds.find("blue", "example.com", "v1", "wheels"));
            var entry = store.get(HEAVY).orElseThrow();
            store.commit(List.of(new Operation.Put(HEAVY, entry.revision(), _ -> entry.value())));
            try (var _ = kinds.ends().await("blue", held.type(), held.identity(), () -> {}); var _ = kinds.ends().await("blue", wheels.type(), wheels.identity(), () -> {})) {
                assertThat(compiled).as("who waits for the end of a definition has no use for what is compiled").hasValue(2);
            }
            assertThat(heavy(kinds, "v1")).as("its spec is what it was").isSameAs(held);
            assertThat(compiled).hasValue(2);
            var otherSpec = new String(entry.value(), UTF_8).replace("\"uid\":\"u\"", "\"uid\":\"u\",\"generation\":2").replace("\"Namespaced\"", "\"Cluster\"");
            store.commit(List.of(Operation.put(HEAVY, otherSpec.getBytes(UTF_8))));
            var changed = heavy(kinds, "v1");
            assertThat(changed).isNotSameAs(held);
            var deleted = otherSpec.replace("\"generation\":2", "\"generation\":3,\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"");
            store.commit(List.of(Operation.put(HEAVY, deleted.getBytes(UTF_8))));
            assertThat(heavy(kinds, "v1")).as("so it is while it is deleted").isSameAs(changed);
            assertThat(changed.identity()).isNotEqualTo(held.identity());
            assertThat(compiled).hasValue(3);
        }
    }

    @Test
    @Timeout(60)
    void aDefinitionIsCompiledByOneForAllWhoWait() throws Exception {
        try (var store = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var compiling = new AtomicInteger();
            var mayGoOn = new CountDownLatch(1);
            var kinds = new TenantKinds(Kinds.load(), store, (_, _) -> {
                compiling.incrementAndGet();
                try {
                    mayGoOn.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return Conversion.RENAMING;
            });
            defineHeavy(store);
            var found = new ConcurrentLinkedQueue<Kind>();
            var threads = Stream.generate(() -> Thread.ofPlatform().start(() -> found.add(heavy(kinds, "v1")))).limit(3).toList();
            for (var thread : threads) {
                while (thread.getState() != Thread.State.WAITING) {
                    Thread.onSpinWait();
                }
            }
            mayGoOn.countDown();
            for (var thread : threads) {
                thread.join();
            }
            assertThat(compiling).hasValue(1);
            assertThat(found).hasSize(3).allMatch(each -> each == found.peek());
        }
    }
}
