package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.Hypervisor;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.qemu.QemuSettings.Accelerator;
import io.hypernetes.linux.Cgroups;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.HostBoot;
import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Machines by QEMU, each in a jail, with listening sockets for its control and its guest channel so that an engine that comes back
/// finds them again.
public final class QemuHypervisor implements Hypervisor {
    private static final Logger LOG = LoggerFactory.getLogger(QemuHypervisor.class);
    private static final Duration RECOGNISE = Duration.ofSeconds(5);
    private static final int BACKLOG = 8;

    private final QemuSettings settings;
    private final Cgroups cgroups;
    private final Uids uids;
    private final boolean kvm;
    private final long tscKhz;
    private final String description;

    /// @param kernel the kernel that most guests boot: KVM is tried with it, once for each boot of the host
    /// @throws HypervisorException when QEMU or the jailer cannot be run, or KVM is demanded and does not work
    public QemuHypervisor(QemuSettings settings, GuestKernel kernel) {
        this.settings = settings;
        this.cgroups = Cgroups.discover();
        this.uids = new Uids(settings.firstUid(), settings.uidCount(), new SecureRandom());
        String version = version(settings.qemu());
        if (!Files.isExecutable(settings.jailer())) {
            throw new HypervisorException("no jailer at " + settings.jailer() + ": build it with make -C jailer");
        }
        Optional<String> without = settings.accelerator() == Accelerator.TCG
                ? Optional.of("not wanted by the settings")
                : new KvmProbe(settings).whyNot(kernel);
        if (settings.accelerator() == Accelerator.KVM && without.isPresent()) {
            throw new HypervisorException("KVM is demanded by the settings but cannot be used: " + without.get()
                    + "; let the accelerator be chosen, or repair KVM");
        }
        this.kvm = without.isEmpty();
        this.tscKhz = kvm ? 0 : tscKhz(settings.jailer());
        this.description = "qemu " + version + ", " + settings.machine().name().toLowerCase(Locale.ROOT) + ", "
                + without.map(reason -> "tcg (KVM unusable: " + reason + ")").orElse("kvm");
    }

    private static String version(Path qemu) {
        String printed = ask("install qemu-system-x86", qemu.toString(), "--version");
        return printed.replaceFirst("^QEMU emulator version ", "").replaceFirst("(?s)[ \n].*", "");
    }

    private static long tscKhz(Path jailer) {
        String printed = ask("build it again with make -C jailer", jailer.toString(), "--tsc-khz");
        if (!printed.matches("[0-9]{1,9}")) {
            throw new HypervisorException(jailer + " --tsc-khz printed '" + printed + "'; build it again with make -C jailer");
        }
        return Long.parseLong(printed);
    }

