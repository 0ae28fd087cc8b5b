package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.linux.Cgroups;
import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.Spawn;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// How the ends of machines that never were any leave nothing.
@Timeout(60)
class QemuMachineTest {
    @Test
    void anInterruptedThreadEndsAProcessAllTheSame() {
        HostProcess process = Spawn.of(List.of("sleep", "1000")).start();
        Thread.currentThread().interrupt();
        QemuMachine.kill(process);
        assertThat(Thread.interrupted()).as("still interrupted").isTrue();
        assertThat(HostProcess.find(process.pid())).as("ended and reaped").isEmpty();
    }

    @Test
    void anInterruptedThreadRemovesWhatIsLeft(@TempDir Path temp) throws Exception {
        Cgroups cgroups = Cgroups.discover();
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        Path folder = Files.createDirectories(temp.resolve("machine/root")).getParent();
        String group = "hn-ends-" + ProcessHandle.current().pid();
        List<Path> groups = cgroups.create(group);
        HostProcess process = Spawn.of(List.of("sleep", "1000")).start();
        for (Path each : groups) {
            Files.writeString(each.resolve("cgroup.procs"), Long.toString(process.pid()));
        }
        Thread.currentThread().interrupt();
        QemuMachine.remove(folder, group, cgroups);
        assertThat(Thread.interrupted()).as("still interrupted").isTrue();
        assertThat(folder).doesNotExist();
        assertThat(cgroups.folders(group)).isEmpty();
        assertThat(HostProcess.find(process.pid())).as("ended and reaped").isEmpty();
    }
}
