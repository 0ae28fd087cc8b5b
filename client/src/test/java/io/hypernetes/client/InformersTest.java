package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.PartialObjectMetadata;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class InformersTest {
    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final Informers informers = new Informers(client);

    private static Informer.Handler<ConfigMap> teller(Queue<String> heard) {
        return new Informer.Handler<>() {
            @Override
            public void added(ConfigMap map) {
                heard.add("+" + map.getMetadata().getName());
            }

            @Override
            public void updated(ConfigMap before, ConfigMap now) {
                heard.add("*" + now.getMetadata().getName());
            }

            @Override
            public void deleted(ConfigMap last) {
                heard.add("-" + last.getMetadata().getName());
            }
        };
    }

    @Test
    void whoeverAsksForTheSameGetsTheSameAndAllHear() throws Exception {
        Informer<ConfigMap> one = informers.of(Kind.CONFIG_MAP, Scope.everywhere());
        Queue<String> first = new ConcurrentLinkedQueue<>();
        Queue<String> second = new ConcurrentLinkedQueue<>();
        one.handler(teller(first));
        informers.of(Kind.CONFIG_MAP, Scope.everywhere()).handler(teller(second));
        assertThat(informers.of(Kind.CONFIG_MAP, Scope.everywhere())).isSameAs(one);
        assertThat(informers.of(Kind.CONFIG_MAP, Scope.tenant("red"))).isNotSameAs(one);
        try (client; api; informers) {
            informers.start();
            assertThat(one.awaitSynced(Duration.ofSeconds(10))).isTrue();
            client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withName("a").withNamespace("default").endMetadata().build());
            ObjectKey key = new ObjectKey("red", "default", "a");
            client.of(Kind.CONFIG_MAP).change(key, null, now -> now.edit().addToData("key", "2").build());
            client.of(Kind.CONFIG_MAP).delete(key, Deletion.ordinary());
            Awaitility.await().untilAsserted(() -> assertThat(second).containsExactly("+a", "*a", "-a"));
            assertThat(first).containsExactly("+a", "*a", "-a");
        }
    }

    @Test
    void objectsWithTheSameLabelsShareThem() throws Exception {
        Informer<ConfigMap> maps = informers.of(Kind.CONFIG_MAP, Scope.everywhere());
        try (client; api; informers) {
            informers.start();
            for (String name : new String[] {"a", "b", "other"}) {
                client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withName(name).withNamespace("default")
                        .addToLabels("app", name.equals("other") ? "db" : "web").endMetadata().build());
            }
            Awaitility.await().until(() -> maps.list().size() == 3);
            assertThat(labels(maps, "other")).isEqualTo(Map.of("app", "db"));
            assertThat(labels(maps, "b")).isEqualTo(Map.of("app", "web")).isSameAs(labels(maps, "a"));
        }
    }

    private static Map<String, String> labels(Informer<ConfigMap> maps, String name) {
        return maps.get(new ObjectKey("red", "default", name)).orElseThrow().getMetadata().getLabels();
    }

    @Test
    void aHandlerThatFailsKeepsNothingFromTheOthers() throws Exception {
        Queue<String> heard = new ConcurrentLinkedQueue<>();
        Informer<ConfigMap> maps = informers.of(Kind.CONFIG_MAP, Scope.everywhere());
        maps.handler(new Informer.Handler<ConfigMap>() {
            @Override
            public void added(ConfigMap map) {
                throw new IllegalStateException("a fault of this handler");
            }

            @Override
            public void updated(ConfigMap before, ConfigMap now) {
                throw new IllegalStateException("a fault of this handler");
            }

            @Override
            public void deleted(ConfigMap last) {
                throw new IllegalStateException("a fault of this handler");
            }
        });
        maps.handler(teller(heard));
        try (client; api; informers) {
            informers.start();
            ObjectKey key = new ObjectKey("red", "default", "a");
            client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withName("a").withNamespace("default").endMetadata().build());
            Awaitility.await().until(() -> maps.get(key).isPresent());
            client.of(Kind.CONFIG_MAP).delete(key, Deletion.ordinary());
            Awaitility.await().untilAsserted(() -> assertThat(heard).containsExactly("+a", "-a"));
        }
    }

    /// Or who has the place of one that is gone would be judged beside it.
    @Test
    void whatWentUnseenIsToldBeforeWhatCame() throws Exception {
        Informer<ConfigMap> maps = informers.of(Kind.CONFIG_MAP, Scope.everywhere());
        Queue<String> heard = new ConcurrentLinkedQueue<>();
        maps.handler(teller(heard));
        try (client; api; informers) {
            for (String name : new String[] {"b", "c", "d", "z"}) {
                create(name);
            }
            informers.start();
            assertThat(maps.awaitSynced(Duration.ofSeconds(10))).isTrue();
            heard.clear();
            AtomicBoolean once = new AtomicBoolean();
            api.beforeAnswers(request -> {
                // The list behind the compaction, while nobody watches.
                if (request.contains("/configmaps") && request.startsWith("GET") && !request.contains("watch=") && once.compareAndSet(false, true)) {
                    api.remove(Kind.CONFIG_MAP, new ObjectKey("red", "default", "b"));
                    api.remove(Kind.CONFIG_MAP, new ObjectKey("red", "default", "z"));
                    create("a");
                    create("b");
                    client.of(Kind.CONFIG_MAP).change(new ObjectKey("red", "default", "c"), null, now -> now.edit().addToData("key", "2").build());
                }
            });
            // Something of which the informer knows nothing, so that what it knows is too old.
            client.of(Kind.SECRET).create("red", new SecretBuilder().withNewMetadata().withName("any").withNamespace("default").endMetadata().build());
            api.compact();
            Awaitility.await().untilAsserted(() -> assertThat(heard).hasSize(5));
            assertThat(heard.stream().limit(2)).containsExactlyInAnyOrder("-b", "-z");
            assertThat(heard.stream().skip(2)).containsExactlyInAnyOrder("+a", "+b", "*c");
            assertThat(maps.list()).hasSize(4);
        }
    }

    private void create(String name) {
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withName(name).withNamespace("default").endMetadata().build());
    }

    @Test
    void whatSomebodyAskedForIsKnownWhateverItIsReadAs() {
        Kind<PartialObjectMetadata> metadata = Kind.metadata("", "v1", "configmaps", "ConfigMap", true);
        assertThat(informers.known(metadata, Scope.everywhere())).isEmpty();
        Informer<ConfigMap> one = informers.of(Kind.CONFIG_MAP, Scope.everywhere());
        assertThat(informers.known(metadata, Scope.everywhere())).get().isSameAs(one);
        assertThat(informers.known(metadata, Scope.tenant("red"))).isEmpty();
        client.close();
        api.close();
    }
}
