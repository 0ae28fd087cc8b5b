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
import io.hypernetes.client.Scope;
import io.hypernetes.client.Selection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
    private final Set<String> running = ConcurrentHashMap.newKeySet();
    private DiskRemoval removal;

    @BeforeEach
    void start() {
        removal = new DiskRemoval(client, folder, "n1", running::contains).start();
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

    /// A tenant may take the protection away under its own pods: the room that the disk takes is taken as long as they run.
    @Test
    void aVolumeStaysAsLongAsAMachineRunsWithItsDisk() throws Exception {
        Path disk = volume("red", "pv", "n1", "h");
        Path other = volume("red", "next", "n1", "h2");
        running.add("red/h.disk");
        for (String name : List.of("pv", "next")) {
            client.of(Kind.PERSISTENT_VOLUME).delete(key("red", name), Deletion.ordinary());
            release("red", name);
        }
        await().until(() -> Files.notExists(other));
        assertThat(disk).exists();
        assertThat(client.of(Kind.PERSISTENT_VOLUME).find(key("red", "pv"))).isPresent();
        running.clear();
        await().until(() -> client.of(Kind.PERSISTENT_VOLUME).find(key("red", "pv")).isEmpty());
        assertThat(disk).doesNotExist();
    }

    /// The disk stays as large as it was made: so does what tells of that.
    @Test
    void aVolumeStaysBesideOneThatSaysLessOfTheSameDisk() throws Exception {
        Path disk = volume("red", "large", "n1", "shared");
        volume("red", "small", "n1", "shared");
        Path other = volume("red", "next", "n1", "h2");
        client.of(Kind.PERSISTENT_VOLUME).change(key("red", "small"), null, now -> {
            now.getSpec().setCapacity(Map.of("storage", new Quantity("1Mi")));
            return now;
        });
        for (String name : List.of("large", "next")) {
            client.of(Kind.PERSISTENT_VOLUME).delete(key("red", name), Deletion.ordinary());
            release("red", name);
        }
        await().until(() -> Files.notExists(other));
        assertThat(client.of(Kind.PERSISTENT_VOLUME).find(key("red", "large"))).isPresent();
        client.of(Kind.PERSISTENT_VOLUME).delete(key("red", "small"), Deletion.ordinary());
        release("red", "small");
        await().until(() -> client.of(Kind.PERSISTENT_VOLUME).find(key("red", "large")).isEmpty());
        assertThat(disk).doesNotExist();
    }

    /// Whoever is bound to it may be about to start with it.
    @Test
    void aDiskStaysThatAnotherVolumeNamesWhichIsMarkedAndStillProtected() throws Exception {
        Path disk = volume("red", "one", "n1", "shared");
        volume("red", "two", "n1", "shared");
        Path other = volume("red", "next", "n1", "h2");
        client.of(Kind.PERSISTENT_VOLUME).change(key("red", "two"), null, now -> {
            now.getSpec().setCapacity(Map.of("storage", new Quantity("1Mi")));
            return now;
        });
        for (String name : List.of("two", "one", "next")) {
            client.of(Kind.PERSISTENT_VOLUME).delete(key("red", name), Deletion.ordinary());
        }
        release("red", "one");
        release("red", "next");
        await().until(() -> Files.notExists(other));
        assertThat(disk).exists();
        assertThat(client.of(Kind.PERSISTENT_VOLUME).find(key("red", "one"))).as("two says less").isPresent();
        release("red", "two");
        await().until(() -> client.of(Kind.PERSISTENT_VOLUME).list(Scope.everywhere(), Selection.everything()).items().isEmpty());
        assertThat(disk).doesNotExist();
    }

    /// A tenant of the same name has another uid.
    @Test
    void theDiskOfATenantIsNotThatOfAFormerOneOfItsName() throws Exception {
        Path former = volume("red", "former", "n1", "h");
        Files.createDirectories(folder.resolve("red.u2"));
        Path disk = Files.writeString(folder.resolve("red.u2/h.disk"), "x");
        client.of(Kind.PERSISTENT_VOLUME).create("red", new PersistentVolumeBuilder()
                .withNewMetadata().withName("pv").withFinalizers(LocalVolume.FINALIZER).endMetadata()
                .withNewSpec()
                .addToCapacity("storage", new Quantity("1Gi"))
                .withNewCsi().withDriver(LocalVolume.DRIVER).withVolumeHandle("h").addToVolumeAttributes(LocalVolume.NODE, "n1")
                .addToVolumeAttributes(LocalVolume.OWNER, "u2").endCsi()
                .endSpec()
                .build());
        client.of(Kind.PERSISTENT_VOLUME).delete(key("red", "pv"), Deletion.ordinary());
        await().until(() -> client.of(Kind.PERSISTENT_VOLUME).find(key("red", "pv")).isEmpty());
        assertThat(disk.getParent()).doesNotExist();
        assertThat(former).exists();
    }
}
