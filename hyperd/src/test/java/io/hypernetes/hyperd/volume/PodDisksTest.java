package io.hypernetes.hyperd.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.SandboxRecord;
import io.hypernetes.hypervisor.MachineSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PodDisksTest {
    @TempDir
    Path folder;

    private Map<String, String> named(String name, String setting) {
        return Map.of(PodDisks.ANNOTATION + name, setting, "other", "x");
    }

    @Test
    void aDiskIsMadeOnceAndGrown() throws Exception {
        PodDisks disks = new PodDisks(folder);
        Path file = folder.resolve("red/pvc-1.disk");
        assertThat(disks.ready(named("data", "{\"file\":\"red/pvc-1.disk\",\"bytes\":33554433,\"group\":7}")))
                .containsExactly(new MachineSpec.Volume("pv-0", file, false));
        assertThat(Files.size(file)).isEqualTo(33_554_432 + 4096);
        byte[] before = Files.readAllBytes(file);
        disks.ready(named("data", "{\"file\":\"red/pvc-1.disk\",\"bytes\":67108864}"));
        assertThat(Files.size(file)).isEqualTo(64 << 20);
        assertThat(Files.readAllBytes(file)).startsWith(before);
        assertThat(disks.usedBytes(named("data", "{\"file\":\"red/pvc-1.disk\",\"bytes\":67108864}"))).hasEntrySatisfying("red/pvc-1.disk",
                bytes -> assertThat(bytes).isBetween(4096L, 63L << 20));
        assertThat(disks.usedBytes(named("data", "{\"file\":\"red/pvc-1.disk\",\"bytes\":67108864,\"readOnly\":true}"))).isEmpty();
        // What was made once is never made smaller, and is only read when that is all that is asked.
        assertThat(disks.ready(named("data", "{\"file\":\"red/pvc-1.disk\",\"bytes\":1,\"readOnly\":true}")))
                .containsExactly(new MachineSpec.Volume("pv-0", file, true));
        assertThat(Files.size(file)).isEqualTo(64 << 20);
        assertThat(disks.get(named("data", "{\"file\":\"a/b\",\"bytes\":1,\"group\":7,\"keepGroup\":true}"), "data").group())
                .isEqualTo(new SandboxRecord.Group(7, true));
        try (var files = Files.list(folder.resolve("red"))) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void aDiskThatWasUsedIsNotMadeAnew() throws Exception {
        PodDisks disks = new PodDisks(folder);
        Map<String, String> used = named("data", "{\"file\":\"red/pvc-1.disk\",\"bytes\":33554432,\"used\":true}");
        assertThatThrownBy(() -> disks.ready(used)).isInstanceOf(HyperdException.class).hasMessageContaining("pvc-1.disk").hasMessageContaining("is not on this node any more");
        disks.ready(named("data", "{\"file\":\"red/pvc-1.disk\",\"bytes\":33554432}"));
        assertThat(disks.ready(used)).hasSize(1);
    }

    @Test
    void theirOrderIsThatOfTheirNames() {
        Map<String, String> annotations = new HashMap<>(named("z", "{\"file\":\"t/z\",\"bytes\":1}"));
        annotations.putAll(named("a", "{\"file\":\"t/a\",\"bytes\":1}"));
        PodDisks disks = new PodDisks(folder);
        assertThat(disks.of(annotations)).extracting(PodDisks.Disk::name).isEqualTo(List.of("a", "z"));
        assertThat(disks.get(annotations, "z").serial()).isEqualTo("pv-1");
        assertThatThrownBy(() -> disks.get(annotations, "b")).isInstanceOf(HyperdException.class).hasMessageContaining("b");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"file\":\"/etc/shadow\",\"bytes\":1}", "{\"file\":\"../x\",\"bytes\":1}", "{\"file\":\"a/../../x\",\"bytes\":1}", "{\"file\":\"\",\"bytes\":1}",
        "{\"file\":\"a\",\"bytes\":0}", "{\"file\":\"a\",\"bytes\":99999999999999999}", "{}", "no json", "{\"file\":\"a//b\",\"bytes\":1}"
    })
    void nothingElseOfTheHost(String setting) {
        assertThatThrownBy(() -> new PodDisks(folder).of(named("data", setting)))
                .isInstanceOfSatisfying(HyperdException.class, refused -> assertThat(refused.kind()).isEqualTo(HyperdException.Kind.INVALID));
    }

    @Test
    void aLinkIsNoDisk() throws Exception {
        Files.createSymbolicLink(folder.resolve("link"), Files.writeString(folder.resolve("secret"), "x"));
        assertThatThrownBy(() -> new PodDisks(folder).ready(named("data", "{\"file\":\"link\",\"bytes\":1}")))
                .isInstanceOf(HyperdException.class)
                .hasMessageContaining("no ordinary file");
    }
}
