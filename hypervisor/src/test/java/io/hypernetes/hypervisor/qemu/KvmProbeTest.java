package io.hypernetes.hypervisor.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.hypervisor.GuestKernel;
import io.hypernetes.hypervisor.GuestKernels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class KvmProbeTest {
    private static final Uids UIDS = new Uids(0x6fff0000, 16, new java.util.Random());

    @TempDir
    Path temp;

    @Test
    void withoutADeviceThereIsNoKvm() {
        KvmProbe probe = new KvmProbe(QemuSettings.standard(QemuContractTest.JAILER, temp), UIDS, temp.resolve("kvm"));
        assertThat(probe.whyNot(new GuestKernel("x", temp, temp, true))).contains("no " + temp.resolve("kvm"));
    }

    @Test
    void theAnswerComesInTimeAndIsKept() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/kvm")), "no /dev/kvm");
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        QemuContractTest.run("make", "-s", "-C", "../jailer");
        Path init = Files.writeString(temp.resolve("init"), "never run");
        GuestKernel kernel = new GuestKernels(Path.of("/nonexistent"), init, temp.resolve("cache")).find();
        QemuSettings settings = QemuSettings.standard(QemuContractTest.JAILER, temp.resolve("state"));
        Optional<String> answer = new KvmProbe(settings, UIDS).whyNot(kernel);
        answer.ifPresent(why -> assertThat(why).hasSizeBetween(5, 76).doesNotContain("\n"));
        try (QemuHypervisor hypervisor = new QemuHypervisor(settings, kernel)) {
            assertThat(hypervisor.description()).hasSizeLessThan(119).contains(answer.orElse("kvm"));
            assertThat(hypervisor.emulates()).isEqualTo(answer.isPresent());
        }
        System.out.println("KVM here: " + answer.map(why -> "not usable: " + why).orElse("usable"));
        Instant begin = Instant.now();
        assertThat(new KvmProbe(settings, UIDS).whyNot(kernel)).isEqualTo(answer);
        assertThat(Duration.between(begin, Instant.now())).isLessThan(Duration.ofMillis(100));
        try (Stream<Path> left = Files.list(temp.resolve("state"))) {
            assertThat(left).containsExactly(temp.resolve("state/kvm-probe"));
        }
        // A jailer that says something else of it, as on another host.
        Path optimist = Files.writeString(temp.resolve("jailer"), "#!/bin/sh\n[ \"$1\" = --kvm-probe ] && echo usable && exit\nexec " + QemuContractTest.JAILER + " \"$@\"\n");
        Files.setPosixFilePermissions(optimist, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        QemuSettings other = QemuSettings.standard(optimist, temp.resolve("other"));
        Optional<String> booted = new KvmProbe(other, UIDS).whyNot(kernel);
        assertThat(booted.isEmpty()).as("what a boot says, %s, and a small guest, %s", booted, answer).isEqualTo(answer.isEmpty());
        try (Stream<Path> left = Files.list(temp.resolve("other"))) {
            assertThat(left).containsExactly(temp.resolve("other/kvm-probe"));
        }
    }
}
