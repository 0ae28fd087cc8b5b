package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.HypervisorException;
import io.hypernetes.hypervisor.Machine;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.hypervisor.ParkedMachine;
import io.hypernetes.linux.Cgroups;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// A restored QEMU process whose virtual CPUs stand still.
final class QemuParkedMachine implements ParkedMachine {
    private final QemuMachine machine;
    private final Cgroups cgroups;

    QemuParkedMachine(QemuMachine machine, Cgroups cgroups) {
        this.machine = machine;
        this.cgroups = cgroups;
    }

    @Override
    public MachineRecord record() {
        return machine.record();
    }

    @Override
    public Machine release(int hostMemoryLimitMib) {
        boolean released = false;
        try {
            if (hostMemoryLimitMib > 0) {
                cgroups.limitMemory(machine.record().cgroup(), hostMemoryLimitMib);
            }
            machine.steer("releasing", qmp -> qmp.execute("cont", Map.of()));
            released = true;
            return machine;
        } catch (RuntimeException failure) {
            throw failure instanceof HypervisorException known
                    ? known
                    : new HypervisorException("releasing machine " + machine.record().name() + ": " + failure.getMessage(), failure);
        } finally {
            if (!released) {
                machine.destroy();
            }
        }
    }

    @Override
    public Optional<String> ended() {
        try {
            return machine.awaitExit(Duration.ZERO);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    @Override
    public void destroy() {
        machine.destroy();
    }
}
