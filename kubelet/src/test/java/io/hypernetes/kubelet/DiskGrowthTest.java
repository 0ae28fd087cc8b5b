package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// Disks that become larger while pods run with them.
class DiskGrowthTest extends KubeletHarness {
    private static final String GROWN = "grow data " + (3L << 30);

    private void podWithDisk() {
        podWithDisk("1Gi");
    }

    /// @param size of the volume when the pod starts; the claim says 1Gi
    private void podWithDisk(String size) {
        createPodWithDisk(size);
        running("web");
    }

    private void createPodWithDisk(String size) {
        cri.podCidr = "10.88.0.0/24";
        PersistentVolumeClaim claim = client.of(Kind.PERSISTENT_VOLUME_CLAIM).create("red", new PersistentVolumeClaimBuilder()
                .withNewMetadata().withNamespace("default").withName("data").endMetadata()
                .withNewSpec().withAccessModes("ReadWriteOnce").withVolumeName("pv").endSpec()
                .withNewStatus().withPhase("Bound").addToCapacity("storage", new Quantity("1Gi")).endStatus()
                .build());
        client.of(Kind.PERSISTENT_VOLUME).create("red", new PersistentVolumeBuilder()
                .withNewMetadata().withName("pv").endMetadata()
                .withNewSpec().withAccessModes("ReadWriteOnce").addToCapacity("storage", new Quantity(size))
                .withNewClaimRef().withNamespace("default").withName("data").withUid(claim.getMetadata().getUid()).endClaimRef()
                .withNewCsi().withDriver(LocalVolume.DRIVER).withVolumeHandle("h").addToVolumeAttributes(LocalVolume.NODE, "n1").endCsi()
                .endSpec()
                .build());
        create(pod("web").editSpec()
                .addNewVolume().withName("data").withNewPersistentVolumeClaim().withClaimName("data").endPersistentVolumeClaim().endVolume()
                .endSpec().build());
    }

    private void grow() {
        client.of(Kind.PERSISTENT_VOLUME).change(new ObjectKey("red", "", "pv"), null, now -> {
            now.getSpec().getCapacity().put("storage", new Quantity("3Gi"));
            return now;
        });
    }

    private PersistentVolumeClaim claim() {
        return client.of(Kind.PERSISTENT_VOLUME_CLAIM).get(key("data"));
    }

    private void awaitTold() {
        await().atMost(Duration.ofSeconds(60)).ignoreExceptions().untilAsserted(() ->
                assertThat(claim().getStatus().getCapacity()).containsEntry("storage", new Quantity("3Gi")));
    }

    /// Upstream's attach-detach controller tells it once, whatever becomes of the pod's sandbox afterwards.
    @Test
    void anAttachmentIsToldOnceHoweverOftenTheMachineFails() {
        cri.sandboxFailure = "no room";
        createPodWithDisk("1Gi");
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events())
                .filteredOn(event -> "FailedCreatePodSandBox".equals(event.getReason()))
                .anySatisfy(event -> assertThat(event.getCount()).isGreaterThan(1)));
        cri.sandboxFailure = "";
        running("web");
        await().untilAsserted(() -> assertThat(events()).extracting("reason").contains("Started"));
        assertThat(events()).filteredOn(event -> "SuccessfulAttachVolume".equals(event.getReason()))
                .singleElement().satisfies(event -> assertThat(event.getCount()).isEqualTo(1));
    }

    @Test
    void theDiskGrowsAndTheClaimSaysSo() {
        podWithDisk();
        client.of(Kind.PERSISTENT_VOLUME_CLAIM).change(key("data"), "status", now -> now.edit().editStatus()
                .addNewCondition().withType("FileSystemResizePending").withStatus("True").endCondition()
                .addNewCondition().withType("Other").withStatus("True").endCondition()
                .endStatus().build());
        grow();
        awaitTold();
        assertThat(claim().getStatus().getConditions()).extracting("type").containsExactly("Other");
        assertThat(cri.calls()).contains(GROWN);
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events())
                .filteredOn(event -> "FileSystemResizeSuccessful".equals(event.getReason()))
                .extracting(event -> event.getInvolvedObject().getKind()).containsExactlyInAnyOrder("Pod", "PersistentVolumeClaim"));
        assertThat(main(read("web")).getRestartCount()).isZero();
    }

    @Test
    void whatFailsIsToldOnceAndTriedAgainAlsoByAnotherKubelet() throws Exception {
        podWithDisk();
        cri.podCalls.growFailure = "the guest is busy";
        grow();
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events())
                .filteredOn(event -> "VolumeResizeFailed".equals(event.getReason()))
                .anyMatch(event -> event.getMessage().contains("the guest is busy")));
        assertThat(claim().getStatus().getCapacity()).containsEntry("storage", new Quantity("1Gi"));
        kubelet.close();
        cri.podCalls.growFailure = "";
        kubelet = kubelet();
        awaitTold();
        assertThat(cri.calls()).containsOnlyOnce(GROWN);
    }

    @Test
    void aPodThatStartedWithTheNewSizeIsAskedWhetherItsFileSystemHasIt() throws Exception {
        podWithDisk("3Gi");
        kubelet.close();
        cri.podCalls.growFailure = "the file system does not grow";
        kubelet = kubelet();
        await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(events())
                .filteredOn(event -> "VolumeResizeFailed".equals(event.getReason()))
                .anyMatch(event -> event.getMessage().contains("the file system does not grow")));
        assertThat(claim().getStatus().getCapacity()).containsEntry("storage", new Quantity("1Gi"));
        cri.podCalls.growFailure = "";
        awaitTold();
        assertThat(cri.calls()).containsOnlyOnce(GROWN);
    }
}
