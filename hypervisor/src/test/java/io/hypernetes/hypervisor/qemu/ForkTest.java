package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.GuestKernels;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineKind;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.hypervisor.qemu.QemuSettings.Accelerator;
import io.hypernetes.linux.Cgroups;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Copies that are forks, looked at from outside: they have what a machine that was started alone has, and nothing of their template's.
@Timeout(120)
class ForkTest {
    private static final String PARENT = "hn-fork-" + ProcessHandle.current().pid();
    private static final List<String> NAMESPACES = List.of("mnt", "net", "ipc", "uts", "pid");
    /// Those of /dev/null, console, control and guest channel, signals, tap, and QEMU's own events.
    private static final String ALLOWED = "/dev/null|/dev/net/tun|pipe:.*|.*/console|socket:.*|anon_inode:\\[(eventfd|signalfd)]";

    @TempDir
    Path temp;

    private final List<Machine> machines = new ArrayList<>();
    private final Taps taps = new Taps();
    private GuestKernel kernel;

    @BeforeEach
    void build() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        QemuContractTest.run("make", "-s", "-C", "../jailer");
        Path init = temp.resolve("init");
        QemuContractTest.run("musl-gcc", "-std=c11", "-O1", "-static", "-s", "-o", init.toString(), "src/test/guest/init.c");
        kernel = new GuestKernels(Path.of("/nonexistent"), init, temp.resolve("cache")).find();
    }

    @AfterEach
    void destroy() {
        machines.forEach(Machine::destroy);
        taps.close();
        Cgroups.discover().remove(PARENT);
    }

    @Test
    void aForkIsJailedLikeAnyMachineAndOutlivesItsTemplate() throws Exception {
        try (QemuHypervisor hypervisor = hypervisor()) {
            long[] pid = {0};
            Template template = hypervisor.templating().orElseThrow().make(
                    new MachineKind(kernel, 2, 256), place("template"), disk("template"), running -> pid[0] = running.record().pid());
            Machine one = copy(template, "one");
            Machine two = copy(template, "two");
            Set<String> ofTemplate = states(pid[0]), ofOne = states(one.record().pid()), ofTwo = states(two.record().pid());
            assertThat(List.of(ofTemplate, ofOne, ofTwo)).allSatisfy(states ->
                    assertThat(states).anyMatch(state -> state.startsWith("socket:")).anyMatch(state -> state.startsWith("eventfd-id")));
            assertThat(ofOne).as("what one fork shares with the other").doesNotContainAnyElementsOf(ofTwo);
            assertThat(ofTemplate).as("what the template shares with its forks").doesNotContainAnyElementsOf(ofOne).doesNotContainAnyElementsOf(ofTwo);
            for (Machine machine : machines) {
                Path proc = Path.of("/proc/" + machine.record().pid());
                List<String> status = Files.readAllLines(proc.resolve("status"));
                String uid = status.stream().filter(line -> line.startsWith("Uid:")).findFirst().orElseThrow().split("\t")[1];
                assertThat(Integer.parseInt(uid)).isGreaterThanOrEqualTo(0x70000000);
                assertThat(status).contains(
                        "Uid:\t%1$s\t%1$s\t%1$s\t%1$s".formatted(uid), "Gid:\t%1$s\t%1$s\t%1$s\t%1$s".formatted(uid), "Groups:\t ", "NoNewPrivs:\t1",
                        "Seccomp:\t2", "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
                        "CapAmb:\t0000000000000000", "PPid:\t" + ProcessHandle.current().pid(), "NSpid:\t" + machine.record().pid() + "\t1");
                for (String namespace : NAMESPACES) {
                    assertThat(namespace(machine.record().pid(), namespace)).as(namespace)
                            .isNotEqualTo(namespace(ProcessHandle.current().pid(), namespace))
                            .isNotEqualTo(namespace((machine == one ? two : one).record().pid(), namespace));
                }
                assertThat(proc.resolve("root")).isEmptyDirectory();
                assertThat(files(proc)).allMatch(file -> file.matches(ALLOWED) || file.endsWith("/scratch-" + machine.record().name()), "its own");
                assertThat(Files.readString(proc.resolve("cmdline"))).contains("guest=" + machine.record().name() + "\0").doesNotContain("guest=template");
                assertThat(Cgroups.discover().processes(machine.record().cgroup())).containsExactly(machine.record().pid());
                assertThat(Files.readString(proc.resolve("oom_score_adj")).strip()).isEqualTo("500");
            }
            assertThat(Files.getAttribute(Path.of("/proc/" + one.record().pid()), "unix:uid"))
                    .isNotEqualTo(Files.getAttribute(Path.of("/proc/" + two.record().pid()), "unix:uid"));
            template.close();
            Path late = disk("late");
            assertThatThrownBy(() -> template.copy(place("late"), new MachineSpec.Nic(taps.open(), ""), () -> late, 0))
                    .isInstanceOf(HypervisorException.class).hasMessageContaining("given up");
            one.pause();
            assertThat(one.isPaused()).isTrue();
            assertThat(two.isPaused()).isFalse();
            one.destroy();
            assertThat(one.awaitExit(Duration.ofSeconds(10))).hasValueSatisfying(how -> assertThat(how).contains("9"));
            assertThat(two.awaitExit(Duration.ZERO)).isEmpty();
        }
    }

    @Test
    void aDiskThatCannotBeMadeEndsTheCopyAndNotTheTemplate() throws Exception {
        try (QemuHypervisor hypervisor = hypervisor();
                Template template = hypervisor.templating().orElseThrow().make(new MachineKind(kernel, 1, 128), place("template"), disk("template"), running -> {})) {
            assertThatThrownBy(() -> template.copy(place("without"), new MachineSpec.Nic(taps.open(), ""), () -> {
                throw new IllegalStateException("the disk is full");
            }, 0)).isInstanceOf(HypervisorException.class).hasMessageContaining("the disk is full");
            assertThat(place("without").folder()).doesNotExist();
            assertThat(Cgroups.discover().folders(PARENT + "/without")).isEmpty();
            assertThat(copy(template, "one").isPaused()).isFalse();
        }
    }

    @Test
    void aTemplateWhoseProcessHasEndedSaysSoAndLeavesNothing() throws Exception {
        try (QemuHypervisor hypervisor = hypervisor()) {
            long[] pid = {0};
            MachinePlace place = place("template");
            Template template = hypervisor.templating().orElseThrow()
                    .make(new MachineKind(kernel, 1, 128), place, disk("template"), running -> pid[0] = running.record().pid());
            ProcessHandle.of(pid[0]).orElseThrow().destroyForcibly();
            Path disk = disk("copy");
            assertThatThrownBy(() -> template.copy(place("copy"), new MachineSpec.Nic(taps.open(), ""), () -> disk, 0)).hasMessageContaining("forking template");
            assertThat(place("copy").folder()).doesNotExist();
            template.close();
            template.close();
            assertThat(place.folder()).doesNotExist();
        }
    }

    private QemuHypervisor hypervisor() {
        return new QemuHypervisor(QemuSettings.standard(QemuContractTest.JAILER, temp.resolve("state")).withAccelerator(Accelerator.TCG), kernel);
    }

    private Machine copy(Template template, String name) throws IOException {
        Path disk = disk(name);
        Machine machine = template.copy(place(name), new MachineSpec.Nic(taps.open(), ""), () -> disk, 256);
        machines.add(machine);
        return machine;
    }

    private MachinePlace place(String name) {
        return new MachinePlace(UUID.randomUUID(), name, temp.resolve(name), PARENT);
    }

    private Path disk(String name) throws IOException {
        Path disk = temp.resolve("scratch-" + name);
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
            file.setLength(16 << 20);
        }
        return disk;
    }

    private static String namespace(long pid, String kind) throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/" + kind)).toString();
    }

    /// By what the host tells files with a state apart: inodes of pipes and sockets, ids of events. Signal files have none; `jailer/test/forks.c`
    /// compares those.
    private static Set<String> states(long pid) throws IOException {
        Path proc = Path.of("/proc/" + pid);
        Set<String> states = new TreeSet<>();
        try (Stream<Path> all = Files.list(proc.resolve("fd"))) {
            for (Path one : all.toList()) {
                String file = Files.readSymbolicLink(one).toString();
                if (file.startsWith("pipe:") || file.startsWith("socket:")) {
                    states.add(file);
                } else if (file.equals("anon_inode:[eventfd]")) {
                    Files.readAllLines(proc.resolve("fdinfo").resolve(one.getFileName())).stream()
                            .filter(line -> line.startsWith("eventfd-id"))
                            .forEach(states::add);
                }
            }
        }
        return states;
    }

    private static Set<String> files(Path proc) throws IOException {
        Set<String> files = new TreeSet<>();
        try (Stream<Path> all = Files.list(proc.resolve("fd"))) {
            for (Path one : all.toList()) {
                files.add(Files.readSymbolicLink(one).toString());
            }
        }
        return files;
    }
}
