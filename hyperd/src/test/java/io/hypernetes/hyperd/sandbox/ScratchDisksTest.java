package io.hypernetes.hyperd.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchDisksTest {
    @TempDir
    Path folder;

    @Test
    void disksOfOneFormAreWholeAndHaveKeysOfTheirOwn() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/sbin/mke2fs")) || Files.isExecutable(Path.of("/sbin/mke2fs")), "needs e2fsprogs");
        ScratchDisks disks = new ScratchDisks(folder);
        for (long bytes : List.of(32L << 20, 10L << 30)) {
            for (boolean quotas : List.of(false, true)) {
                List<String> keys = new ArrayList<>();
                for (String id : List.of("formatted", "copied", "copied-too")) {
                    Path disk = disks.make(id, bytes, quotas);
                    assertThat(Files.size(disk)).isEqualTo(bytes);
                    assertThat(said("e2fsck", "-fn", disk.toString())).as("%s of %d bytes", id, bytes).contains("Pass 5").doesNotContain("rror");
                    String superblock = said("dumpe2fs", "-h", disk.toString());
                    assertThat(superblock).doesNotContain("has_journal").contains("metadata_csum");
                    assertThat(superblock.contains("project")).isEqualTo(quotas);
                    keys.add(superblock.lines().filter(line -> line.startsWith("Directory Hash Seed")).findFirst().orElseThrow());
                }
                assertThat(keys).doesNotHaveDuplicates();
            }
        }
        assertThat(disks.present()).containsExactlyInAnyOrder("formatted", "copied", "copied-too");
    }

    @Test
    void aDiskTakesWhatIsWrittenToIt() throws Exception {
        ScratchDisks disks = new ScratchDisks(folder);
        assertThat(disks.usedBytes("web")).isZero();
        try (RandomAccessFile disk = new RandomAccessFile(disks.file("web").toFile(), "rw")) {
            disk.setLength(10L << 30);
            disk.seek(5L << 30);
            disk.write(new byte[3 << 20]);
        }
        assertThat(disks.usedBytes("web")).isBetween(3L << 20, 4L << 20);
    }

    private static String said(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }
}
