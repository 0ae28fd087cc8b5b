package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.linux.Cgroups;
import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.Spawn;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What is left of machines where nothing tells of them any more, as when somebody removed the state folder of a cluster that ran.
@Timeout(60)
class DownTest {
    @Test
    void machinesThatNobodyKnowsAreEnded(@TempDir Path root) throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        Places places = Places.below(root);
        Settings settings = Settings.read(places.config(), List.of());
        assertThat(said(console -> NodePods.remove(places, settings, console))).as("nothing to do, nothing to say").isEmpty();
        assertThat(root).isEmptyDirectory();

        Cgroups cgroups = Cgroups.discover();
        String group = EngineParts.cgroup(places) + "/" + "ab".repeat(32);
        HostProcess machine = Spawn.of(List.of("sleep", "1000")).start();
        for (Path folder : cgroups.create(group)) {
            Files.writeString(folder.resolve("cgroup.procs"), Long.toString(machine.pid()));
        }
        assertThat(EngineParts.machineGroups(places)).containsExactly("ab".repeat(32));
        assertThat(said(console -> NodePods.remove(places, settings, console))).contains("Stop pods", "ended 1 machine(s) that ran on");
        assertThat(HostProcess.find(machine.pid(), machine.startTimeTicks())).isEmpty();
        assertThat(cgroups.folders(EngineParts.cgroup(places))).isEmpty();
        assertThat(said(console -> NodePods.remove(places, settings, console))).isEmpty();
    }

    /// A node that starts just now would make machines again.
    @Test
    void nothingIsEndedWhileANodeHoldsItsLock(@TempDir Path root) throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        Places places = Places.below(root);
        Settings settings = Settings.read(places.config(), List.of());
        Cgroups cgroups = Cgroups.discover();
        String group = EngineParts.cgroup(places) + "/one";
        cgroups.create(group);
        try (ProcessLock node = ProcessLock.take(places.lockOf("node"), "node")) {
            assertThatThrownBy(() -> said(console -> NodePods.remove(places, settings, console)))
                    .isInstanceOf(RuntimeException.class);
            assertThat(EngineParts.machineGroups(places)).containsExactly("one");
        } finally {
            cgroups.remove(group);
            cgroups.remove(EngineParts.cgroup(places));
        }
    }

    private interface Saying {
        void to(Console console);
    }

    private static String said(Saying saying) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        saying.to(new Console(new PrintStream(out, true, StandardCharsets.UTF_8), false));
        return out.toString(StandardCharsets.UTF_8);
    }
}
