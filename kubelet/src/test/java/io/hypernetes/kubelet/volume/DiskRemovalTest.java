package io.hypernetes.kubelet.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.PersistentVolumeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.Client;
import io.hypernetes.client.Deletion;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.LocalVolume;
import io.hypernetes.client.ObjectKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskRemovalTest {
    @TempDir
    Path folder;

    private final FakeApi api = new FakeApi();
    private final Client client = api.client();
    private DiskRemoval removal;

    @BeforeEach
    void start() {
        removal = new DiskRemoval(client, folder, "n1").start();
    }

    @AfterEach
    void stop() {
        removal.close();
        client.close();
        api.close();
    }

    private static ObjectKey key(String tenant, String name) {
        return new ObjectKey(tenant, "", name);
    }

    private Path volume(String tenant, String name, String node, String handle) throws Exception {
        client.of(Kind.PERSISTENT_VOLUME).create(tenant, new PersistentVolumeBuilder()
                .withNewMetadata().withName(name).withFinalizers("kubernetes.io/pv-protection", LocalVolume.FINALIZER).endMetadata()
                .withNewSpec()
                .addToCapacity("storage", new Quantity("1Gi"))
                .withNewCsi().withDriver(LocalVolume.DRIVER).withVolumeHandle(handle).addToVolumeAttributes(LocalVolume.NODE, node).endCsi()
                .endSpec()
                .build());
        Path disk = folder.resolve(tenant).resolve(handle + ".disk");
        Files.createDirectories(folder.resolve(tenant));
        return Files.writeString(disk, "x");
    }

    private void release(String tenant, String name) {
        client.of(Kind.PERSISTENT_VOLUME).change(key(tenant, name), null, now -> {
            now.getMetadata().setFinalizers(List.of(LocalVolume.FINALIZER));
            return now;
        });
    }

    @Test
    @Tag("multi-tenancy#1199")
    void aDiskGoesWhenNothingProtectsItsVolumeAnyMore() throws Exception {
        Path disk = volume("red", "pv", "n1", "h");
        Path other = volume("blue", "pv", "n1", "h");
        Path away = volume("red", "far", "n2", "h2");
        Path unfinished = Files.writeString(folder.resolve("red/h.disk.part"), "x");
        client.of(Kind.PERSISTENT_VOLUME).delete(key("red", "pv"), Deletion.ordinary());
        client.of(Kind.PERSISTENT_VOLUME).delete(key("red", "far"), Deletion.ordinary());
        release("red", "far");
        // Seen behind the others, so those have been looked at.
        client.of(Kind.PERSISTENT_VOLUME).delete(key("blue", "pv"), Deletion.ordinary());
        release("blue", "pv");
        await().until(() -> client.of(Kind.PERSISTENT_VOLUME).find(key("blue", "pv")).isEmpty());
        assertThat(other).doesNotExist();
        assertThat(folder.resolve("blue")).doesNotExist();
        assertThat(disk).exists();
        release("red", "pv");
        await().until(() -> client.of(Kind.PERSISTENT_VOLUME).find(key("red", "pv")).isEmpty());
        assertThat(disk).doesNotExist();
        assertThat(unfinished).doesNotExist();
        assertThat(away).exists();
    }

    @Test
    void aDiskThatAnotherVolumeNamesStays() throws Exception {
        Path disk = volume("red", "one", "n1", "shared");
        volume("red", "two", "n1", "shared");
        client.of(Kind.PERSISTENT_VOLUME).delete(key("red", "one"), Deletion.ordinary());
        release("red", "one");
        await().until(() -> client.of(Kind.PERSISTENT_VOLUME).find(key("red", "one")).isEmpty());
        assertThat(disk).exists();
        api.remove(Kind.PERSISTENT_VOLUME, key("red", "two"));
        await().until(() -> Files.notExists(disk));
    }
}
