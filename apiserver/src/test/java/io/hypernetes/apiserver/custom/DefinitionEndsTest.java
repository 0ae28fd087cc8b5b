package io.hypernetes.apiserver.custom;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.objects.kind.Conversion;
import io.hypernetes.objects.kind.Kind;
import io.hypernetes.objects.kind.Kinds;
import io.hypernetes.store.Change;
import io.hypernetes.store.Entry;
import io.hypernetes.store.Operation;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class DefinitionEndsTest {
    @TempDir
    private Path folder;

    private volatile boolean slow;
    private volatile boolean broken;
    /// At what blue has defined.
    private final AtomicInteger looks = new AtomicInteger();
    private final CountDownLatch mayGoOn = new CountDownLatch(1);

    private static String key(String tenant) {
        return TenantKinds.key(tenant, "wheels.example.com");
    }

    /// A store in which it takes long to look at what blue has defined, while [#slow].
    private Store lookedAtSlowly(Store store) {
        return (Store) Proxy.newProxyInstance(Store.class.getClassLoader(), new Class<?>[] {Store.class}, (_, method, arguments) -> {
            if (method.getName().equals("get") && arguments[0].equals(key("blue"))) {
                looks.incrementAndGet();
                if (broken) {
                    throw new IllegalStateException("the store is broken");
                }
            }
            if (slow && method.getName().equals("get") && arguments[0].equals(key("blue"))) {
                mayGoOn.await();
            }
            try {
                return method.invoke(store, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    private static Kind defined(Store store, TenantKinds kinds, String tenant) {
        store.commit(List.of(Operation.create(key(tenant), """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"wheels.example.com","uid":"u"},
                 "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"wheels","singular":"wheel","kind":"Wheel","listKind":"WheelList"},
                  "conversion":{"strategy":"None"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]},
                 "status":{"storedVersions":["v1"],"acceptedNames":{"plural":"wheels","singular":"wheel","kind":"Wheel","listKind":"WheelList"},
                  "conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}}""".getBytes(UTF_8))));
        return Objects.requireNonNull(kinds.find(tenant, "example.com", "v1", "wheels"));
    }

    private static Change gone(String tenant) {
        return new Change(new Entry(key(tenant), "{}".getBytes(UTF_8), 1, 2), null, true);
    }

    @Test
    @Timeout(60)
    void aTenantWhoseDefinitionsAreSlowToReadKeepsNobodyWaiting() throws Exception {
        try (var embedded = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var store = lookedAtSlowly(embedded);
            var kinds = new TenantKinds(Kinds.load(), store, (_, _) -> Conversion.RENAMING);
            var ends = kinds.ends();
            var blueEnded = new CountDownLatch(1);
            var greenEnded = new CountDownLatch(1);
            var wheels = defined(store, kinds, "blue");
            var others = defined(store, kinds, "green");
            try (var blue = ends.await("blue", wheels.type(), wheels.identity(), blueEnded::countDown);
                    var green = ends.await("green", others.type(), others.identity(), greenEnded::countDown)) {
                assertThat(blue).isNotSameAs(green);
                for (var tenant : List.of("blue", "green")) {
                    store.commit(List.of(Operation.delete(key(tenant))));
                }
                slow = true;
                ends.changed(gone("blue"));
                ends.refresh();
                ends.changed(gone("green"));
                assertThat(greenEnded.await(30, TimeUnit.SECONDS)).isTrue();
                assertThat(blueEnded.getCount()).isEqualTo(1);
                mayGoOn.countDown();
                assertThat(blueEnded.await(30, TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    @Test
    @Timeout(60)
    void aVersionIsLookedAtOnceForAllWhoWaitAndForNobodyWhoWasRefused() throws Exception {
        try (var embedded = EmbeddedStore.open(folder, EmbeddedSettings.defaults())) {
            var store = lookedAtSlowly(embedded);
            var kinds = new TenantKinds(Kinds.load(), store, (_, _) -> Conversion.RENAMING);
            var ends = kinds.ends();
            var wheels = defined(store, kinds, "blue");
            var refused = new AtomicInteger();
            broken = true;
            assertThatThrownBy(() -> ends.await("blue", wheels.type(), wheels.identity(), refused::incrementAndGet)).hasMessage("the store is broken");
            broken = false;
            var ended = new CountDownLatch(2);
            var again = new CountDownLatch(4);
            Runnable count = () -> {
                ended.countDown();
                again.countDown();
            };
            try (var one = ends.await("blue", wheels.type(), wheels.identity(), count);
                    var other = ends.await("blue", wheels.type(), wheels.identity(), count)) {
                assertThat(one).isNotSameAs(other);
                store.commit(List.of(Operation.delete(key("blue"))));
                looks.set(0);
                ends.changed(gone("blue"));
                assertThat(ended.await(30, TimeUnit.SECONDS)).isTrue();
                int looked = looks.get();
                // When all were told again, all were the first time.
                ends.changed(gone("blue"));
                assertThat(again.await(30, TimeUnit.SECONDS)).isTrue();
                assertThat(List.of(looked, refused.get())).as("looks for two who wait, and what one was told who was refused").containsExactly(1, 0);
            }
        }
    }
}
