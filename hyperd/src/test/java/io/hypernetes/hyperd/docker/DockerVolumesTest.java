package io.hypernetes.hyperd.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.store.Store;
import io.hypernetes.store.embedded.EmbeddedSettings;
import io.hypernetes.store.embedded.EmbeddedStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.JsonNodeFactory;

class DockerVolumesTest {
    @TempDir
    Path temp;

    private Store store;
    private DockerVolumes volumes;

    @BeforeEach
    void open() throws Exception {
        store = EmbeddedStore.open(temp.resolve("store"), EmbeddedSettings.defaults());
        Files.createDirectories(temp.resolve("disks"));
        volumes = again();
    }

    @AfterEach
    void close() {
        store.close();
    }

    private DockerVolumes again() {
        return new DockerVolumes(new DockerJournal(store), new DockerEvents(), temp.resolve("disks"), Clock.systemUTC());
    }

    private DockerRecord container(String name, VolumeMount... mounts) {
        List<VolumeWishes.Asked> asked = List.of(mounts).stream().map(VolumeWishes.Asked::new).toList();
        return new DockerRecord(
                name, name, 0, "", "", JsonNodeFactory.instance.objectNode(), JsonNodeFactory.instance.objectNode(), volumes.taken(name, asked).mounts(), List.of(),
                DockerRecord.State.NEW);
    }

    @Test
    void oneMachineWritesOrManyRead() {
        DockerRecord writer = container("writer", new VolumeMount("data", "/data", false, true));
        DockerRecord reader = container("reader", new VolumeMount("data", "/data", true, true));
        DockerRecord other = container("other", new VolumeMount("data", "/data", true, true));
        // It may be the first, and then has to fill it.
        assertThat(volumes.attach(reader)).containsExactly(new MachineSpec.Volume("vol-0", volumes.file("data"), false));
        assertThat(volumes.file("data")).exists();
        volumes.started(reader);
        volumes.release(reader);
        assertThat(volumes.attach(reader).getFirst().readOnly()).isTrue();
        assertThat(volumes.attach(other).getFirst().readOnly()).isTrue();
        assertThatThrownBy(() -> volumes.attach(writer)).hasMessageContaining("in use by container reader");
        volumes.release(reader);
        assertThatThrownBy(() -> volumes.attach(writer)).hasMessageContaining("in use by container other");
        volumes.release(other);
        assertThat(volumes.attach(writer).getFirst().readOnly()).isFalse();
        assertThatThrownBy(() -> volumes.attach(reader)).hasMessageContaining("in use by container writer");
        assertThat(volumes.attach(writer)).as("its own next machine").hasSize(1);
    }

    @Test
    void whatIsNamedStaysAndWhatIsAnonymousGoesWithItsContainer() {
        DockerRecord first = container("first", new VolumeMount("data", "/data", false, true), new VolumeMount("", "/a", false, true));
        String anonymous = first.mounts().getLast().volume();
        assertThat(anonymous).matches("[0-9a-f]{64}");
        volumes.attach(first);
        volumes.release(first);
        assertThatThrownBy(() -> volumes.remove("data")).hasMessageContaining("volume is in use - [first]");
        volumes = again();
        volumes.named("first", first.mounts());
        assertThatThrownBy(() -> volumes.remove("data")).hasMessageContaining("volume is in use - [first]");
        volumes.forgotten("first", first.mounts(), true);
        assertThat(volumes.list()).extracting(VolumeRecord::name).containsExactly("data");
        assertThat(volumes.file(anonymous)).doesNotExist();
        volumes.remove("data");
        assertThat(temp.resolve("disks")).isEmptyDirectory();
        assertThatThrownBy(() -> volumes.get("data")).hasMessageContaining("no such volume");
    }

    @Test
    void whoIsRefusedTakesOnlyWhatWasMadeForItAlong() {
        DockerRecord gone = container("gone", new VolumeMount("", "/a", false, true));
        String left = gone.mounts().getFirst().volume();
        // As `rm` without -v.
        volumes.forgotten("gone", gone.mounts(), false);
        List<VolumeMount> mounts = new ArrayList<>(List.of(new VolumeMount(left, "/old", false, true), new VolumeMount("", "/new", false, true)));
        for (int i = 0; i < MachineSpec.MOST_VOLUMES; i++) {
            mounts.add(new VolumeMount("data-" + i, "/data-" + i, false, true));
        }
        assertThatThrownBy(() -> container("refused", mounts.toArray(VolumeMount[]::new))).isInstanceOf(DockerFailure.class).hasMessageContaining("a container can have");
        assertThat(volumes.users(left)).isEmpty();
        assertThat(volumes.list()).extracting(VolumeRecord::name).contains(left).noneMatch(name -> !name.equals(left) && !name.startsWith("data-"));
        // So does one that is refused later, as when its network has gone.
        DockerVolumes.Taken taken = volumes.taken("late", List.of(new VolumeWishes.Asked(mounts.getFirst()), new VolumeWishes.Asked(mounts.get(1))));
        volumes.givenBack("late", taken);
        assertThat(volumes.users(left)).isEmpty();
        assertThat(volumes.list()).extracting(VolumeRecord::name).contains(left).doesNotContain(taken.made().getFirst().volume());
    }

    @Test
    void diskThatBelongsToNoVolumeGoesAtTheNextStart() throws Exception {
        volumes.create("kept", Map.of(), Map.of("size", "16m"), false);
        Files.writeString(volumes.file("kept"), "");
        Files.writeString(volumes.file("lost"), "");
        Files.writeString(temp.resolve("disks/kept.disk.part"), "");
        volumes = again();
        assertThat(temp.resolve("disks")).isDirectoryNotContaining("glob:**lost*").isDirectoryNotContaining("glob:**part").isDirectoryContaining("glob:**kept.disk");
        assertThat(volumes.get("kept").bytes()).isEqualTo(16 << 20);
    }

    @Test
    void optionsAndNamesAreChecked() {
        assertThat(volumes.create("big", Map.of("a", "b"), Map.of("size", "2G"), false).bytes()).isEqualTo(2L << 30);
        assertThatThrownBy(() -> volumes.create("small", Map.of(), Map.of("size", "1k"), false)).hasMessageContaining("invalid size");
        assertThatThrownBy(() -> volumes.create("huge", Map.of(), Map.of("size", "99999t"), false)).hasMessageContaining("invalid size");
        assertThatThrownBy(() -> volumes.create("nfs", Map.of(), Map.of("type", "nfs"), false)).hasMessageContaining("option type");
        assertThatThrownBy(() -> volumes.create("../x", Map.of(), Map.of(), false)).hasMessageContaining("invalid characters");
        assertThat(volumes.create("big", Map.of(), Map.of(), false).bytes()).as("is there already").isEqualTo(2L << 30);
    }
}
