package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.grpc.Context;
import io.hypernetes.cri.v1.PodSandboxConfig;
import io.hypernetes.kubelet.FakeCri;
import io.hypernetes.kubelet.HostPaths;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.cri.CriException;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.ObservedContainer;
import io.hypernetes.kubelet.cri.ObservedPod;
import io.hypernetes.kubelet.cri.ObservedSandbox;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A kubelet that stops in the middle of it.
@Timeout(60)
class SuspendedMemoryTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path folder;

    private final List<String> told = new CopyOnWriteArrayList<>();
    private final Pod pod = new PodBuilder().withNewMetadata().withName("web").endMetadata().build();
    private FakeCri runtime;
    private CriRuntime cri;
    private ObservedPod running;
    private SuspendedMemory memory;

    @BeforeEach
    void aPodRuns() {
        Path socket = folder.resolve("cri.sock");
        runtime = new FakeCri(socket);
        cri = new CriRuntime(socket, Thread::startVirtualThread, HostPaths.below());
        KubeletSettings settings = new KubeletSettings("n1", "127.0.0.1", 0, socket, folder, folder, 110, 100, 1 << 20, Map.of(), List.of(), "cluster.local");
        memory = new SuspendedMemory(
                new PodServices(settings, cri, null, null, null, new Told(), null, null, null, null, null, Instant::now, Map::of, afresh -> Optional.empty(), null, null), "u1", true);
        String id = cri.runSandbox(PodSandboxConfig.getDefaultInstance(), "");
        running = new ObservedPod(
                List.of(new ObservedSandbox(id, 0, true, Instant.EPOCH, List.of(), Map.of(), Map.of())),
                List.of(new ObservedContainer("c1", id, "main", 0, ObservedContainer.State.RUNNING,
                        Instant.EPOCH, Instant.EPOCH, null, 0, "", "", "app:1", Map.of(), "", null, "")));
    }

    @AfterEach
    void close() {
        cri.close();
        runtime.close();
    }

    /// The next kubelet finds the pod as the runtime has it then.
    @Test
    void aPodThatWasNotKeptInTimeForThisKubeletIsLeftToTheNext() throws InterruptedException {
        runtime.podCalls.checkpointsHang = true;
        stoppedAt("checkpoint hangs", () -> memory.keep(pod, running, Context.ROOT));
    }

    @Test
    void norIsOneGivenUpThatWasNotBroughtBackInTime() throws InterruptedException {
        assertThat(memory.keep(pod, running, Context.ROOT)).isTrue();
        ObservedPod kept = new ObservedPod(
                List.of(new ObservedSandbox(running.sandboxes().getFirst().id(), 0, false, Instant.EPOCH, List.of(), Map.of(), Map.of())), List.of());
        runtime.podCalls.restoresHang = true;
        for (int time = 0; time < 3; time++) {
            stoppedAt("restore hangs", () -> memory.bringBack(pod, kept, Context.ROOT, () -> {}));
        }
        assertThat(runtime.podCalls.checkpoints).containsOnlyKeys("suspended-u1");
    }

    /// Interrupts whoever does it once the runtime is asked.
    private void stoppedAt(String call, Supplier<Boolean> action) throws InterruptedException {
        long before = count(call);
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().start(() -> {
            try {
                over.complete(action.get());
            } catch (RuntimeException failure) {
                over.completeExceptionally(failure);
            }
        });
        await().atMost(SOON).until(() -> count(call) > before);
        thread.interrupt();
        assertThat(thread.join(SOON)).isTrue();
        assertThat(over).isCompletedExceptionally();
        assertThat(over.exceptionNow()).isInstanceOf(CriException.class);
        assertThat(told).isEmpty();
    }

    private long count(String call) {
        return runtime.calls().stream().filter(call::equals).count();
    }

    private final class Told implements PodEvents {
        @Override
        public void normal(Pod of, String reason, String message) {
            told.add(reason);
        }

        @Override
        public void warning(Pod of, String reason, String message) {
            told.add(reason);
        }

        @Override
        public void normal(Pod of, Container container, String reason, String message) {
            told.add(reason);
        }

        @Override
        public void warning(Pod of, Container container, String reason, String message) {
            told.add(reason);
        }
    }
}
