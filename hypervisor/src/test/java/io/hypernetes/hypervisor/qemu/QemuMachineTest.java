package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.linux.Cgroups;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.HostBoot;
import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.Spawn;
import io.hypernetes.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
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

    /// Whose process it is was known before; a host that is busy must not cost a pod its life.
    @Test
    void oneThatSaysNothingInTimeIsAdopted(@TempDir Path folder) throws Exception {
        Descriptors.makeFifo(folder.resolve(QemuMachine.CONSOLE));
        int listening = UnixSocket.listen(folder.resolve(QemuMachine.QMP), 1);
        HostProcess process = Spawn.of(List.of("sleep", "1000")).start();
        try {
            // The second and third find the places of those taken who wait to be served.
            for (int i = 0; i < 3; i++) {
                QemuMachine machine = QemuMachine.adopt(record(folder, process), process, Cgroups.discover(), Duration.ofMillis(50));
                assertThat(machine.record().pid()).isEqualTo(process.pid());
            }
            assertThat(HostProcess.find(process.pid(), process.startTimeTicks())).isPresent();
        } finally {
            QemuMachine.kill(process);
            Descriptors.close(listening);
        }
    }

    @Test
    void oneThatNobodyCanSteerAnyMoreIsNot(@TempDir Path folder) throws Exception {
        HostProcess process = Spawn.of(List.of("sleep", "1000")).start();
        try {
            MachineRecord record = record(folder, process);
            assertThatThrownBy(() -> QemuMachine.adopt(record, process, Cgroups.discover(), Duration.ofSeconds(5))).isInstanceOf(NoSuchFileException.class);
            Descriptors.makeFifo(folder.resolve(QemuMachine.CONSOLE));
            assertThatThrownBy(() -> QemuMachine.adopt(record, process, Cgroups.discover(), Duration.ofSeconds(5))).isInstanceOf(IOException.class).hasMessageContaining("ENOENT");
            Descriptors.close(UnixSocket.listen(folder.resolve(QemuMachine.QMP), 1));
            assertThatThrownBy(() -> QemuMachine.adopt(record, process, Cgroups.discover(), Duration.ofSeconds(5)))
                    .isInstanceOf(IOException.class).hasMessageContaining("ECONNREFUSED");
        } finally {
            QemuMachine.kill(process);
        }
    }

    private static MachineRecord record(Path folder, HostProcess process) {
        return new MachineRecord(UUID.randomUUID(), "silent", folder, process.pid(), process.startTimeTicks(), HostBoot.id(), "hn-silent");
    }
}
