package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.MachineKind;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.hypervisor.Templating;
import io.hypernetes.linux.Descriptors;
import io.hypernetes.linux.NetworkDevices;
import io.hypernetes.linux.UnixSocket;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes templates, of which there are two sorts. A process that waits to be forked: its copies share the guest's memory and all code that
/// was translated for it. And two files in memory, for what cannot be forked (KVM), or must not be trusted as a process that makes jails is:
/// the guest's RAM, which outlives the machine and is sealed when it has ended, so that no copy, however subverted, can change what the others
/// start from; and the state of the devices, from QEMU's migration.
final class QemuTemplating implements Templating {
    /// The only path in the jail through which a passed descriptor can be opened as a file.
    static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    private static final Logger LOG = LoggerFactory.getLogger(QemuTemplating.class);
    private static final long MIB = 1 << 20;
    /// What a template's process may use beside its guest's memory: QEMU's heap, and the large cache of one that is forked. The kernel ends one that leaks.
    private static final int MORE_MIB = 512;

    private final QemuLauncher launcher;
    private final QemuCommand command;
    private final @Nullable GuestKernel forked;

    /// @param forked the kernel of the operator's own whose machines may be forked; null when none may
    QemuTemplating(QemuLauncher launcher, QemuCommand command, @Nullable GuestKernel forked) {
        this.launcher = launcher;
        this.command = command;
        this.forked = forked;
    }

    @Override
    public Template make(MachineKind kind, MachinePlace place, Path scratchDisk, Rest rest) {
        long begin = System.nanoTime();
        boolean forks = forked != null && forked.image().equals(kind.kernel().image());
        Template template = forks ? waiting(kind, place, scratchDisk, rest) : files(kind, place, scratchDisk, rest);
        LOG.info("event=template-made kernel={} vcpus={} memory-mib={} forks={} bytes={} millis={}",
                kind.kernel().version(), kind.vcpus(), kind.memoryMib(), forks, template.bytes(), (System.nanoTime() - begin) / 1_000_000);
        return template;
    }

    private Template waiting(MachineKind kind, MachinePlace place, Path scratchDisk, Rest rest) {
        UnixSocket.Pair control = UnixSocket.pair("the fork server of " + place.name());
        boolean made = false;
        try {
            QemuMachine machine = boot(kind, place, scratchDisk, rest, tap -> launcher.forking(
                    command.forking(place, kind), List.of(kind.kernel().image(), kind.kernel().initramfs()), List.of(control.theirs(), tap)),
                    qmp -> qmp.execute("stop", Map.of()));
            try {
                Template template = new QemuForkTemplate(kind, machine, control.ours(), launcher);
                made = true;
                return template;
            } finally {
                if (!made) {
                    machine.destroy();
                }
            }
        } finally {
            Descriptors.close(control.theirs());
            if (!made) {
                control.ours().close();
            }
        }
    }

    private Template files(MachineKind kind, MachinePlace place, Path scratchDisk, Rest rest) {
        int memory = Descriptors.memoryFile("hypernetes-ram", kind.memoryMib() * MIB);
        int state = -1;
        boolean made = false;
        try {
            int devices = Descriptors.memoryFile("hypernetes-state", 0);
            state = devices;
            boot(kind, place, scratchDisk, rest, tap -> launcher.jailed(
                    command.template(place, kind), List.of(kind.kernel().image(), kind.kernel().initramfs(), DESCRIPTORS), List.of(memory, tap)),
                    qmp -> {
                        qmp.execute("stop", Map.of());
                        migrate(qmp, "migrate", devices, true);
                    }).destroy();
            Descriptors.seal(memory);
            Descriptors.seal(state);
            made = true;
            return new QemuTemplate(kind, memory, state, launcher, command);
        } finally {
            if (!made) {
                Descriptors.close(memory);
                if (state >= 0) {
                    Descriptors.close(state);
                }
            }
        }
    }

    /// A machine of this kind whose guest has come to rest, and uses no disk.
    ///
    /// @param beginning its process, with this tap
    /// @param stopping makes it stand still
    private QemuMachine boot(
            MachineKind kind, MachinePlace place, Path scratchDisk, Rest rest, IntFunction<QemuLauncher.Beginning> beginning, QemuMachine.Steps stopping) {
        int tap = spareTap();
        QemuMachine machine;
        try {
            machine = launcher.launch(new QemuLauncher.Order(place, kind.vcpus(), kind.memoryMib() + MORE_MIB, beginning.apply(tap)));
        } finally {
            Descriptors.close(tap);
        }
        // A guest sees for ever the size that it met first, and copies come with larger disks.
        machine.orDestroyed("giving a disk to", qmp -> {
            try (RandomAccessFile file = new RandomAccessFile(scratchDisk.toFile(), "rw")) {
                file.setLength(QemuCommand.PLACEHOLDER_BYTES);
            }
            ScratchSlot.fill(qmp, scratchDisk);
        });
        boolean rests = false;
        try {
            rest.bring(machine);
            rests = true;
        } finally {
            if (!rests) {
                machine.destroy();
            }
        }
        return machine.orDestroyed("stopping", qmp -> {
            ScratchSlot.empty(qmp);
            stopping.run(qmp);
        });
    }

    /// Lets QEMU write its devices' state to a file, or read it, and waits until it says that it is done.
    ///
    /// @param verb `migrate` or `migrate-incoming`
    /// @param sharedApart whether memory that is shared with a file is left out
    static void migrate(Qmp qmp, String verb, int file, boolean sharedApart) throws IOException, InterruptedException {
        qmp.execute("migrate-set-capabilities", Map.of("capabilities", List.of(
                Map.of("capability", "x-ignore-shared", "state", sharedApart), Map.of("capability", "events", "state", true))));
        qmp.execute("getfd", Map.of("fdname", "state"), file);
        qmp.execute(verb, Map.of("uri", "fd:state"));
        String status = qmp.await("MIGRATION", data -> data.path("status").asString("").matches("completed|failed|cancelled"))
                .path("status").asString("");
        if (!status.equals("completed")) {
            throw new IOException("QEMU says of " + verb + ": " + status + " " + qmp.execute("query-migrate", Map.of()).path("error-desc").asString(""));
        }
    }

    /// A tap that leads nowhere: what the guest agrees on with its network card must be what it will have in a copy.
    private static int spareTap() {
        CompletableFuture<Integer> opened = new CompletableFuture<>();
        Thread.ofPlatform().name("template-tap").start(() -> {
            try {
                NetworkDevices.enterNewNamespace();
                opened.complete(NetworkDevices.openTap("template"));
            } catch (Throwable failure) {
                opened.completeExceptionally(failure);
            }
        });
        try {
            return opened.join();
        } catch (CompletionException failure) {
            throw new HypervisorException("making a tap for a template (needs root): " + failure.getCause(), failure);
        }
    }
}
