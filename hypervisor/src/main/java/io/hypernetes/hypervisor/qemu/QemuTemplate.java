package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.MachineKind;
import io.hypernetes.hypervisor.MachinePlace;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.ParkedMachine;
import io.hypernetes.hypervisor.Template;
import io.hypernetes.hypervisor.Templating;
import io.hypernetes.linux.Cgroups;
import io.hypernetes.linux.Descriptors;
import java.nio.file.Path;
import java.util.List;
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
    private final Cgroups cgroups;
    private final long bytes;

    // Guarded by this.
    private boolean closed;

    /// @param memory descriptor, closed with the template
    /// @param state descriptor, closed with the template
    QemuTemplate(MachineKind kind, int memory, int state, QemuLauncher launcher, QemuCommand command, Cgroups cgroups) {
        this.kind = kind;
        this.memory = memory;
        this.state = state;
        this.launcher = launcher;
        this.command = command;
        this.cgroups = cgroups;
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
    public ParkedMachine park(MachinePlace place, MachineSpec.Nic nic, Path scratchDisk, Templating.Rest rest) {
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
                    place,
                    command.copy(place, kind),
                    List.of(QemuTemplating.DESCRIPTORS),
                    List.of(ram, nic.tapDescriptor()),
                    kind.vcpus(),
                    0));
            boolean parked = false;
            try {
                machine.steer("restoring", qmp -> {
                    QemuTemplating.migrate(qmp, "migrate-incoming", devices, true);
                    ScratchSlot.fill(qmp, scratchDisk);
                });
                if (rest != Templating.Rest.AT_ONCE) {
                    machine.resume();
                    rest.bring(machine);
                    machine.pause();
                }
                parked = true;
                return new QemuParkedMachine(machine, cgroups);
            } finally {
                if (!parked) {
                    machine.destroy();
                }
            }
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
