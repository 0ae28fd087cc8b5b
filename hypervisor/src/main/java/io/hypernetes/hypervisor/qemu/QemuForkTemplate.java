package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineKind;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.linux.HostProcess;
import io.hypernetes.linux.UnixSocket;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A process whose guest stands still, and which is forked for each copy.
final class QemuForkTemplate implements Template {
    private static final Logger LOG = LoggerFactory.getLogger(QemuForkTemplate.class);

    private final MachineKind kind;
    private final QemuMachine machine;
    private final QemuLauncher launcher;
    private final ForkServer server;
    private final long bytes;

    // Guarded by this.
    private boolean closed;

    /// @param machine destroyed with the template
    /// @param control the fork server's other end, closed with the template
    QemuForkTemplate(MachineKind kind, QemuMachine machine, UnixSocket control, QemuLauncher launcher) {
        this.kind = kind;
        this.machine = machine;
        this.server = new ForkServer(machine.record().name(), control);
        this.launcher = launcher;
        this.bytes = machine.usage().pssBytes();
    }

    @Override
    public MachineKind kind() {
        return kind;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public boolean sharesSecrets() {
        return true;
    }

    @Override
    public Machine copy(MachinePlace place, MachineSpec.Nic nic, Supplier<Path> scratchDisk, int hostMemoryLimitMib) {
        QemuLauncher.Beginning fork = (where, uid, groups, channels) -> fork(new ForkServer.Copy(
                where.uuid(), where.name(), uid, groups, channels.console(), channels.qmp(), channels.guest(), nic.tapDescriptor()));
        int limit = hostMemoryLimitMib == 0 ? 0 : hostMemoryLimitMib + QemuCommand.FORKS_MORE_MIB;
        return launcher.launch(new QemuLauncher.Order(place, kind.vcpus(), limit, fork), () -> {
            Path disk = scratchDisk.get();
            return qmp -> ScratchSlot.fillAndGo(qmp, disk);
        });
    }

    // One at a time: the server takes no other request meanwhile.
    private synchronized HostProcess fork(ForkServer.Copy copy) {
        if (closed) {
            throw new HypervisorException("copying a template for machine " + copy.name() + ": the template has been given up");
        }
        return server.fork(copy);
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            server.close();
            machine.destroy();
            LOG.info("event=template-closed kernel={} vcpus={} memory-mib={}", kind.kernel().version(), kind.vcpus(), kind.memoryMib());
        }
    }
}
