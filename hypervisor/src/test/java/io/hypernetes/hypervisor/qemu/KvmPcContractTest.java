package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.qemu.QemuSettings.MachineType;

/// The same on a PC.
class KvmPcContractTest extends KvmContractTest {
    @Override
    QemuSettings settings() {
        return super.settings().withMachine(MachineType.Q35);
    }
}
