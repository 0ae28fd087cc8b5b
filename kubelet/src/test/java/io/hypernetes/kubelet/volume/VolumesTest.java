package io.hypernetes.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.DownwardAPIVolumeFileBuilder;
import io.fabric8.kubernetes.api.model.KeyToPath;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeProjection;
import io.fabric8.kubernetes.api.model.VolumeProjectionBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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

    /// Of one ConfigMap with a large key, a small one and one of bytes, under whatever name; and of as many Secrets.
    private static final class CountedSources extends NoSources {
        private final List<String> reads = new ArrayList<>();
        private int tokens;

        @Override
        public Optional<ConfigMap> configMap(String tenant, String namespace, String name) {
            reads.add("configmap " + name);
            return Optional.of(new ConfigMapBuilder().addToData("large", "x".repeat(1 << 20)).addToData("small", "s").addToBinaryData("bytes", "AAEC").build());
        }

        @Override
        public Optional<Secret> secret(String tenant, String namespace, String name) {
            reads.add("secret " + name);
            return Optional.of(new SecretBuilder().addToData("large", Base64.getEncoder().encodeToString(new byte[1 << 20])).addToData("small", "cw==").build());
        }

        @Override
        public String token(TokenRequest request) {
            return "token-" + ++tokens;
        }
    }

    private final CountedSources counted = new CountedSources();

    private Pod pod(Volume... volumes) {
        return new PodBuilder().withNewMetadata().withNamespace("default").withName("web").withUid("u1").addToAnnotations("long", "y".repeat(200_000)).endMetadata()
                .withNewSpec().withVolumes(volumes).endSpec().build();
    }

    private static Volume configMap(String name, KeyToPath... items) {
        return new VolumeBuilder().withName(name).withNewConfigMap().withName("map").withItems(items).endConfigMap().build();
    }

    private static KeyToPath[] items(String key, int count, String prefix) {
        return IntStream.range(0, count).mapToObj(i -> new KeyToPath(key, null, prefix + i, null)).toArray(KeyToPath[]::new);
    }

    private static Volume projected(String name, Stream<VolumeProjection> sources) {
        return new VolumeBuilder().withName(name).withNewProjected().withSources(sources.toList()).endProjected().build();
    }

    private void prepare(Pod pod) {
        new Volumes(folder, counted, () -> now).prepare("red", new PodFields(pod, List.of(), "10.0.0.1", Map.of()));
    }

    private long filesWritten() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)).count();
        }
    }

    @Test
    void oneLargeKeyUnderManyNamesIsRefusedBeforeAnyIsWritten() throws Exception {
        assertThatThrownBy(() -> prepare(pod(configMap("v", items("large", 100, "f"))))).isInstanceOf(VolumeException.class)
                .hasMessage("MountVolume.SetUp failed for volume \"v\" : it holds more than 6291456 bytes or 10000 files, the most that a volume of files may");
        assertThat(filesWritten()).isZero();
        assertThat(counted.reads).hasSize(1);
    }

    @Test
    void manySmallFilesAreRefused() throws Exception {
        assertThatThrownBy(() -> prepare(pod(configMap("v", items("small", 10_001, "f"))))).isInstanceOf(VolumeException.class).hasMessageContaining("10000 files");
        assertThat(filesWritten()).isZero();
        prepare(pod(configMap("v", items("small", 10_000, "f"))));
        assertThat(filesWritten()).isEqualTo(10_000);
    }

    @Test
    void theDownwardApiIsBoundedToo() throws Exception {
        Volume volume = new VolumeBuilder().withName("v").withNewDownwardAPI().withItems(IntStream.range(0, 100).mapToObj(i -> new DownwardAPIVolumeFileBuilder()
                .withPath("f" + i).withNewFieldRef("v1", "metadata.annotations").build()).toList()).endDownwardAPI().build();
        assertThatThrownBy(() -> prepare(pod(volume))).isInstanceOf(VolumeException.class).hasMessageContaining("6291456 bytes");
        assertThat(filesWritten()).isZero();
    }

    @Test
    void allVolumesOfAPodAreBoundedTogether() {
        Volume[] volumes = IntStream.range(0, 5).mapToObj(i -> configMap("v" + i, items("large", 5, "f"))).toArray(Volume[]::new);
        assertThatThrownBy(() -> prepare(pod(volumes))).isInstanceOf(VolumeException.class)
                .hasMessage("MountVolume.SetUp failed for volume \"v3\" : the pod's volumes hold more than 16777216 bytes in files, the most that those of one pod may");
        Volume[] deep = IntStream.range(0, 2).mapToObj(i -> configMap("v" + i, items("small", 1_000, "a/b/c/d/e/f/g/h/i/j"))).toArray(Volume[]::new);
        assertThatThrownBy(() -> prepare(pod(deep))).isInstanceOf(VolumeException.class).hasMessageContaining("20000 files and folders");
    }

    @Test
    void anObjectIsReadOnceForAllVolumes() throws Exception {
        Stream<VolumeProjection> sources = IntStream.range(0, 500).mapToObj(i -> new VolumeProjectionBuilder()
                .withNewConfigMap().withName("map").addNewItem("small", null, "c" + i, null).endConfigMap().build());
        Stream<VolumeProjection> secrets = IntStream.range(0, 500).mapToObj(i -> new VolumeProjectionBuilder()
                .withNewSecret().withName("secret").addNewItem("small", null, "s" + i, null).endSecret().build());
        Pod pod = pod(configMap("v"), projected("p", Stream.concat(sources, secrets)), configMap("w", items("bytes", 1, "b")));
        prepare(pod);
        assertThat(counted.reads).containsExactly("configmap map", "secret secret");
        assertThat(filesWritten()).isEqualTo(3 + 1_000 + 1);
        Volumes volumes = new Volumes(folder, counted, () -> now);
        assertThat(volumes.path("u1", pod.getSpec().getVolumes().get(1)).resolve("s7")).hasContent("s");
        assertThat(volumes.path("u1", pod.getSpec().getVolumes().getLast()).resolve("b0")).hasBinaryContent(new byte[] {0, 1, 2});
    }

    @Test
    void aPodNamesNoMoreObjectsThanAreReadForIt() {
        Stream<VolumeProjection> sources = IntStream.range(0, 3_000).mapToObj(i -> new VolumeProjectionBuilder()
                .withNewConfigMap().withName("map-" + i).withOptional(true).addNewItem("none", null, "c" + i, null).endConfigMap().build());
        assertThatThrownBy(() -> prepare(pod(projected("p", sources)))).isInstanceOf(VolumeException.class).hasMessageContaining("more than 1000 ConfigMaps and Secrets");
        assertThat(counted.reads).hasSize(1_000);
    }

    @Test
    void aPodHasNoMoreTokensThanAreKeptForIt() {
        Stream<VolumeProjection> sources = IntStream.range(0, 3_000).mapToObj(i -> new VolumeProjectionBuilder()
                .withNewServiceAccountToken("audience-" + i, 600L, "t" + i, null).build());
        assertThatThrownBy(() -> prepare(pod(projected("p", sources)))).isInstanceOf(VolumeException.class).hasMessageContaining("more than 100 tokens");
        assertThat(counted.tokens).isEqualTo(100);
    }
}
