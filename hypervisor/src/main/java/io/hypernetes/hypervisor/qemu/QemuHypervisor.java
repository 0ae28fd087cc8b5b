package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.Checkpointing;
import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.Hypervisor;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.Templating;
import io.hypernetes.hypervisor.qemu.QemuSettings.Accelerator;
import io.hypernetes.linux.Cgroups;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.FileLock;
import io.hypernetes.linux.ErrnoException;
import io.hypernetes.linux.HostBoot;
import io.hypernetes.linux.HostProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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

    private final Cgroups cgroups;
    private final UidBlock block;
    private final QemuLauncher launcher;
    private final QemuCommand command;
    private final String description;
    private final String program;
    private final String type;
    private final boolean forks;
    private final boolean emulates;
    private final GuestKernel usual;

    /// @param kernel the kernel that most guests boot: KVM is tried with it, once for each boot of the host
    /// @throws HypervisorException when QEMU or the jailer cannot be run, or KVM is demanded and does not work
    public QemuHypervisor(QemuSettings settings, GuestKernel kernel) {
        this.cgroups = Cgroups.discover();
        String version = version(settings.qemu());
        if (!Files.isExecutable(settings.jailer())) {
            throw new HypervisorException("no jailer at " + settings.jailer() + ": build it with make -C jailer");
        }
        this.block = UidBlock.claim(
                settings.uidClaims(), settings.stateFolder().toAbsolutePath().toString(), settings.firstUid(), settings.uidCount());
        boolean made = false;
        try {
            Uids uids = block.uids(new SecureRandom());
            Optional<String> without = settings.accelerator() == Accelerator.TCG
                    ? Optional.of("not wanted by the settings")
                    : new KvmProbe(settings, uids).whyNot(kernel);
            if (settings.accelerator() == Accelerator.KVM && without.isPresent()) {
                throw new HypervisorException("KVM is demanded by the settings but cannot be used: " + without.get()
                        + "; let the accelerator be chosen, or repair KVM");
            }
            boolean kvm = without.isEmpty();
            this.emulates = !kvm;
            this.launcher = new QemuLauncher(settings, kvm, cgroups, uids);
            this.command = new QemuCommand(settings.qemu(), settings.machine(), kvm, kvm ? 0 : tscKhz(settings.jailer()));
            this.forks = new Jail(settings, kvm).canFork();
            this.usual = kernel;
            this.program = "qemu " + version + (kvm ? " with kvm" : " with tcg");
            this.type = settings.machine().name().toLowerCase(Locale.ROOT);
            this.description = "qemu " + version + ", " + settings.machine().name().toLowerCase(Locale.ROOT) + ", "
                    + without.map(reason -> "tcg (KVM unusable: " + reason + ")").orElse("kvm");
            made = true;
        } finally {
            if (!made) {
                block.close();
            }
        }
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
    public boolean emulates() {
        return emulates;
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Machine start(MachineSpec spec) {
        if (spec.volumes().size() > MachineSpec.MOST_VOLUMES) {
            throw new HypervisorException("machine " + spec.name() + " was asked for with " + spec.volumes().size() + " volumes; a machine can have "
                    + MachineSpec.MOST_VOLUMES);
        }
        List<Integer> ours = new ArrayList<>();
        try {
            ours.add(Descriptors.openForReadingAndWriting(spec.scratchDisk()));
            // In the order of the numbers in QemuCommand.
            List<Integer> given = new ArrayList<>(ours);
            if (spec.nic() != null) {
                given.add(spec.nic().tapDescriptor());
            }
            for (MachineSpec.Volume volume : spec.volumes()) {
                int disk = volume.readOnly() ? Descriptors.openForReading(volume.file()) : Descriptors.openForReadingAndWriting(volume.file());
                ours.add(disk);
                given.add(disk);
                // The process that is about to get the descriptor keeps the lock for as long as it lives.
                if (!FileLock.tryLock(disk, volume.readOnly())) {
                    throw new HypervisorException("machine " + spec.name() + ": the disk " + volume.file() + " is in use by another machine; "
                            + "one machine at a time may write to a disk, and no other may read it meanwhile");
                }
            }
            return launcher.launch(new QemuLauncher.Order(
                    new MachinePlace(spec.uuid(), spec.name(), spec.folder(), spec.cgroupParent()),
                    spec.vcpus(),
                    spec.hostMemoryLimitMib(),
                    launcher.jailed(command.full(spec), List.of(spec.kernel().image(), spec.kernel().initramfs()), given)));
        } finally {
            ours.forEach(Descriptors::close);
        }
    }

    @Override
    public Optional<Templating> templating() {
        return Optional.of(new QemuTemplating(launcher, command, forks ? usual : null));
    }

    @Override
    public Optional<Checkpointing> checkpointing() {
        return Optional.of(new QemuCheckpointing(launcher, command, cgroups, program, type));
    }

    @Override
    public Optional<Machine> adopt(MachineRecord record) {
        Optional<HostProcess> found;
        try {
            found = record.bootId().equals(HostBoot.id()) ? HostProcess.find(record.pid(), record.startTimeTicks()) : Optional.empty();
        } catch (ErrnoException | UncheckedIOException ours) {
            throw new HypervisorException("looking for machine " + record.name() + " (pid " + record.pid() + "): " + ours.getMessage(), ours);
        }
        if (found.isPresent()) {
            HostProcess process = found.get();
            try {
                QemuMachine machine = QemuMachine.adopt(record, process, cgroups, RECOGNISE);
                machine.watch();
                LOG.info("event=machine-adopted name={} pid={}", record.name(), record.pid());
                return Optional.of(machine);
            } catch (IOException failure) {
                // It is ours, by pid and start time, but cannot be steered any more: then it is worth nothing.
                LOG.warn("event=machine-not-adopted name={} pid={} reason=\"{}\"", record.name(), record.pid(), failure.getMessage());
                QemuMachine.kill(process);
            } catch (RuntimeException ours) {
                process.close();
                throw new HypervisorException("adopting machine " + record.name() + " (pid " + record.pid() + "), which runs on: " + ours.getMessage(), ours);
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
        QemuMachine.remove(folder, QemuLauncher.cgroup(cgroupParent, name), cgroups);
    }

    @Override
    public void close() {
        block.close();
        LOG.info("event=hypervisor-closed");
    }
}
