package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class SharedObjectsTest {
    private static ConfigMap configMap(String value) {
        return new ConfigMapBuilder().withNewMetadata().withName("a").withNamespace("default").endMetadata().addToData("key", value).build();
    }

    private static Informer<ConfigMap> informer(Client client) throws InterruptedException {
        Informer<ConfigMap> informer = new Informer<>(client, Kind.CONFIG_MAP, Scope.everywhere(), Selection.everything()).start();
        assertThat(informer.awaitSynced(Duration.ofSeconds(10))).isTrue();
        return informer;
    }

    @Test
    void twoCachesOfOneProcessHoldOneObject() throws Exception {
        ObjectKey key = new ObjectKey("red", "default", "a");
        SharedObjects shared = new SharedObjects();
        try (FakeApi api = new FakeApi();
                Client one = new Client(api.uri(), null, "one", shared);
                Client two = new Client(api.uri(), null, "two", shared);
                Client stranger = api.client()) {
            one.of(Kind.CONFIG_MAP).create("red", configMap("1"));
            try (Informer<ConfigMap> first = informer(one);
                    Informer<ConfigMap> second = informer(two);
                    Informer<ConfigMap> third = informer(stranger)) {
                assertThat(second.get(key)).containsSame(first.get(key).orElseThrow());
                assertThat(third.get(key).orElseThrow()).isNotSameAs(first.get(key).orElseThrow());
                one.of(Kind.CONFIG_MAP).change(key, null, now -> now.edit().addToData("key", "2").build());
                for (Informer<ConfigMap> each : List.of(first, second)) {
                    Awaitility.await().until(() -> each.get(key).orElseThrow().getData().get("key").equals("2"));
                }
                assertThat(second.get(key)).containsSame(first.get(key).orElseThrow());
                first.close();
                one.of(Kind.CONFIG_MAP).change(key, null, now -> now.edit().addToData("key", "3").build());
                Awaitility.await().until(() -> second.get(key).orElseThrow().getData().get("key").equals("3"));
                assertThat(first.get(key).orElseThrow().getData()).containsEntry("key", "2");
            }
        }
    }

    @Test
    void whatComesByWatchIsMadeOnceForBoth() throws Exception {
        SharedObjects shared = new SharedObjects();
        AtomicInteger made = new AtomicInteger();
        Consumer<ConfigMap> trim = map -> made.incrementAndGet();
        try (FakeApi api = new FakeApi();
                Client one = new Client(api.uri(), null, "one", shared);
                Client two = new Client(api.uri(), null, "two", shared);
                Informer<ConfigMap> first = new Informer<>(one, Kind.CONFIG_MAP, Scope.everywhere(), Selection.everything()).trimmedBy(trim).start();
                Informer<ConfigMap> second = new Informer<>(two, Kind.CONFIG_MAP, Scope.everywhere(), Selection.everything()).trimmedBy(trim).start()) {
            assertThat(first.awaitSynced(Duration.ofSeconds(10)) && second.awaitSynced(Duration.ofSeconds(10))).isTrue();
            one.of(Kind.CONFIG_MAP).create("red", configMap("0"));
            ObjectKey key = new ObjectKey("red", "default", "a");
            for (int i = 0; i < 5; i++) {
                String before = "" + i;
                String value = "" + (i + 1);
                // Whoever falls behind finds a later state with the others, and makes its own.
                for (Informer<ConfigMap> each : List.of(first, second)) {
                    Awaitility.await().until(() -> each.get(key).filter(map -> map.getData().get("key").equals(before)).isPresent());
                }
                assertThat(second.get(key)).containsSame(first.get(key).orElseThrow());
                if (i < 4) {
                    one.of(Kind.CONFIG_MAP).change(key, null, now -> now.edit().addToData("key", value).build());
                }
            }
        }
        assertThat(made).hasValue(5);
    }
}
