package io.hypernetes.controllers.garbage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionBuilder;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.client.Resources;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// An owner that waits until all that it owns is gone.
class ForegroundTest {
    private static final int DEPENDENTS = 200;
    private static final int RELEASED = 50;

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final Informers informers = new Informers(client);
    private final EventRecorder events = new EventRecorder(client, "garbage-collector", null, InstantSource.system());
    private final GarbageCollector collector = new GarbageCollector(client, informers, events).start();

    @AfterEach
    void stop() {
        collector.close();
        events.close();
        informers.close();
        client.close();
        api.close();
    }

    private static ObjectKey key(String name) {
        return new ObjectKey("red", "default", name);
    }

    private Resources<ConfigMap> maps() {
        return client.of(Kind.CONFIG_MAP);
    }

    private void release(String name) {
        maps().change(key(name), null, current -> {
            current.getMetadata().setFinalizers(List.of());
            return current;
        });
    }

    private long readsOfDependents() {
        return api.requests().stream().filter(request -> request.startsWith("GET ") && request.contains("/configmaps/d")).count();
    }

    /// Else each that goes has all that are left looked at once more, for one tenant's pleasure at the cost of all.
    @Test
    void whatGoesHasNothingLookedAtThatIsGoingAlready() {
        ConfigMap owner = maps().create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName("owner").withFinalizers("foregroundDeletion").endMetadata().build());
        OwnerReference reference = new OwnerReferenceBuilder().withApiVersion("v1").withKind("ConfigMap").withName("owner").withUid(owner.getMetadata().getUid())
                .withBlockOwnerDeletion(true).build();
        for (int i = 0; i < DEPENDENTS; i++) {
            maps().create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName("d" + i).withFinalizers("example.com/held").withOwnerReferences(reference).endMetadata().build());
        }
        maps().delete(key("owner"), Deletion.ordinary());
        for (int i = 0; i < DEPENDENTS; i++) {
            ObjectKey dependent = key("d" + i);
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(maps().get(dependent).getMetadata().getDeletionTimestamp()).isNotNull());
        }
        long before = readsOfDependents();
        for (int i = 0; i < RELEASED; i++) {
            release("d" + i);
            ObjectKey dependent = key("d" + i);
            // So long that who waits has heard of it and looked.
            await().atMost(Duration.ofSeconds(30)).until(() -> maps().find(dependent).isEmpty());
        }
        assertThat(maps().find(key("owner"))).isPresent();
        for (int i = RELEASED; i < DEPENDENTS; i++) {
            release("d" + i);
        }
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(maps().find(key("owner"))).isEmpty());
        // What this test reads itself is three times that at most.
        assertThat(readsOfDependents() - before).isLessThan(10 * DEPENDENTS);
    }

    /// And one that blocks it no longer lets it go at once.
    @Test
    void whoIsLetGoOfByTheLastThatBlockedGoes() {
        ConfigMap owner = maps().create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName("owner").withFinalizers("foregroundDeletion").endMetadata().build());
        OwnerReference reference = new OwnerReferenceBuilder().withApiVersion("v1").withKind("ConfigMap").withName("owner").withUid(owner.getMetadata().getUid())
                .withBlockOwnerDeletion(true).build();
        for (String name : List.of("d1", "d2")) {
            maps().create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName(name).withFinalizers("example.com/held").withOwnerReferences(reference).endMetadata().build());
        }
        maps().delete(key("owner"), Deletion.ordinary());
        await().untilAsserted(() -> assertThat(maps().get(key("d2")).getMetadata().getDeletionTimestamp()).isNotNull());
        for (String name : List.of("d1", "d2")) {
            assertThat(maps().find(key("owner"))).isPresent();
            maps().change(key(name), null, current -> {
                current.getMetadata().getOwnerReferences().getFirst().setBlockOwnerDeletion(false);
                return current;
            });
        }
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(maps().find(key("owner"))).isEmpty());
    }

    /// Of a kind that nobody follows any more no object is heard of, whether it is there or not.
    @Test
    void whoIsBlockedByAKindThatIsNotFollowedAnyMoreGoes() {
        Kind<GenericKubernetesResource> things = Kind.generic("example.com", "v1", "things", "Thing", true);
        ConfigMap owner = maps().create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("default").withName("owner").withFinalizers("foregroundDeletion").endMetadata().build());
        OwnerReference reference = new OwnerReferenceBuilder().withApiVersion("v1").withKind("ConfigMap").withName("owner").withUid(owner.getMetadata().getUid())
                .withBlockOwnerDeletion(true).build();
        GenericKubernetesResource thing = new GenericKubernetesResource();
        thing.setApiVersion("example.com/v1");
        thing.setKind("Thing");
        thing.setMetadata(new ObjectMetaBuilder().withNamespace("default").withName("d1").withFinalizers("example.com/held").withOwnerReferences(reference).build());
        client.of(things).create("red", thing);
        client.of(Kind.CUSTOM_RESOURCE_DEFINITION).create("red", new CustomResourceDefinitionBuilder()
                .withNewMetadata().withName("things.example.com").endMetadata()
                .withNewSpec().withGroup("example.com").withScope("Namespaced").withNewNames().withPlural("things").withKind("Thing").endNames()
                .addNewVersion().withName("v1").withServed(true).withStorage(true).endVersion().endSpec()
                .withNewStatus().addNewCondition().withType("Established").withStatus("True").endCondition().endStatus().build());
        // That it has heard of the thing, which it lists before.
        await().atMost(Duration.ofSeconds(30)).until(() -> api.requests().stream().anyMatch(request -> request.contains("/things") && request.contains("watch=")));
        maps().delete(key("owner"), Deletion.ordinary());
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(client.of(things).get(key("d1")).getMetadata().getDeletionTimestamp()).isNotNull());
        assertThat(maps().find(key("owner"))).isPresent();
        client.of(Kind.CUSTOM_RESOURCE_DEFINITION).delete(new ObjectKey("red", "", "things.example.com"), Deletion.ordinary());
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(maps().find(key("owner"))).isEmpty());
    }
}
