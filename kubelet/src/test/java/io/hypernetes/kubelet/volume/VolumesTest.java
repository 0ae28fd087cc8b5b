package io.hypernetes.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumesTest {
    @TempDir
    Path folder;

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final List<Sources.TokenRequest> asked = new ArrayList<>();

    private final Sources sources = new NoSources() {
        @Override
        public String token(TokenRequest request) {
            asked.add(request);
            return "token-" + asked.size();
        }
    };

    private static Pod pod(long tokenSeconds) {
        return new PodBuilder().withNewMetadata().withNamespace("default").withName("web").withUid("u1").endMetadata()
                .withNewSpec().withServiceAccountName("robot").addNewVolume().withName("access").withNewProjected().addNewSource()
                .withNewServiceAccountToken().withAudience("vault").withExpirationSeconds(tokenSeconds).withPath("token").endServiceAccountToken()
                .endSource().endProjected().endVolume().endSpec().build();
    }

    /// The token that the pod reads when its volumes are looked after at this time.
    private Path after(Volumes volumes, Pod pod, Duration time) {
        Instant then = now;
        now = then.plus(time);
        volumes.prepare("red", new PodFields(pod, List.of(), "10.0.0.1", Map.of()));
        now = then;
        return volumes.path("u1", pod.getSpec().getVolumes().getFirst()).resolve("token");
    }

    @Test
    void aTokenIsRenewedWhenFourFifthsOfItsLifeAreOver() {
        Volumes volumes = new Volumes(folder, sources, () -> now);
        Pod pod = pod(600);
        assertThat(after(volumes, pod, Duration.ZERO)).hasContent("token-1");
        assertThat(after(volumes, pod, Duration.ofSeconds(479))).hasContent("token-1");
        assertThat(after(volumes, pod, Duration.ofSeconds(480))).hasContent("token-2");
        assertThat(after(volumes, pod, Duration.ofSeconds(480 + 479))).hasContent("token-2");
        assertThat(after(volumes, pod, Duration.ofSeconds(480 + 480))).hasContent("token-3");
        assertThat(asked).hasSize(3).containsOnly(new Sources.TokenRequest("red", "default", "robot", "web", "u1", "vault", 600));
    }

    @Test
    void noTokenIsKeptForLongerThanADay() {
        Volumes volumes = new Volumes(folder, sources, () -> now);
        Pod pod = pod(Duration.ofDays(30).toSeconds());
        assertThat(after(volumes, pod, Duration.ZERO)).hasContent("token-1");
        assertThat(after(volumes, pod, Duration.ofHours(24).minusSeconds(1))).hasContent("token-1");
        assertThat(after(volumes, pod, Duration.ofHours(24))).hasContent("token-2");
    }

    @Test
    void aKeyThatIsNotThereIsToldOfInUpstreamsWords() {
        Sources empty = new NoSources() {
            @Override
            public Optional<Secret> secret(String tenant, String namespace, String name) {
                return Optional.of(new Secret());
            }

            @Override
            public Optional<ConfigMap> configMap(String tenant, String namespace, String name) {
                return Optional.of(new ConfigMap());
            }
        };
        Volumes volumes = new Volumes(folder, empty, () -> now);
        PodBuilder pod = new PodBuilder().withNewMetadata().withNamespace("default").withName("web").withUid("u1").endMetadata();
        Pod secret = pod.withNewSpec().addNewVolume().withName("v").withNewSecret().withSecretName("s").addNewItem().withKey("nokey").withPath("x").endItem().endSecret().endVolume().endSpec().build();
        Pod configMap = pod.withNewSpec().addNewVolume().withName("v").withNewConfigMap().withName("c").addNewItem().withKey("nokey").withPath("x").endItem().endConfigMap().endVolume().endSpec().build();
        assertThatThrownBy(() -> volumes.prepare("red", new PodFields(secret, List.of(), "10.0.0.1", Map.of())))
                .hasMessageContaining("references non-existent secret key: nokey");
        assertThatThrownBy(() -> volumes.prepare("red", new PodFields(configMap, List.of(), "10.0.0.1", Map.of())))
                .hasMessageContaining("configmap references non-existent config key: nokey");
    }
}
