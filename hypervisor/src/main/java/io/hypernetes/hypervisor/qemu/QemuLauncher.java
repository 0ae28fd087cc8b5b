package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.linux.Cgroups;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.HostBoot;
import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Starts a QEMU process in a jail, with everything of it on the host: folder, sockets, console, cgroup, user id. Safe for use by many
/// threads.
final class QemuLauncher {
    private static final Logger LOG = LoggerFactory.getLogger(QemuLauncher.class);
    private static final int BACKLOG = 8;
    /// QEMU's own: 64 for disks, a few more.
    private static final int MOST_THREADS = 96;

    private final QemuSettings settings;
    private final boolean kvm;
    private final Cgroups cgroups;
    private final Uids uids;

    QemuLauncher(QemuSettings settings, boolean kvm, Cgroups cgroups, Uids uids) {
        this.settings = settings;
        this.kvm = kvm;
        this.cgroups = cgroups;
        this.uids = uids;
    }

    /// A machine's process to be begun.
    ///
    /// @param vcpus virtual processors: its cgroup gets as much processor time, and one processor's worth more
    /// @param memoryLimitMib limit of its cgroup, 0 for none
    record Order(MachinePlace place, int vcpus, int memoryLimitMib, Beginning beginning) {}

    /// Begins a process for a machine that has its folder and cgroup.
    interface Beginning {
        /// @param uid the user that it must be
        /// @param groups the folders of its cgroup
        HostProcess begin(MachinePlace place, int uid, List<Path> groups, Channels channels);
    }

    /// What every machine has on the host, as descriptors of ours that are closed when the process has begun.
    record Channels(int nothing, int console, int qmp, int guest) {}

    /// A new process in a jail.
    ///
    /// @param shown files of the host that it sees beside its own program and libraries
    /// @param descriptors of ours, which become its numbers from [QemuCommand#FIRST_OWN] on
    Beginning jailed(List<String> command, List<Path> shown, List<Integer> descriptors) {
        return (place, uid, groups, channels) ->
                new Jail(settings, kvm).start(command, shown, root(place), uid, groups, given(channels, descriptors));
    }

    /// As [#jailed], of a process that will be forked.
    Beginning forking(List<String> command, List<Path> shown, List<Integer> descriptors) {
        return (place, uid, groups, channels) ->
                new Jail(settings, kvm).startForking(command, shown, root(place), groups, given(channels, descriptors));
    }

    private static Path root(MachinePlace place) {
        return place.folder().resolve(QemuMachine.ROOT);
    }

    // In the order of the numbers in QemuCommand.
    private static List<Integer> given(Channels channels, List<Integer> own) {
        List<Integer> given = new ArrayList<>(
                List.of(channels.nothing(), channels.console(), channels.console(), channels.qmp(), channels.console(), channels.guest()));
        given.addAll(own);
        return given;
    }

    /// Returns when the control socket answers.
    QemuMachine launch(Order order) {
        return launch(order, () -> qmp -> {});
    }

    /// As [#launch(Order)], with what is said to the machine in the same conversation, at once.
    ///
    /// @param first tells what, when the process has begun
    QemuMachine launch(Order order, Supplier<QemuMachine.Steps> first) {
        MachinePlace place = order.place();
        long begin = System.nanoTime();
        String cgroup = cgroup(place.cgroupParent(), place.name());
        QemuMachine.remove(place.folder(), cgroup, cgroups);
        int uid = uids.take();
        boolean started = false;
        HostProcess process = null;
        ConsoleTail console = null;
        try {
            makeFolder(place.folder());
            console = ConsoleTail.of(place.folder().resolve(QemuMachine.CONSOLE));
            List<Path> groups = cgroups.create(cgroup);
            cgroups.limitPids(cgroup, MOST_THREADS + order.vcpus());
            cgroups.limitCpu(cgroup, order.vcpus() + 1);
            if (order.memoryLimitMib() > 0) {
                cgroups.limitMemory(cgroup, order.memoryLimitMib());
            }
            long prepared = System.nanoTime();
            process = begin(order, uid, groups);
            console.follow(place.name());
            long spawned = System.nanoTime();
            MachineRecord record = new MachineRecord(
                    place.uuid(), place.name(), place.folder(), process.pid(), process.startTimeTicks(), HostBoot.id(), cgroup);
            QemuMachine machine = new QemuMachine(record, process, console, cgroups);
            QemuMachine.Steps steps = first.get();
            machine.recognise(settings.startTimeout(), steps);
            long answered = System.nanoTime();
            LOG.info("event=machine-started name={} pid={} accelerator={} prepareMs={} spawnMs={} qmpMs={}",
                    place.name(), process.pid(), kvm ? "kvm" : "tcg", millis(prepared - begin), millis(spawned - prepared), millis(answered - spawned));
            started = true;
            machine.watch();
            return machine;
        } catch (IOException | RuntimeException failure) {
            throw new HypervisorException(
                    "starting machine " + place.name() + " in " + place.folder() + ": " + failure.getMessage() + ended(process, console), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new HypervisorException("interrupted while starting machine " + place.name(), interrupted);
        } finally {
            uids.giveBack(uid);
            if (!started) {
                if (process != null) {
                    QemuMachine.kill(process);
                } else if (console != null) {
                    console.discard();
                }
                QemuMachine.remove(place.folder(), cgroup, cgroups);
            }
        }
    }

    static String cgroup(String parent, String name) {
        return parent + "/" + name;
    }

    private static void makeFolder(Path folder) throws IOException {
        Files.createDirectories(folder.toAbsolutePath().getParent());
        Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.createDirectory(folder.resolve(QemuMachine.ROOT));
        Descriptors.makeFifo(folder.resolve(QemuMachine.CONSOLE));
    }

    private static HostProcess begin(Order order, int uid, List<Path> groups) {
        Path folder = order.place().folder();
        List<Integer> ours = new ArrayList<>();
        try {
            return order.beginning().begin(order.place(), uid, groups, new Channels(
                    opened(ours, Descriptors.openForReading(Path.of("/dev/null"))),
                    opened(ours, Descriptors.openFifoForWriting(folder.resolve(QemuMachine.CONSOLE))),
                    opened(ours, UnixSocket.listen(folder.resolve(QemuMachine.QMP), BACKLOG)),
                    opened(ours, UnixSocket.listen(folder.resolve(QemuMachine.GUEST), BACKLOG))));
        } finally {
            ours.forEach(Descriptors::close);
        }
    }

    private static int opened(List<Integer> ours, int descriptor) {
        ours.add(descriptor);
        return descriptor;
    }

    /// What a process that failed to start said, for the message.
    private static String ended(@Nullable HostProcess process, @Nullable ConsoleTail console) {
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
}
