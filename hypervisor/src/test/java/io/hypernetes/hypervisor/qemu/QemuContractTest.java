package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.GuestKernels;
import io.hypernetes.hypervisor.Hypervisor;
import io.hypernetes.hypervisor.HypervisorContract;
import io.hypernetes.hypervisor.MachineRecord;
import io.hypernetes.hypervisor.MachineSpec;
import io.hypernetes.hypervisor.qemu.QemuSettings.Accelerator;
import io.hypernetes.linux.Cgroups;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/// The contract on the machine type that hyperd uses, with the packaged kernel. Needs root, as the jailer does.
class QemuContractTest extends HypervisorContract {
    static final Path JAILER = Path.of("../jailer/build/jailer").toAbsolutePath().normalize();

    @TempDir
    static Path shared;

    private static Path init;
    private final Taps taps = new Taps();

    @BeforeAll
    static void build() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        run("make", "-s", "-C", "../jailer");
        init = shared.resolve("init");
        run("musl-gcc", "-std=c11", "-O1", "-static", "-s", "-o", init.toString(), "src/test/guest/init.c");
    }

    static void run(String... command) throws Exception {
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).as(String.join(" ", command)).isZero();
    }

    @AfterEach
    void closeTaps() {
        taps.close();
    }

    @AfterAll
    static void removeParent() {
        Cgroups.discover().remove(PARENT);
    }

    QemuSettings settings() {
        return QemuSettings.standard(JAILER, shared.resolve("state")).withAccelerator(Accelerator.TCG);
    }

    /// A folder with the project's own kernel, or one that does not exist for the packaged kernel.
    Path ownKernel() {
        return Path.of(System.getProperty("hypernetes.test.kernel", "/nonexistent"));
    }

    @Override
    protected Hypervisor hypervisor() {
        return new QemuHypervisor(settings(), kernel());
    }

    @Override
    protected GuestKernel kernel() {
        return new GuestKernels(ownKernel(), init, shared.resolve("cache")).find();
    }

    @Override
    protected MachineSpec.@Nullable Nic nic() {
        return new MachineSpec.Nic(taps.open(), "0a:58:0a:58:00:05");
    }

    @Override
    protected void assertNothingLeft(MachineRecord record) {
        assertThat(Cgroups.discover().folders(record.cgroup())).isEmpty();
    }
}
