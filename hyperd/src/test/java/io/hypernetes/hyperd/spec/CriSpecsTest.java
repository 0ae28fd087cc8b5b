package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.hyperd.Lab;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/// The public CRI validation suite, spec by spec, on real machines: each test carries the name of the spec whose meaning it has.
/// `docs/cri.md` lists all of them, also those that cannot apply to a pod that is a machine. Needs root and QEMU.
class CriSpecsTest {
    @TempDir
    static Path folder;

    static Bench bench;

    @BeforeAll
    static void boot() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/qemu-system-x86_64")), "needs QEMU");
        for (String part : List.of("../jailer", "../hyperstart")) {
            assertThat(new ProcessBuilder("make", "-s", "-C", part).inheritIO().start().waitFor()).isZero();
        }
        bench = new Bench(new Lab(folder));
    }

    @AfterAll
    static void end() throws Exception {
        if (bench != null) {
            bench.close();
        }
    }

    @Nested
    @DisplayName("runtime info and PodSandbox")
    class Sandboxes extends SandboxSpecs {
        Sandboxes() {
            super(bench);
        }
    }

    @Nested
    @DisplayName("Container")
    class Containers extends ContainerSpecs {
        Containers() {
            super(bench);
        }
    }

    @Nested
    @DisplayName("Container mounts, image volumes and logs")
    class Mounts extends FileSpecs {
        Mounts() {
            super(bench, folder);
        }
    }

    @Nested
    @DisplayName("Networking and streaming")
    class Networking extends NetworkSpecs {
        Networking() {
            super(bench);
        }
    }

    @Nested
    @DisplayName("Security Context")
    class Security extends SecuritySpecs {
        Security() {
            super(bench, folder);
        }
    }

    @Nested
    @DisplayName("Seccomp, namespaces and groups")
    class Isolation extends IsolationSpecs {
        Isolation() {
            super(bench, folder);
        }
    }

    @Nested
    @DisplayName("Image Manager")
    class Images extends ImageSpecs {
        Images() {
            super(bench, folder);
        }
    }
}
