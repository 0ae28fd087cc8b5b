package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.NamespaceStatusBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionBuilder;
import io.hypernetes.client.ApiException;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Informers;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What empties namespaces and tenants, looked at one pass at a time.
class DeletionsTest {
    private static final Kind<GenericKubernetesResource> THING = Kind.generic("example.com", "v2", "things", "Thing", false);
    private static final ObjectKey RED = ObjectKey.root("red");

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private final Informers informers = new Informers(client);
    private final Caches caches = Caches.of(informers);
    private final NamespaceDeletion namespaces = new NamespaceDeletion(client, InstantSource.system());
    private final TenantDeletion tenants = new TenantDeletion(client, InstantSource.system());
    private final BlockingQueue<ObjectKey> woken = new LinkedBlockingQueue<>();

    @BeforeEach
    void start() throws InterruptedException {
        Caches view = caches.view();
        namespaces.watch(view, woken::add);
        tenants.watch(view, woken::add);
        informers.start();
        assertThat(view.awaitSynced(Duration.ofSeconds(20))).isTrue();
    }

    @AfterEach
    void stop() {
        informers.close();
        client.close();
        api.close();
    }

    private ObjectKey next() throws InterruptedException {
        return woken.poll(20, TimeUnit.SECONDS);
    }

    private void namespace(String name) {
        client.of(Kind.NAMESPACE).create("red", new NamespaceBuilder().withNewMetadata().withName(name).endMetadata()
                .withNewSpec().withFinalizers("kubernetes").endSpec().build());
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withNamespace(name).withName("m").endMetadata().build());
    }

    private static GenericKubernetesResource object(Kind<?> kind, String name, String... finalizers) {
        GenericKubernetesResource object = new GenericKubernetesResource();
        object.setApiVersion(kind.apiVersion());
        object.setKind(kind.kind());
        object.setMetadata(new ObjectMetaBuilder().withName(name).withFinalizers(finalizers).build());
        return object;
    }

    private void deletedTenant() throws InterruptedException {
        client.of(Kind.TENANT).create("root", object(Kind.TENANT, "red", "hypernetes.io/tenant"));
        client.of(Kind.TENANT).delete(RED, Deletion.ordinary());
        assertThat(next()).isEqualTo(RED);
    }

    private String told() {
        return String.valueOf(client.of(Kind.TENANT).get(RED).getAdditionalProperties().get("status"));
    }

    /// Else a webhook that says something new each time it refuses would be asked again at once, whatever the pauses after failures.
    @Test
    void aNamespaceIsLookedAtOnceItIsDeletedAndNotWhenSomethingIsSaidOfIt() throws Exception {
        ObjectKey x = new ObjectKey("red", "", "x"), y = new ObjectKey("red", "", "y");
        namespace("x");
        client.of(Kind.NAMESPACE).delete(x, Deletion.ordinary());
        client.of(Kind.NAMESPACE).change(x, "status", current -> {
            current.setStatus(new NamespaceStatusBuilder().withPhase("Terminating").addNewCondition().withType("NamespaceDeletionContentFailure").withMessage("refused 1").endCondition().build());
            return current;
        });
        // What is told of it comes behind all that could be told of the other.
        namespace("y");
        client.of(Kind.NAMESPACE).delete(y, Deletion.ordinary());
        assertThat(next()).isEqualTo(x);
        assertThat(next()).isEqualTo(y);
    }

    @Test
    void aTenantIsLookedAtOnceItIsDeletedAndNotWhenSomethingIsSaidOfIt() throws Exception {
        deletedTenant();
        client.of(Kind.TENANT).change(RED, "status", current -> {
            current.setAdditionalProperty("status", Map.of("phase", "Terminating"));
            return current;
        });
        client.of(Kind.TENANT).create("root", object(Kind.TENANT, "blue", "hypernetes.io/tenant"));
        client.of(Kind.TENANT).delete(ObjectKey.root("blue"), Deletion.ordinary());
        assertThat(next()).isEqualTo(ObjectKey.root("blue"));
    }

    @Test
    void aNamespaceThatCannotBeEmptiedHoldsBackNoOtherOfItsTenantAndIsTold() throws Exception {
        namespace("a");
        namespace("b");
        deletedTenant();
        api.failNext("DELETE /tenants/red/api/v1/namespaces/a/configmaps", 500, Integer.MAX_VALUE);
        assertThatThrownBy(() -> tenants.reconcile(RED)).isInstanceOf(ApiException.class).hasMessageContaining("made to fail");
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("red", "a", "m"))).isPresent();
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("red", "b", "m"))).isEmpty();
        assertThat(told()).contains("reason=ContentDeletionFailed").contains("left: 1 configmaps; Failed to delete all resource types, 1 remaining: made to fail");
        api.failNext("DELETE /tenants/red/api/v1/namespaces/a/configmaps", 500, 0);
        assertThat(tenants.reconcile(RED)).isEmpty();
        assertThat(client.of(Kind.TENANT).find(RED)).isEmpty();
    }

    /// As objects whose conversion webhook ran in the tenant that goes.
    @Test
    void ownObjectsOfATenantThatCannotBeListedAreDeletedAllTheSame() throws Exception {
        things();
        client.of(THING).create("red", object(THING, "t"));
        deletedTenant();
        String list = "GET /tenants/red/apis/example.com/v2/things";
        api.failNext(list, 500, Integer.MAX_VALUE);
        assertThatThrownBy(() -> tenants.reconcile(RED)).isInstanceOf(ApiException.class);
        assertThat(told()).contains("Failed to delete all resource types, 1 remaining: made to fail");
        client.of(THING).create("red", object(THING, "u"));
        api.beforeAnswers(request -> {
            if (request.startsWith("DELETE /tenants/red/apis/example.com/v2/things")) {
                api.failNext(list, 500, 0);
            }
        });
        assertThat(tenants.reconcile(RED)).isEmpty();
        assertThat(client.of(THING).find(new ObjectKey("red", "", "u"))).isEmpty();
        assertThat(client.of(Kind.TENANT).find(RED)).isEmpty();
    }

    @Test
    void anObjectWhoseDeletionIsRefusedHoldsBackNoOtherOfItsKind() throws Exception {
        things();
        client.of(THING).create("red", object(THING, "a", "example.com/held"));
        client.of(THING).create("red", object(THING, "b", "example.com/held"));
        deletedTenant();
        api.failNext("DELETE /tenants/red/apis/example.com/v2/things/a", 403, Integer.MAX_VALUE);
        assertThatThrownBy(() -> tenants.reconcile(RED)).isInstanceOf(ApiException.class).hasMessageContaining("made to fail");
        assertThat(client.of(THING).get(new ObjectKey("red", "", "a")).getMetadata().getDeletionTimestamp()).isNull();
        assertThat(client.of(THING).get(new ObjectKey("red", "", "b")).getMetadata().getDeletionTimestamp()).isNotNull();
        assertThat(told()).contains("left: 2 things.example.com");
    }

    private void things() {
        client.of(Kind.CUSTOM_RESOURCE_DEFINITION).create("red", new CustomResourceDefinitionBuilder()
                .withNewMetadata().withName("things.example.com").endMetadata()
                .withNewSpec().withGroup("example.com").withScope("Cluster").withNewNames().withPlural("things").withKind("Thing").endNames()
                .addNewVersion().withName("v1").withServed(true).withStorage(false).endVersion()
                .addNewVersion().withName("v2").withServed(true).withStorage(true).endVersion().endSpec()
                .withNewStatus().addNewCondition().withType("Established").withStatus("True").endCondition().endStatus().build());
    }
}
