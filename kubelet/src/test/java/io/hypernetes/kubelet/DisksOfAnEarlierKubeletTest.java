package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Which disks machines have is in the runtime, which a kubelet that has just begun has not asked yet.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DisksOfAnEarlierKubeletTest extends KubeletHarness {
    @Test
    void aDiskThatAMachineHasStaysThoughItsVolumeIsDeletedWhileNoKubeletRuns() throws Exception {
        cri.podCidr = "10.88.0.0/24";
        PersistentVolumeClaim claim = client.of(Kind.PERSISTENT_VOLUME_CLAIM).create("red", new PersistentVolumeClaimBuilder()
                .withNewMetadata().withNamespace("default").withName("data").endMetadata()
                .withNewSpec().withAccessModes("ReadWriteOnce").withVolumeName("pv").endSpec()
                .withNewStatus().withPhase("Bound").addToCapacity("storage", new Quantity("1Gi")).endStatus()
                .build());
        Path disk = volume("pv", "h", claim);
        Path other = volume("next", "h2", claim);
        create(pod("web").editSpec()
                .addNewVolume().withName("data").withNewPersistentVolumeClaim().withClaimName("data").endPersistentVolumeClaim().endVolume()
                .endSpec().build());
        running("web");
        kubelet.close();
        client.of(Kind.PERSISTENT_VOLUME).delete(new ObjectKey("red", "", "pv"), Deletion.ordinary());
        client.of(Kind.PERSISTENT_VOLUME).delete(new ObjectKey("red", "", "next"), Deletion.ordinary());
        cri.stop();
        int before = api.requests().size();
        kubelet = kubelet();
        await().until(() -> api.requests().stream().skip(before).anyMatch(request -> request.contains("/pods") && request.contains("watch=")));
        // As far as anything is removed before the runtime was asked, or behind it.
        await().during(Duration.ofMillis(500)).until(() -> Files.exists(disk));
        cri.start();
        await().atMost(Duration.ofSeconds(30)).until(() -> Files.notExists(other));
        assertThat(disk).exists();
        client.of(Kind.POD).delete(key("web"), Deletion.ordinary());
        await().atMost(Duration.ofSeconds(30)).until(() -> Files.notExists(disk));
    }

    private Path volume(String name, String handle, PersistentVolumeClaim claim) throws Exception {
        client.of(Kind.PERSISTENT_VOLUME).create("red", new PersistentVolumeBuilder()
                .withNewMetadata().withName(name).withFinalizers(LocalVolume.FINALIZER).endMetadata()
                .withNewSpec().withAccessModes("ReadWriteOnce").addToCapacity("storage", new Quantity("1Gi"))
                .withNewClaimRef().withNamespace("default").withName("data").withUid(claim.getMetadata().getUid()).endClaimRef()
                .withNewCsi().withDriver(LocalVolume.DRIVER).withVolumeHandle(handle).addToVolumeAttributes(LocalVolume.NODE, "n1").endCsi()
                .endSpec()
                .build());
        Path folder = Files.createDirectories(this.folder.resolve("lib/volumes/red"));
        return Files.writeString(folder.resolve(handle + ".disk"), "x");
    }
}
