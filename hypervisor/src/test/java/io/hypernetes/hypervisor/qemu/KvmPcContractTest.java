package io.hypernetes.hypervisor.qemu;

import io.hypernetes.hypervisor.qemu.QemuSettings.MachineType;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/// The same on a PC.
@EnabledIfSystemProperty(named = "hypernetes.test.kvm", matches = "true", disabledReason = "integration/kvm/test runs it, where KVM works")
class KvmPcContractTest extends KvmContractTest {
    @Override
    QemuSettings settings() {
        return super.settings().withMachine(MachineType.Q35);
    }
}
