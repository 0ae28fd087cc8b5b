package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.qemu.QemuSettings.MachineType;

/// The contract on a PC, so that no habit of microvm becomes a promise.
class QemuPcContractTest extends QemuContractTest {
    @Override
    QemuSettings settings() {
        return super.settings().withMachine(MachineType.Q35);
    }
}
