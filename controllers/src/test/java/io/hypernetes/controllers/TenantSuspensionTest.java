package io.hypernetes.controllers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Pods of tenants that are suspended.
class TenantSuspensionTest extends RunningControllers {
    private void tenant(String name, boolean suspended) {
        GenericKubernetesResource tenant = new GenericKubernetesResource();
        tenant.setApiVersion(Kind.TENANT.apiVersion());
        tenant.setKind(Kind.TENANT.kind());
        tenant.setMetadata(new ObjectMetaBuilder().withName(name).build());
        tenant.setAdditionalProperty("spec", Map.of("suspended", suspended));
        client.of(Kind.TENANT).create("root", tenant);
    }

    private void suspend(String name, boolean suspended) {
        client.of(Kind.TENANT).change(ObjectKey.root(name), null, current -> {
            current.setAdditionalProperty("spec", Map.of("suspended", suspended));
            return current;
        });
    }

    private String phase(String name) {
        return client.of(Kind.TENANT).get(ObjectKey.root(name)).getAdditionalProperties().get("status") instanceof Map<?, ?> status
                ? String.valueOf(status.get("phase"))
                : "";
    }

    private String marks(String tenant) {
        Map<String, String> annotations = client.of(Kind.POD).get(new ObjectKey(tenant, "x", "p")).getMetadata().getAnnotations();
        return annotations == null ? null : annotations.get("hypernetes.io/suspended");
    }

    @Test
    void podsOfASuspendedTenantAreMarkedUntilItIsResumed() {
        tenant("red", false);
        tenant("blue", false);
        for (String tenant : List.of("red", "blue")) {
            client.of(Kind.POD).create(tenant, new PodBuilder().withNewMetadata().withNamespace("x").withName("p").endMetadata()
                    .withNewSpec().addNewContainer().withName("c").withImage("i").endContainer().endSpec().build());
        }
        suspend("red", true);
        await().untilAsserted(() -> {
            assertThat(marks("red")).isNotNull();
            assertThat(phase("red")).isEqualTo("Suspended");
        });
        assertThat(marks("blue")).isNull();
        suspend("red", false);
        await().untilAsserted(() -> {
            assertThat(marks("red")).isNull();
            assertThat(phase("red")).isEqualTo("Active");
        });
    }
}
