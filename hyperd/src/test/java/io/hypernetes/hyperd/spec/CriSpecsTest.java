package io.hypernetes.hyperd.spec;

import io.hypernetes.hyperd.Lab;
import io.hypernetes.hyperd.SharedLab;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.extension.ExtendWith;

/// The public CRI validation suite, spec by spec, on real machines: each test carries the name of the spec whose meaning it has.
/// `docs/cri.md` lists all of them, also those that cannot apply to a pod that is a machine. Needs root and QEMU.
@ExtendWith(SharedLab.class)
@Order(2)
class CriSpecsTest {
    static Bench bench;

    @BeforeAll
    static void boot(Lab lab) {
        bench = new Bench(lab);
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
            super(bench, bench.lab.root);
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
            super(bench, bench.lab.root);
        }
    }

    @Nested
    @DisplayName("Seccomp, namespaces and groups")
    class Isolation extends IsolationSpecs {
        Isolation() {
            super(bench, bench.lab.root);
        }
    }

    @Nested
    @DisplayName("Image Manager")
    class Images extends ImageSpecs {
        Images() {
            super(bench, bench.lab.root);
        }
    }
}