    private static String ask(String remedy, String... command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            process.waitFor();
            return printed;
        } catch (IOException failure) {
            throw new HypervisorException("cannot run " + command[0] + ": " + remedy, failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HypervisorException("interrupted while running " + String.join(" ", command), interrupted);
        }
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Machine start(MachineSpec spec) {
        long begin = System.nanoTime();
        String cgroup = cgroup(spec.cgroupParent(), spec.name());
        removeRemains(spec.name(), spec.folder(), spec.cgroupParent());
        int uid = uids.take();
        boolean started = false;
        HostProcess process = null;
        ConsoleTail console = null;
        try {
            makeFolder(spec.folder());
            console = ConsoleTail.of(spec.folder().resolve(QemuMachine.CONSOLE));
            List<Path> groups = cgroups.create(cgroup);
            if (spec.hostMemoryLimitMib() > 0) {
                cgroups.limitMemory(cgroup, spec.hostMemoryLimitMib());
            }
            long prepared = System.nanoTime();
            process = launch(spec, uid, groups);
            console.follow(spec.name());
            long spawned = System.nanoTime();
            MachineRecord record = new MachineRecord(
                    spec.uuid(), spec.name(), spec.folder(), process.pid(), process.startTimeTicks(), HostBoot.id(), cgroup);
            QemuMachine machine = new QemuMachine(record, process, console, cgroups);
            machine.recognise(settings.startTimeout());
            long answered = System.nanoTime();
            LOG.info("event=machine-started name={} pid={} accelerator={} prepareMs={} spawnMs={} qmpMs={}",
                    spec.name(), process.pid(), kvm ? "kvm" : "tcg", millis(prepared - begin), millis(spawned - prepared), millis(answered - spawned));
            started = true;
            machine.watch();
            return machine;
        } catch (IOException | RuntimeException failure) {
            throw new HypervisorException(
                    "starting machine " + spec.name() + " in " + spec.folder() + ": " + failure.getMessage() + ended(process, console), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HypervisorException("interrupted while starting machine " + spec.name(), interrupted);
        } finally {
            uids.giveBack(uid);
            if (!started) {
                if (process != null) {
                    kill(process);
                } else if (console != null) {
                    console.discard();
                }
                removeRemains(spec.name(), spec.folder(), spec.cgroupParent());
            }
        }
    }

    private void makeFolder(Path folder) throws IOException {
        Files.createDirectories(folder.toAbsolutePath().getParent());
        Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.createDirectory(folder.resolve(QemuMachine.ROOT));
        Descriptors.makeFifo(folder.resolve(QemuMachine.CONSOLE));
    }

    private HostProcess launch(MachineSpec spec, int uid, List<Path> groups) {
        List<Integer> ours = new ArrayList<>();
        try {
            int nothing = opened(ours, Descriptors.openForReading(Path.of("/dev/null")));
            int console = opened(ours, Descriptors.openFifoForWriting(spec.folder().resolve(QemuMachine.CONSOLE)));
            int qmp = opened(ours, UnixSocket.listen(spec.folder().resolve(QemuMachine.QMP), BACKLOG));
            int guest = opened(ours, UnixSocket.listen(spec.folder().resolve(QemuMachine.GUEST), BACKLOG));
            int scratch = opened(ours, Descriptors.openForReadingAndWriting(spec.scratchDisk()));
            // In the order of the numbers in QemuCommand.
            List<Integer> given = new ArrayList<>(List.of(nothing, console, console, qmp, console, guest, scratch));
            if (spec.nic() != null) {
                given.add(spec.nic().tapDescriptor());
            }
            List<String> command = new QemuCommand(settings.qemu(), settings.machine(), kvm, tscKhz).full(spec);
            return new Jail(settings, kvm).start(command, spec.kernel(), spec.folder().resolve(QemuMachine.ROOT), uid, groups, given);
        } finally {
            ours.forEach(Descriptors::close);
        }
    }

    private static int opened(List<Integer> ours, int descriptor) {
        ours.add(descriptor);
        return descriptor;
    }

    @Override
    public Optional<Machine> adopt(MachineRecord record) {
        Optional<HostProcess> found = record.bootId().equals(HostBoot.id())
                ? HostProcess.find(record.pid(), record.startTimeTicks())
                : Optional.empty();
        if (found.isPresent()) {
            HostProcess process = found.get();
            try {
                ConsoleTail console = ConsoleTail.of(record.folder().resolve(QemuMachine.CONSOLE));
                console.follow(record.name());
                QemuMachine machine = new QemuMachine(record, process, console, cgroups);
                machine.recognise(RECOGNISE);
                machine.watch();
                LOG.info("event=machine-adopted name={} pid={}", record.name(), record.pid());
                return Optional.of(machine);
            } catch (IOException | RuntimeException failure) {
                // It is ours, by pid and start time, but cannot be steered any more: then it is worth nothing.
                LOG.warn("event=machine-not-adopted name={} pid={} reason=\"{}\"", record.name(), record.pid(), failure.getMessage());
                kill(process);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                process.close();
                throw new HypervisorException("interrupted while adopting machine " + record.name(), interrupted);
            }
        }
        QemuMachine.remove(record.folder(), record.cgroup(), cgroups);
        return Optional.empty();
    }

    @Override
    public void removeRemains(String name, Path folder, String cgroupParent) {
        QemuMachine.remove(folder, cgroup(cgroupParent, name), cgroups);
    }

    private static String cgroup(String parent, String name) {
        return parent + "/" + name;
    }

    private static void kill(HostProcess process) {
        try (process) {
            process.signal(HostProcess.SIGKILL);
            process.awaitExit(RECOGNISE);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// What a process that failed to start said, for the message.
    private static String ended(@org.jspecify.annotations.Nullable HostProcess process, @org.jspecify.annotations.Nullable ConsoleTail console) {
        if (process == null || console == null) {
            return "";
        }
        try {
            String status = process.awaitExit(Duration.ofMillis(200)).map(Object::toString).orElse("still running");
            console.awaitEnd(Duration.ofMillis(200));
            return " (QEMU: " + status + "; it printed: " + console.lastLines(5) + ")";
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return "";
        }
    }

    private static long millis(long nanos) {
        return nanos / 1_000_000;
    }

    @Override
    public void close() {
        LOG.info("event=hypervisor-closed");
    }
}
