package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.GuestKernels;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.qemu.QemuSettings.Accelerator;
import io.hypernetes.linux.Cgroups;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a QEMU that its guest has taken over could reach: a program in its place looks (`src/test/guest/jailed.c`), with QEMU's arguments and
/// descriptors, started in QEMU's way; and QEMU itself is looked at from outside. Needs root.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class JailTest {
    private static final String PARENT = "hn-jail-" + ProcessHandle.current().pid();

    @TempDir
    Path temp;

    private final List<Machine> machines = new ArrayList<>();
    private final Taps taps = new Taps();
    private GuestKernel kernel;

    @BeforeEach
    void build() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        QemuContractTest.run("make", "-s", "-C", "../jailer");
        Path init = compiled("init");
        kernel = new GuestKernels(Path.of("/nonexistent"), init, temp.resolve("cache")).find();
    }

    @AfterEach
    void destroy() {
        machines.forEach(Machine::destroy);
        taps.close();
        Cgroups.discover().remove(PARENT);
    }

    @Test
    void whoeverIsInQemusPlaceReachesNothingOfTheHost() throws Exception {
        Path secret = Files.writeString(temp.resolve("secret"), "of the host");
        Machine machine = start("one", compiled("jailed"), 256);
        Machine neighbour = start("two", compiled("jailed"), 256);
        try (Prisoner prisoner = new Prisoner(machine);
                Prisoner other = new Prisoner(neighbour);
                ServerSocket listening = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            // Input, console twice, control, console, guest, scratch, tap; the tenth is the connection that asks.
            assertThat(prisoner.ask("descriptors").stream().filter(line -> Integer.parseInt(line.split(" ")[0]) < 8))
                    .containsExactly("0 device", "1 pipe", "2 pipe", "3 socket", "4 pipe", "5 socket", "6 file", "7 device");
            assertThat(prisoner.ask("descriptors").stream().filter(line -> Integer.parseInt(line.split(" ")[0]) >= 8)).allMatch(line -> line.endsWith("socket"));

            assertThat(prisoner.ask("folder /dev")).containsExactlyInAnyOrder("null", "urandom");
            assertThat(prisoner.ask("writable")).containsExactlyInAnyOrder("/dev/null", "/dev/urandom");
            for (String path : List.of("/etc/passwd", "/etc/shadow", "/proc", "/proc/1/environ", "/proc/self", "/sys", "/root", "/home", "/var",
                    "/run", "/dev/kvm", "/dev/mem", "/dev/net/tun", "/dev/vda", "/dev/sda", secret.toString(), machine.record().folder().toString(),
                    neighbour.record().folder().resolve("scratch").toString())) {
                assertThat(prisoner.ask("open " + path)).as(path).containsExactly("No such file or directory");
            }
            for (String path : List.of("/mine", "/dev/mine", "/usr/lib/mine", "/tmp")) {
                assertThat(prisoner.ask("make " + path)).as(path).doesNotContain("made");
            }
            assertThat(prisoner.ask("device /dev/disk 8 0")).doesNotContain("made");

            int uid = Integer.parseInt(prisoner.ask("who").getFirst().split(" ")[1]);
            int otherUid = Integer.parseInt(other.ask("who").getFirst().split(" ")[1]);
            assertThat(uid).isGreaterThanOrEqualTo(0x70000000).isNotEqualTo(otherUid);
            assertThat(prisoner.ask("who")).containsExactly(
                    "uids %1$d %1$d %1$d".formatted(uid), "gids %1$d %1$d %1$d".formatted(uid), "groups 0", "ambient 0", "no-new-privileges 1", "pid 1",
                    "parent 0", "Operation not permitted");
            assertThat(status(machine.record().pid())).contains("CapEff:\t0000000000000000", "CapPrm:\t0000000000000000");

            for (long pid : List.of(ProcessHandle.current().pid(), machine.record().pid(), neighbour.record().pid())) {
                assertThat(prisoner.ask("process " + pid)).containsExactly("No such process");
            }

            assertThat(prisoner.ask("network")).containsExactly("lo");
            for (String address : List.of("127.0.0.1", "10.0.0.1", "169.254.169.254")) {
                assertThat(prisoner.ask("tcp " + address + " " + listening.getLocalPort())).as(address).singleElement().asString().contains("unreachable");
            }
        }
    }

    @Test
    void limitsHold() throws Exception {
        Machine machine = start("limited", compiled("jailed"), 64);
        Cgroups cgroups = Cgroups.discover();
        assertThat(cgroups.processes(machine.record().cgroup())).containsExactly(machine.record().pid());
        try (Prisoner prisoner = new Prisoner(machine)) {
            assertThat(Integer.parseInt(prisoner.ask("children 300").getFirst())).isBetween(64, 100);
            assertThat(prisoner.ask("memory 16")).containsExactly("touched");
        }
        assertThat(setting(machine, "cpu.max", "cpu.cfs_quota_us")).startsWith("300000");
        // On a connection of its own: there is no answer.
        try (Prisoner prisoner = new Prisoner(machine)) {
            assertThat(prisoner.ask("memory 256")).doesNotContain("touched");
        }
        assertThat(machine.awaitExit(Duration.ofSeconds(60))).hasValueSatisfying(end -> assertThat(end).containsIgnoringCase("9"));
    }

    @Test
    void qemuHoldsWhatItWasGivenAndMayDoLittle() throws Exception {
        Machine machine = start("real", Path.of("/usr/bin/qemu-system-x86_64"), 512);
        long pid = machine.record().pid();
        try (Prisoner guest = new Prisoner(machine)) {
            // It has booted: all that QEMU ever opens is open.
            assertThat(guest.first("echo up")).isEqualTo("up");
            assertThat(status(pid)).contains("Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000");
            assertThat(status(pid)).containsPattern("NSpid:\t" + pid + "\t1\n");
            Set<String> files = new TreeSet<>();
            int sockets = 0;
            try (Stream<Path> all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
                for (Path fd : all.toList()) {
                    String target = Files.readSymbolicLink(fd).toString();
                    if (target.startsWith("socket:")) {
                        sockets++;
                    } else if (!target.startsWith("anon_inode:")) {
                        files.add(target);
                    }
                }
            }
            Path folder = machine.record().folder();
            assertThat(files).containsExactlyInAnyOrder(
                    "/dev/null", "/dev/net/tun", folder.resolve("console").toString(), temp.resolve("real.disk").toString());
            // The two that listen, and this test's connection; the control socket's is closed.
            assertThat(sockets).isBetween(3, 4);
            for (String space : List.of("net", "mnt", "pid", "ipc", "uts")) {
                assertThat(Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/" + space)))
                        .isNotEqualTo(Files.readSymbolicLink(Path.of("/proc/self/ns/" + space)));
            }
            try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
                for (Path task : tasks.toList()) {
                    assertThat(Files.readString(task.resolve("status"))).contains("Seccomp:\t2");
                }
            }
        }
    }

    private String setting(Machine machine, String unified, String first) throws IOException {
        for (Path folder : Cgroups.discover().folders(machine.record().cgroup())) {
            for (String name : List.of(unified, first)) {
                if (Files.exists(folder.resolve(name))) {
                    return Files.readString(folder.resolve(name));
                }
            }
        }
        throw new IOException("no " + unified + " of " + machine.record().cgroup());
    }

    private static String status(long pid) throws IOException {
        return Files.readString(Path.of("/proc/" + pid + "/status"));
    }

    private Path compiled(String name) throws Exception {
        Path program = temp.resolve(name + "-program");
        if (!Files.exists(program)) {
            QemuContractTest.run("musl-gcc", "-std=c11", "-O1", "-static", "-s", "-o", program.toString(), "src/test/guest/" + name + ".c");
        }
        return program;
    }

    private Machine start(String name, Path program, int memoryLimitMib) throws Exception {
        QemuSettings standard = QemuSettings.standard(QemuContractTest.JAILER, temp.resolve("state")).withAccelerator(Accelerator.TCG);
        QemuSettings settings = new QemuSettings(program, standard.jailer(), standard.stateFolder(), standard.accelerator(), standard.machine(),
                standard.firstUid(), standard.uidCount(), standard.uidClaims(), standard.probeTimeout(), Duration.ofSeconds(60));
        Path scratch = Files.write(temp.resolve(name + ".disk"), new byte[1 << 20]);
        try (QemuHypervisor hypervisor = new QemuHypervisor(settings, kernel)) {
            Machine machine = hypervisor.start(new MachineSpec(UUID.randomUUID(), name, temp.resolve(name), kernel, 2, 128, scratch,
                    new MachineSpec.Nic(taps.open(), "0a:58:0a:58:00:05"), PARENT, memoryLimitMib));
            machines.add(machine);
            return machine;
        }
    }

    /// Who answers on the guest's channel.
    private static final class Prisoner implements AutoCloseable {
        private final SocketChannel channel;
        private final BufferedReader lines;

        Prisoner(Machine machine) {
            channel = machine.connectGuest();
            lines = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        }

        String first(String line) throws IOException {
            channel.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
            return lines.readLine();
        }

        /// All lines up to the dot, or up to the end of the program.
        List<String> ask(String line) throws IOException {
            List<String> answer = new ArrayList<>();
            try {
                for (String got = first(line); got != null && !got.equals("."); got = lines.readLine()) {
                    answer.add(got);
                }
            } catch (IOException gone) {
                answer.add("gone");
            }
            return answer;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
