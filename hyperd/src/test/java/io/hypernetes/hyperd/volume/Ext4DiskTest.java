package io.hypernetes.hyperd.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Ext4DiskTest {
    @TempDir
    private Path folder;

    /// Claims of a few mebibytes are what people try first; a machine may end abruptly whatever the size of its disk.
    @ParameterizedTest
    @ValueSource(longs = {1, 1 << 20, 2 << 20, 5 << 20, 16 << 20, 17 << 20, 31 << 20, 64 << 20, Ext4Disk.ORDINARY_BYTES})
    void aDiskOfAnySizeHasAJournal(long bytes) throws Exception {
        Path disk = folder.resolve("disk");
        Ext4Disk.make(disk, bytes);
        assertThat(Files.size(disk)).isGreaterThanOrEqualTo(bytes);
        Process head = new ProcessBuilder("dumpe2fs", "-h", disk.toString()).redirectErrorStream(true).start();
        assertThat(new String(head.getInputStream().readAllBytes())).contains("has_journal").containsPattern("Filesystem state: +clean");
        assertThat(head.waitFor()).isZero();
    }
}
