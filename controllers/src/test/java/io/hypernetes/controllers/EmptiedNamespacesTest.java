package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Namespaces and tenants that are deleted with all that is in them.
class EmptiedNamespacesTest extends RunningControllers {
    private static final Kind<GenericKubernetesResource> WEBHOOKS =
            Kind.generic("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", false);

    private static final Kind<GenericKubernetesResource> CLUSTER_ROLE = Kind.generic("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false);

    private static GenericKubernetesResource clusterRole(String name, String... finalizers) {
        GenericKubernetesResource role = new GenericKubernetesResource();
        role.setApiVersion("rbac.authorization.k8s.io/v1");
        role.setKind("ClusterRole");
        role.setMetadata(new ObjectMetaBuilder().withName(name).withFinalizers(finalizers).build());
        return role;
    }

    @Test
    void aDeletedNamespaceIsEmptiedAndGoesAndNoOtherTenantIsTouched() {
        for (String tenant : List.of("red", "blue")) {
            client.of(Kind.NAMESPACE).create(tenant, new NamespaceBuilder().withNewMetadata().withName("x").endMetadata()
                    .withNewSpec().withFinalizers("kubernetes").endSpec().build());
            client.of(Kind.CONFIG_MAP).create(tenant, new ConfigMapBuilder().withNewMetadata().withNamespace("x").withName("m").endMetadata().build());
        }
        client.of(Kind.NAMESPACE).delete(new ObjectKey("red", "", "x"), Deletion.ordinary());
        await().untilAsserted(() -> assertThat(client.of(Kind.NAMESPACE).find(new ObjectKey("red", "", "x"))).isEmpty());
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("red", "x", "m"))).isEmpty();
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("blue", "x", "m"))).isPresent();
    }

    /// Such as by a webhook that went with the namespace.
    @Test
    void aNamespaceSaysWhatCannotBeDeletedAndTheRestGoes() {
        client.of(Kind.NAMESPACE).create("red", new NamespaceBuilder().withNewMetadata().withName("z").endMetadata()
                .withNewSpec().withFinalizers("kubernetes").endSpec().build());
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("z").withName("m").endMetadata().build());
        client.of(Kind.SECRET).create("red", new SecretBuilder().withNewMetadata().withNamespace("z").withName("s").endMetadata().build());
        api.failNext("namespaces/z/configmaps", 500, Integer.MAX_VALUE);
        client.of(Kind.NAMESPACE).delete(new ObjectKey("red", "", "z"), Deletion.ordinary());
        await().ignoreExceptions().untilAsserted(() -> assertThat(client.of(Kind.NAMESPACE).get(new ObjectKey("red", "", "z")).getStatus().getConditions())
                .anySatisfy(condition -> {
                    assertThat(condition.getType()).isEqualTo("NamespaceDeletionContentFailure");
                    assertThat(condition.getStatus()).isEqualTo("True");
                    assertThat(condition.getReason()).isEqualTo("ContentDeletionFailed");
                    assertThat(condition.getMessage()).isEqualTo("Failed to delete all resource types, 1 remaining: made to fail");
                }));
        assertThat(client.of(Kind.SECRET).find(new ObjectKey("red", "z", "s"))).isEmpty();
        api.failNext("namespaces/z/configmaps", 500, 0);
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(client.of(Kind.NAMESPACE).find(new ObjectKey("red", "", "z"))).isEmpty());
    }

    @Test
    void aDeletedNamespaceLosesItsPodsBeforeAllElse() {
        client.of(Kind.NAMESPACE).create("red", new NamespaceBuilder().withNewMetadata().withName("y").endMetadata()
                .withNewSpec().withFinalizers("kubernetes").endSpec().build());
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("y").withName("m").endMetadata().build());
        client.of(Kind.POD).create("red", new io.fabric8.kubernetes.api.model.PodBuilder().withNewMetadata().withNamespace("y").withName("p").withFinalizers("example.com/held").endMetadata()
                .withNewSpec().addNewContainer().withName("c").withImage("a").endContainer().endSpec().build());
        client.of(Kind.NAMESPACE).delete(new ObjectKey("red", "", "y"), Deletion.ordinary());
        await().ignoreExceptions().untilAsserted(() -> assertThat(client.of(Kind.NAMESPACE).get(new ObjectKey("red", "", "y")).getStatus().getConditions())
                .anySatisfy(condition -> assertThat(condition.getMessage()).isEqualTo("Some content in the namespace has finalizers remaining: example.com/held in 1 resource instances")));
        assertThat(client.of(Kind.POD).get(new ObjectKey("red", "y", "p")).getMetadata().getDeletionTimestamp()).isNotNull();
        assertThat(client.of(Kind.CONFIG_MAP).get(new ObjectKey("red", "y", "m")).getMetadata().getDeletionTimestamp()).isNull();
        client.of(Kind.POD).change(new ObjectKey("red", "y", "p"), null, pod -> {
            pod.getMetadata().setFinalizers(java.util.List.of());
            return pod;
        });
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(client.of(Kind.NAMESPACE).find(new ObjectKey("red", "", "y"))).isEmpty());
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("red", "y", "m"))).isEmpty();
    }

    @Test
    void aDeletedTenantIsEmptiedAndGoes() {
        GenericKubernetesResource tenant = new GenericKubernetesResource();
        tenant.setApiVersion("hypernetes.io/v1");
        tenant.setKind("Tenant");
        tenant.setMetadata(new ObjectMetaBuilder().withName("red").withFinalizers("hypernetes.io/tenant").build());
        client.of(Kind.TENANT).create("root", tenant);
        client.of(Kind.NAMESPACE).create("red", new NamespaceBuilder().withNewMetadata().withName("x").endMetadata().build());
        client.of(Kind.CONFIG_MAP).create("red", new ConfigMapBuilder().withNewMetadata().withNamespace("x").withName("m").endMetadata().build());
        // Outside of namespaces: one that somebody has to let go, and one that nobody minds.
        client.of(CLUSTER_ROLE).create("red", clusterRole("held", "example.com/cleanup"));
        client.of(CLUSTER_ROLE).create("red", clusterRole("free"));
        // What might refuse that anything goes: it has no say in that, nor whoever holds it.
        GenericKubernetesResource webhook = clusterRole("webhook", "example.com/held");
        webhook.setApiVersion("admissionregistration.k8s.io/v1");
        webhook.setKind("ValidatingWebhookConfiguration");
        client.of(WEBHOOKS).create("red", webhook);
        api.failNext("namespaces/x/configmaps", 500, Integer.MAX_VALUE);
        client.of(Kind.TENANT).delete(ObjectKey.root("red"), Deletion.ordinary());
        await().untilAsserted(() -> assertThat(client.of(WEBHOOKS).find(new ObjectKey("red", "", "webhook"))).isEmpty());
        api.failNext("namespaces/x/configmaps", 500, 0);
        await().untilAsserted(() -> assertThat(client.of(CLUSTER_ROLE).get(new ObjectKey("red", "", "held")).getMetadata().getDeletionTimestamp()).isNotNull());
        await().untilAsserted(() -> assertThat(String.valueOf(client.of(Kind.TENANT).get(ObjectKey.root("red")).getAdditionalProperties().get("status")))
                .contains("left: 1 clusterroles.rbac.authorization.k8s.io; held by finalizers: 1 example.com/cleanup"));
        client.of(CLUSTER_ROLE).change(new ObjectKey("red", "", "held"), null, role -> {
            role.getMetadata().setFinalizers(List.of());
            return role;
        });
        await().untilAsserted(() -> assertThat(client.of(Kind.TENANT).find(ObjectKey.root("red"))).isEmpty());
        assertThat(client.of(Kind.CONFIG_MAP).find(new ObjectKey("red", "x", "m"))).isEmpty();
    }
}
