package io.hypernetes.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Which PersistentVolumes describe disks that some node could have.
class LocalVolumeTest {
    private static PersistentVolume volume(String node, String handle) {
        return new PersistentVolumeBuilder()
                .withNewMetadata().withName("v").endMetadata()
                .withNewSpec().withNewCsi().withDriver(LocalVolume.DRIVER).withVolumeHandle(handle).addToVolumeAttributes(LocalVolume.NODE, node).endCsi().endSpec()
                .build();
    }

    @Test
    void aDiskOfANode() {
        assertThat(LocalVolume.of(volume("n1.example", "pvc-1"))).contains(new LocalVolume("n1.example", "pvc-1", 0, false, ""));
    }

    /// A volume of such a node would wait for ever to be told that its disk is gone: to ask for the node is an error, not an answer.
    @ParameterizedTest
    @ValueSource(strings = {"a/b", "..", "a b", "N", "a\0b", "a..b", "-a"})
    void noNodeIsCalledSo(String node) {
        assertThat(LocalVolume.of(volume(node, "h"))).isEmpty();
    }

    @Test
    void norSoLong() {
        assertThat(LocalVolume.of(volume("a".repeat(253), "h"))).isPresent();
        assertThat(LocalVolume.of(volume("a.".repeat(100_000) + "a", "h")).isPresent()).isFalse();
    }

    /// A number that is too large stays large: nothing is smaller than what is asked for because it wraps.
    @Test
    void noStorageIsMoreThanCanBeCounted() {
        assertThat(LocalVolume.storage(Map.of("storage", new Quantity("16Ei")))).isEqualTo(Long.MAX_VALUE);
        assertThat(LocalVolume.storage(Map.of("storage", new Quantity("9E")))).isEqualTo(9_000_000_000_000_000_000L);
        assertThat(LocalVolume.storage(Map.of("storage", new Quantity("-16Ei")))).isZero();
        assertThat(LocalVolume.storage(Map.of("storage", new Quantity("1500m")))).isEqualTo(2);
    }
}
