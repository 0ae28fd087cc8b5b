package io.hypernetes.kubelet.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.LifecycleHandler;
import io.fabric8.kubernetes.api.model.LifecycleHandlerBuilder;
import io.grpc.Context;
import io.hypernetes.kubelet.FakeCri;
import io.hypernetes.kubelet.HostPaths;
import io.hypernetes.kubelet.PodDialer;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.probe.HostLookups;
import io.hypernetes.kubelet.probe.PodHttp;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
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
            assertThat(runtime.mostOutputs).as("the runtime keeps no more").containsExactly("1024", "1024");
        }
    }

    /// A container is not ended for what the node is short of; each look for a place is given up long before there is one here.
    @Test
    void aHookForWhoseHostThereIsNoPlaceHasNotFailed() throws Exception {
        Semaphore answers = new Semaphore(0);
        AtomicInteger asked = new AtomicInteger();
        HostLookups lookups = new HostLookups(host -> {
            asked.incrementAndGet();
            if (host.startsWith("dead")) {
                answers.acquireUninterruptibly();
            }
            return new InetAddress[] {InetAddress.getLoopbackAddress()};
        });
        try (ServerSocket pod = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> {
                // A try that found a place late may be cut off while it is answered.
                while (!pod.isClosed()) {
                    try (Socket client = pod.accept()) {
                        client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    } catch (IOException closed) {
                        continue;
                    }
                }
            });
            for (int i = 0; i < 16; i++) {
                String host = "dead" + i;
                Thread.ofVirtual().start(() -> {
                    try {
                        lookups.all("acme", host, Duration.ofSeconds(50));
                    } catch (IOException late) {
                        return;
                    }
                });
            }
            await().until(() -> asked.get() == 16);
            Hooks hooks = new Hooks("acme", null, new PodHttp(PodDialer.DIRECT, lookups));
            LifecycleHandler hook = new LifecycleHandlerBuilder().withNewHttpGet().withHost("web.acme").withNewPort(pod.getLocalPort()).endHttpGet().build();
            assertThat(hooks.run(hook, new Container(), "c1", "", Duration.ofMillis(50)).orElseThrow()).contains("too many other hosts");
            CompletableFuture<Optional<String>> result = CompletableFuture.supplyAsync(
                    () -> hooks.run(hook, new Container(), "c1", "", Duration.ofMillis(500), Context.ROOT), Thread::startVirtualThread);
            assertThatThrownBy(() -> result.get(1500, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            answers.release(16);
            assertThat(result.get(30, TimeUnit.SECONDS)).isEmpty();
        } finally {
            answers.release(16);
        }
    }
}
