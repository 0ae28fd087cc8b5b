package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.hypervisor.Hypervisor;
import io.hypernetes.hypervisor.qemu.QemuSettings.Accelerator;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/// The contract where the probe finds that KVM works: `integration/kvm/test` makes such a machine, several times slower than hardware.
@EnabledIfSystemProperty(named = "hypernetes.test.kvm", matches = "true", disabledReason = "integration/kvm/test runs it, where KVM works")
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class KvmContractTest extends QemuContractTest {
    @Override
    QemuSettings settings() {
        return super.settings().withAccelerator(Accelerator.PROBE).withTimeouts(Duration.ofSeconds(150), Duration.ofSeconds(120));
    }

    @Override
    protected Hypervisor hypervisor() {
        Hypervisor hypervisor = super.hypervisor();
        assertThat(hypervisor.description()).endsWith(" kvm");
        assertThat(hypervisor.emulates()).isFalse();
        return hypervisor;
    }
}
