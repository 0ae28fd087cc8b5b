package io.hypernetes.kubelet.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ProbeBuilder;
import io.hypernetes.kubelet.FakeCri;
import io.hypernetes.kubelet.HostPaths;
import io.hypernetes.kubelet.cri.CriRuntime;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProbeActionTest {
    /// The runtime keeps what a command prints until it ends, of all probes of the node.
    @Test
    void noMoreIsAskedOfWhatACommandPrintsThanIsTold(@TempDir Path folder) throws Exception {
        Path socket = folder.resolve("cri.sock");
        try (FakeCri runtime = new FakeCri(socket); CriRuntime cri = new CriRuntime(socket, Thread::startVirtualThread, HostPaths.below())) {
            runtime.execExitCodes.put("sick", 1);
            runtime.execErrors = "x".repeat(1 << 20);
            ProbeAction action = new ProbeAction("red", cri, null, null);
            ProbeResult result = action.run(
                    new ProbeBuilder().withNewExec().withCommand("sick").endExec().build(), new ContainerBuilder().withName("c").build(), "id", "");
            assertThat(result).isEqualTo(ProbeResult.failure("x".repeat(10 << 10)));
            assertThat(runtime.mostOutputs).containsExactly("10240");
        }
    }
}
