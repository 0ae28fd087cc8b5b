package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.linux.Cgroups;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
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
        String parent = Installation.of(places).cgroup() + "-abcdef";
        Path disk = disk(places);
        Process machine = machine(parent + "/" + "ab".repeat(32), disk);
        Files.delete(disk);
        Files.delete(places.nodeState());
        Files.delete(places.state());
        assertThat(new MachinesLeft(places).names()).containsExactly("ab".repeat(32));
        assertThat(said(console -> NodePods.remove(places, settings, console))).contains("Stop pods", "ended 1 machine(s) that ran on");
        assertThat(machine.isAlive()).isFalse();
        assertThat(cgroups.folders(parent)).isEmpty();
        assertThat(said(console -> NodePods.remove(places, settings, console))).isEmpty();
    }

    /// As in a container that shares the host's cgroups and has a folder of its own at the same path.
    @Test
    void machinesOfAnotherInstallationWithTheSamePathAreLeftAlone(@TempDir Path root) throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        Places places = Places.below(root);
        Settings settings = Settings.read(places.config(), List.of());
        Cgroups cgroups = Cgroups.discover();
        Installation own = Installation.begun(places, new Random(1));
        assertThat(Installation.begun(places, new Random(2))).as("drawn once").isEqualTo(own).isEqualTo(Installation.of(places));
        String parent = new Installation(own.place(), "abcdef").cgroup();
        assertThat(parent).isNotEqualTo(own.cgroup());
        Process others = machine(parent + "/one", disk(places));
        Process ours = machine(own.cgroup() + "/two", disk(places));
        try {
            assertThat(new MachinesLeft(places).names()).containsExactly("two");
            assertThat(said(console -> NodePods.remove(places, settings, console))).contains("ended 1 machine(s) that ran on");
            assertThat(ours.isAlive()).isFalse();
            assertThat(others.isAlive()).isTrue();
        } finally {
            others.destroyForcibly().waitFor();
            cgroups.remove(parent + "/one");
            cgroups.remove(parent);
        }
    }

    @Test
    void anInstallationOfATimeWithoutIdsKeepsItsNames(@TempDir Path root) throws Exception {
        Places places = Places.below(root);
        Files.createDirectories(places.nodeState().resolve("journal"));
        Installation old = Installation.begun(places, new Random(1));
        assertThat(old.id()).isEmpty();
        assertThat(old.cgroup()).matches("hypernetes-[0-9a-f]{6}").endsWith(old.mark());
    }

    private static Path disk(Places places) throws Exception {
        return Files.writeString(Files.createDirectories(places.nodeState()).resolve("disk"), "of a machine");
    }

    private static Process machine(String group, Path disk) throws Exception {
        Process machine = new ProcessBuilder("sleep", "1000").redirectInput(disk.toFile()).start();
        for (Path folder : Cgroups.discover().create(group)) {
            Files.writeString(folder.resolve("cgroup.procs"), Long.toString(machine.pid()));
        }
        return machine;
    }

    /// A node that starts just now would make machines again.
    @Test
    void nothingIsEndedWhileANodeHoldsItsLock(@TempDir Path root) throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        Places places = Places.below(root);
        Settings settings = Settings.read(places.config(), List.of());
        Cgroups cgroups = Cgroups.discover();
        String parent = Installation.begun(places, new Random(1)).cgroup();
        String group = parent + "/one";
        cgroups.create(group);
        try (ProcessLock node = ProcessLock.take(places.lockOf("node"), "node")) {
            assertThatThrownBy(() -> said(console -> NodePods.remove(places, settings, console)))
                    .isInstanceOf(RuntimeException.class);
            assertThat(new MachinesLeft(places).names()).containsExactly("one");
        } finally {
            cgroups.remove(group);
            cgroups.remove(parent);
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
