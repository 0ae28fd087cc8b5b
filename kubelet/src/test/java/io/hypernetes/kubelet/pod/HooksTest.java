package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.LifecycleHandlerBuilder;
import io.hypernetes.kubelet.FakeCri;
import io.hypernetes.kubelet.HostPaths;
import io.hypernetes.kubelet.cri.CriRuntime;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class HooksTest {

    @TempDir
    private Path folder;

    /// It becomes a line of the node's log, and a container says what it likes.
    @Test
    void whatAHookSaysOfItsFailureIsShort() {
        Path socket = folder.resolve("cri.sock");
        try (FakeCri runtime = new FakeCri(socket); CriRuntime cri = new CriRuntime(socket, Thread::startVirtualThread, HostPaths.below())) {
            runtime.execExitCodes.put("hello", 3);
            runtime.execErrors = "no luck";
            LifecycleHandler hook = new LifecycleHandlerBuilder().withNewExec().withCommand("hello").endExec().build();
            Hooks hooks = new Hooks("acme", cri, null);
            assertThat(hooks.run(hook, new Container(), "c1", "", Duration.ofSeconds(20))).hasValue("command exited with 3: no luck");
            runtime.execErrors = "x".repeat(4 << 20);
            assertThat(hooks.run(hook, new Container(), "c1", "", Duration.ofSeconds(20)).orElseThrow()).startsWith("command exited with 3: xxx").hasSizeLessThan(1100);
        }
    }
}
