package io.hypernetes.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.LocalVolume;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class DisksTest {
    private final PersistentVolumeClaim claim = new PersistentVolumeClaimBuilder()
            .withNewMetadata().withName("data").withNamespace("default").withUid("u1").endMetadata()
            .withNewSpec().withVolumeName("pv").endSpec()
            .withNewStatus().withPhase("Bound").endStatus()
            .build();
    private final PersistentVolume volume = new PersistentVolumeBuilder()
            .withNewMetadata().withName("pv").endMetadata()
            .withNewSpec()
            .addToCapacity("storage", new Quantity("1Gi"))
            .withAccessModes("ReadWriteOnce")
            .withNewClaimRef().withNamespace("default").withName("data").withUid("u1").endClaimRef()
            .withNewCsi().withDriver(LocalVolume.DRIVER).withVolumeHandle("pvc-u1").addToVolumeAttributes("node", "n1").endCsi()
            .endSpec()
            .build();
    private final Disks disks = new Disks(new Known(), "n1");

    private Pod pod() {
        return new PodBuilder()
                .withNewMetadata().withName("db-0").withNamespace("default").withUid("p1").endMetadata()
                .withNewSpec()
                .withNewSecurityContext().withFsGroup(999L).endSecurityContext()
                .addNewVolume().withName("v").withNewPersistentVolumeClaim("data", false).endVolume()
                .addNewVolume().withName("tmp").withNewEmptyDir().endEmptyDir().endVolume()
                .endSpec()
                .build();
    }

    @Test
    void aClaimIsADiskOfItsTenant() {
        assertThat(disks.of("red", pod())).containsExactly(new Disks.Disk("v", "pv", "red/pvc-u1.disk", false,
                "{\"file\":\"red/pvc-u1.disk\",\"bytes\":1073741824,\"group\":999,\"keepGroup\":false}"));
    }

    /// A tenant of the same name has another uid, and so none of a former one's disks.
    @Test
    void aClaimIsADiskOfThisVeryTenant() {
        volume.getSpec().getCsi().getVolumeAttributes().put(LocalVolume.OWNER, "7c1e");
        assertThat(disks.of("red", pod()).getFirst().file()).isEqualTo("red.7c1e/pvc-u1.disk");
        volume.getSpec().getCsi().getVolumeAttributes().put(LocalVolume.OWNER, "../blue");
        assertThatThrownBy(() -> disks.of("red", pod())).hasMessageContaining("is not of the driver");
    }

    @Test
    void aDiskThatWasUsedIsSaidToBe() {
        volume.getMetadata().setAnnotations(Map.of(LocalVolume.USED, "true"));
        assertThat(disks.of("red", pod()).getFirst().annotation()).contains("\"used\":true");
    }

    @Test
    @Tag("multi-tenancy#1200")
    void whatIsNotTheClaimsIsRefused() {
        volume.getSpec().getClaimRef().setUid("another");
        assertThatThrownBy(() -> disks.of("red", pod())).isInstanceOf(VolumeException.class)
                .hasMessage("MountVolume.SetUp failed for volume \"v\" : persistentvolume \"pv\" is not bound to PVC default/data");
        volume.getSpec().getClaimRef().setUid("u1");
        volume.getSpec().getCsi().getVolumeAttributes().put("node", "n2");
        assertThatThrownBy(() -> disks.of("red", pod())).hasMessageContaining("is a disk of node n2");
        for (String handle : new String[] {"../blue/pvc-1", "/etc/shadow", ""}) {
            volume.getSpec().getCsi().setVolumeHandle(handle);
            assertThatThrownBy(() -> disks.of("red", pod())).as(handle).hasMessageContaining("is not of the driver");
        }
        claim.getStatus().setPhase("Pending");
        assertThatThrownBy(() -> disks.of("red", pod())).hasMessageContaining("PVC is not bound");
    }

    @Test
    void oneMachineWritesAndManyRead() {
        AtomicInteger freed = new AtomicInteger();
        List<Disks.Disk> mine = disks.of("red", pod());
        disks.attach("p1", "db-0", mine, freed::incrementAndGet);
        disks.attach("p1", "db-0", mine, freed::incrementAndGet);
        assertThatThrownBy(() -> disks.attach("p2", "db-1", mine, freed::incrementAndGet)).isInstanceOf(Disks.InUseException.class)
                .hasMessage("Multi-Attach error for volume \"pv\" Volume is already used by pod(s) db-0");
        assertThat(freed).hasValue(0);
        assertThat(disks.isHeld("red/pvc-u1.disk")).isTrue();
        disks.seen("p1", "db-0", Map.of());
        assertThat(disks.isHeld("red/pvc-u1.disk")).isFalse();
        assertThat(freed).hasValue(1);
        volume.getSpec().setAccessModes(List.of("ReadOnlyMany"));
        List<Disks.Disk> read = disks.of("red", pod());
        disks.attach("p2", "db-1", read, freed::incrementAndGet);
        disks.attach("p3", "db-2", read, freed::incrementAndGet);
        assertThatThrownBy(() -> disks.attach("p1", "db-0", mine, freed::incrementAndGet)).hasMessageContaining("pod(s) db-1, db-2");
    }

    @Test
    void whatAnEarlierKubeletAttachedIsKnownFromTheSandboxes() {
        List<Disks.Disk> mine = disks.of("red", pod());
        disks.seen("p1", "db-0", Map.of(Disks.ANNOTATION + "v", mine.getFirst().annotation(), "x", "y"));
        assertThatThrownBy(() -> disks.attach("p2", "db-1", mine, () -> {})).hasMessageContaining("db-0");
    }

    private final class Known extends NoSources {
        @Override
        public Optional<PersistentVolumeClaim> claim(String tenant, String namespace, String name) {
            return Optional.of(claim);
        }

        @Override
        public Optional<PersistentVolume> persistentVolume(String tenant, String name) {
            return Optional.of(volume);
        }
    }
}
