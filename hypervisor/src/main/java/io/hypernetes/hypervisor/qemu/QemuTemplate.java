package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineKind;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.linux.Descriptors;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Two sealed files in memory: the guest's RAM and the state of its devices.
final class QemuTemplate implements Template {
    private static final Logger LOG = LoggerFactory.getLogger(QemuTemplate.class);

    private final MachineKind kind;
    private final int memory;
    private final int state;
    private final QemuLauncher launcher;
    private final QemuCommand command;
    private final long bytes;

    // Guarded by this.
    private boolean closed;

    /// @param memory descriptor, closed with the template
    /// @param state descriptor, closed with the template
    QemuTemplate(MachineKind kind, int memory, int state, QemuLauncher launcher, QemuCommand command) {
        this.kind = kind;
        this.memory = memory;
        this.state = state;
        this.launcher = launcher;
        this.command = command;
        this.bytes = Descriptors.allocatedBytes(memory) + Descriptors.allocatedBytes(state);
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
        return false;
    }

    @Override
    public Machine copy(MachinePlace place, MachineSpec.Nic nic, Supplier<Path> scratchDisk, int hostMemoryLimitMib) {
        int ram;
        int devices;
        synchronized (this) {
            if (closed) {
                throw new HypervisorException("copying a template for machine " + place.name() + ": the template has been given up");
            }
            ram = Descriptors.duplicate(memory, 3);
            devices = Descriptors.reopenForReading(state);
        }
        try {
            QemuMachine machine = launcher.launch(new QemuLauncher.Order(
                    place, kind.vcpus(), hostMemoryLimitMib, launcher.jailed(
                            command.copy(place, kind), List.of(QemuTemplating.DESCRIPTORS), List.of(ram, nic.tapDescriptor()))));
            Path disk = machine.orDestroyed(scratchDisk);
            return machine.orDestroyed("restoring", qmp -> {
                QemuTemplating.migrate(qmp, "migrate-incoming", devices, true);
                ScratchSlot.fillAndGo(qmp, disk);
            });
        } finally {
            Descriptors.close(ram);
            Descriptors.close(devices);
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Descriptors.close(memory);
            Descriptors.close(state);
            LOG.info("event=template-closed kernel={} vcpus={} memory-mib={}", kind.kernel().version(), kind.vcpus(), kind.memoryMib());
        }
    }
}
