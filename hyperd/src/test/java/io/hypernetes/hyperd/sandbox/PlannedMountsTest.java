package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.guest.VolumeSpec;
import io.hypernetes.hyperd.journal.SandboxRecord;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PlannedMountsTest {
    private static VolumeSpec emptyDir(String setting) {
        var pod = new SandboxRecord.Identity("p", "u", "default", 0, "", "/logs", Map.of(), Map.of("hypernetes.io/empty-dir.cache", setting));
        return SandboxVolumes.spec("empty-cache", PlannedMounts.emptyDir(pod, "cache"));
    }

    @Test
    void anEmptyDirIsOfNoGroupOrOfThePods() {
        assertThat(emptyDir("{\"medium\":\"\",\"sizeLimit\":\"\"}"))
                .isEqualTo(new VolumeSpec("empty-cache", VolumeSpec.Kind.SCRATCH));
        assertThat(emptyDir("{\"medium\":\"\",\"sizeLimit\":\"8Mi\",\"group\":2000}"))
                .isEqualTo(new VolumeSpec("empty-cache", VolumeSpec.Kind.SCRATCH, 8 << 20, 02777, 0, 2000));
        assertThat(emptyDir("{\"medium\":\"Memory\",\"sizeLimit\":\"\",\"group\":2000}"))
                .isEqualTo(new VolumeSpec("empty-cache", VolumeSpec.Kind.MEMORY, 0, 02777, 0, 2000));
    }
}
