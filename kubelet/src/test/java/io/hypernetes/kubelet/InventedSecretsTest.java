package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Whoever has a secret for a registry, a right one or an invented one, says when pulls with credentials begin, and of what.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InventedSecretsTest extends KubeletHarness {
    private static final String LOADED = "registry.example/base:1";
    private static final ObjectKey VICTIM = new ObjectKey("blue", "default", "victim");

    @BeforeEach
    void tenants() {
        for (String name : List.of("red", "blue")) {
            GenericKubernetesResource tenant = new GenericKubernetesResource();
            tenant.setApiVersion("hypernetes.io/v1");
            tenant.setKind("Tenant");
            tenant.setMetadata(new ObjectMetaBuilder().withName(name).build());
            client.of(Kind.TENANT).create(ObjectKey.ROOT, tenant);
        }
        client.of(Kind.SECRET).create("red", new SecretBuilder()
                .withNewMetadata().withNamespace("default").withName("invented").endMetadata()
                .withType("kubernetes.io/dockerconfigjson")
                .addToData(".dockerconfigjson", Base64.getEncoder().encodeToString(
                        "{\"auths\":{\"registry.example\":{\"username\":\"u\",\"password\":\"p\"}}}".getBytes(StandardCharsets.UTF_8)))
                .build());
        cri.images.add(LOADED);
    }

    @Test
    void aPullThatFailsTakesWhatTheOperatorLoadedFromNobody() throws Exception {
        cri.pullFailure = "unauthorized";
        create(withSecret("attempt"));
        eventually("attempt", pod -> assertThat(main(pod).getState().getWaiting().getReason()).isIn("ErrImagePull", "ImagePullBackOff"));
        victimStarts();
        assertThat(notes()).isEmpty();
    }

    @Test
    void aPullThatIsBrokenOffTakesWhatTheOperatorLoadedFromNobody() throws Exception {
        cri.pullsHang = true;
        create(withSecret("attempt"));
        Awaitility.await().until(() -> cri.calls().contains("pull " + LOADED));
        client.of(Kind.POD).delete(key("attempt"), Deletion.ordinary());
        Awaitility.await().until(() -> client.of(Kind.POD).find(key("attempt")).isEmpty());
        victimStarts();
    }

    @Test
    void aPullThatSucceedsTakesWhatTheOperatorLoadedFromNobody() throws Exception {
        create(withSecret("attempt"));
        running("attempt");
        victimStarts();
    }

    /// The operator's word comes later, and counts.
    @Test
    void toHavePulledAnImageBeforeTheOperatorLoadsItTakesItFromNobody() {
        cri.images.remove(LOADED);
        create(withSecret("attempt"));
        running("attempt");
        cri.imagesForAll.add(LOADED);
        victimStarts();
    }

    private void victimStarts() {
        client.of(Kind.POD).create("blue", pod("victim").editSpec().editContainer(0).withImage(LOADED).withImagePullPolicy("Never").endContainer().endSpec().build());
        Awaitility.await().ignoreExceptions().atMost(Duration.ofSeconds(20)).untilAsserted(() ->
                assertThat(client.of(Kind.POD).get(VICTIM).getStatus().getPhase()).isEqualTo("Running"));
    }

    private List<String> notes() throws Exception {
        Path noted = folder.resolve("lib/pulled");
        if (!Files.isDirectory(noted)) {
            return List.of();
        }
        try (var files = Files.list(noted)) {
            return files.map(String::valueOf).toList();
        }
    }

    private static Pod withSecret(String name) {
        return pod(name).editSpec().addNewImagePullSecret("invented").editContainer(0).withImage(LOADED).withImagePullPolicy("Always").endContainer().endSpec().build();
    }
}
