package io.hypernetes.kubelet.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Quantity;
import io.hypernetes.client.Client;
import io.hypernetes.client.EventRecorder;
import io.hypernetes.client.FakeApi;
import io.hypernetes.client.Kind;
import io.hypernetes.client.ObjectKey;
import io.hypernetes.kubelet.KubeletSettings;
import io.hypernetes.kubelet.cri.CriRuntime;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class NodeAgentTest {
    @TempDir
    Path folder;

    private volatile int cpus = 2;
    private volatile long memory = 8L << 30;

    /// Whoever waits for room may have it now.
    @Test
    void thatTheMachineHasBecomeLargerIsTold() {
        KubeletSettings settings = KubeletSettings.ordinary("n1", "127.0.0.1", folder.resolve("none.sock"), folder.resolve("lib"), folder.resolve("log"));
        Executor inline = Runnable::run;
        AtomicInteger grown = new AtomicInteger();
        HostFacts facts = new HostFacts(settings) {
            @Override
            int cpus() {
                return cpus;
            }

            @Override
            long memoryBytes() {
                return memory;
            }
        };
        try (FakeApi api = new FakeApi();
                Client client = api.client();
                CriRuntime cri = new CriRuntime(settings.criSocket(), inline, settings.hostPaths());
                EventRecorder events = new EventRecorder(client, "kubelet", "n1", InstantSource.system());
                NodeAgent node = new NodeAgent(settings, client, cri, events, InstantSource.system(), 1, grown::incrementAndGet, facts).start()) {
            offers(client, "1900m");
            assertThat(grown).hasValue(0);
            cpus = 4;
            node.wake();
            offers(client, "3900m");
            assertThat(grown).hasValue(1);
            assertThat(node.allocatable()).containsEntry("cpu", new Quantity("3900m"));
            // Of one more, of the other less.
            cpus = 3;
            memory = 16L << 30;
            node.wake();
            offers(client, "2900m");
            assertThat(grown).hasValue(2);
            memory = 4L << 30;
            cpus = 1;
            node.wake();
            offers(client, "900m");
            assertThat(grown).hasValue(2);
        }
    }

    private static void offers(Client client, String processors) {
        await().ignoreExceptions().untilAsserted(() -> assertThat(client.of(Kind.NODE).get(ObjectKey.root("n1")).getStatus().getAllocatable())
                .containsEntry("cpu", new Quantity(processors)));
    }
}
