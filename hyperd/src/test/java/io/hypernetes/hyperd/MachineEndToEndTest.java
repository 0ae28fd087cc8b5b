package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.*;
import io.hypernetes.hyperd.cri.PodCalls;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/// Real machines, driven as a kubelet does, over the socket. Needs root and QEMU.
@ExtendWith(SharedLab.class)
@Order(6)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MachineEndToEndTest {
    static Lab lab;

    @BeforeAll
    static void meet(Lab shared) {
        lab = shared;
    }

    @Test
    void runsStopsAndRemovesAPod() throws Exception {
        String sandbox = lab.run(lab.pod("hello"));
        String container = lab.start(sandbox, lab.container("main", "sh", "-c", "echo hello from $(hostname); echo oops >&2; exit 7"));
        await().atMost(Duration.ofSeconds(60))
                .until(() -> lab.status(container).getState() == ContainerState.CONTAINER_EXITED);
        assertThat(lab.status(container).getExitCode()).isEqualTo(7);
        assertThat(lab.status(container).getReason()).isEqualTo("Error");
        assertThat(lab.log("hello", "main")).containsExactlyInAnyOrder("hello from hello", "oops");
        lab.remove(sandbox);
        assertThat(lab.leaks()).isEmpty();
        assertThat(lab.runtime.listPodSandbox(ListPodSandboxRequest.getDefaultInstance()).getItemsList()).isEmpty();
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void survivesTheDeathOfTheEngine() throws Exception {
        String sandbox = lab.run(lab.pod("survivor"));
        Path map = lab.root.resolve("pods/uid-survivor/volumes/kubernetes.io~configmap/settings");
        Lab.publish(map, "v1", "blue");
        String counter = lab.start(sandbox, lab.container(
                        "counter", "sh", "-c", "i=1; while [ $i -le 3000 ]; do echo $i; i=$((i+1)); done; sleep 1000")
                .addMounts(Mount.newBuilder().setContainerPath("/config").setHostPath(map.toString())));
        String boot = lab.exec(counter, "cat", "/proc/sys/kernel/random/boot_id").getStdout().toStringUtf8();
        String paused = lab.run(lab.pod("paused"));
        String waiter = lab.start(paused, lab.container("main", "sleep", "100000"));
        lab.pods(PodCalls.PAUSE, paused);
        String quitter;
        try (ServerSocket end = new ServerSocket(0, 2, InetAddress.getByName(lab.hostAddress()))) {
            String connect = "nc " + lab.hostAddress() + " " + end.getLocalPort() + " < /dev/null; ";
            quitter = lab.start(sandbox, lab.container("quitter", "sh", "-c", connect + connect + "exit 42"));
            try (Socket begun = end.accept()) {
                assertThat(begun.isConnected()).isTrue();
                lab.kill();
            }
            // It ends while nobody is there: behind its second connection there is nothing but its end.
            end.accept().close();
        }
        Lab.publish(map, "v2", "green");
        lab.start();
        assertThatThrownBy(() -> lab.exec(waiter, "true")).hasMessageContaining("paused");
        lab.pods(PodCalls.RESUME, paused);
        assertThat(lab.exec(waiter, "hostname").getStdout().toStringUtf8()).isEqualTo("paused\n");
        lab.remove(paused);
        assertThat(lab.status(counter).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
        await().atMost(Duration.ofSeconds(60)).until(() -> lab.status(quitter).getState() == ContainerState.CONTAINER_EXITED);
        assertThat(lab.status(quitter).getExitCode()).isEqualTo(42);
        await().atMost(Duration.ofSeconds(60)).until(() -> lab.log("survivor", "counter").size() >= 3000);
        assertThat(lab.log("survivor", "counter"))
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 3000).mapToObj(Integer::toString).toList());
        assertThat(lab.exec(counter, "cat", "/proc/sys/kernel/random/boot_id").getStdout().toStringUtf8()).as("the same boot").isEqualTo(boot);
        // What changed meanwhile has come, and the disk takes more layers.
        await().atMost(Duration.ofSeconds(60))
                .until(() -> lab.exec(counter, "cat", "/config/color").getStdout().toStringUtf8().equals("green\n"));
        String third = lab.start(sandbox, lab.container("third", "cat", "/etc/lab", "/etc/third")
                .setImage(ImageSpec.newBuilder().setImage(Lab.OTHER_IMAGE)));
        await().atMost(Duration.ofSeconds(60)).until(() -> lab.status(third).getState() == ContainerState.CONTAINER_EXITED);
        assertThat(lab.log("survivor", "third")).containsExactly("second layer", "third layer");
        lab.remove(sandbox);
        assertThat(lab.leaks()).isEmpty();
    }

    @Test
    void tellsTheLastWordsOfAKernelThatPanics() throws Exception {
        String sandbox = lab.run(lab.pod("panic"));
        String container = lab.start(sandbox, lab.container("main", "sh", "-c", "echo c > /proc/sysrq-trigger; sleep 1000")
                .setLinux(LinuxContainerConfig.newBuilder()
                        .setSecurityContext(LinuxContainerSecurityContext.newBuilder().setPrivileged(true))));
        await().atMost(Duration.ofSeconds(60)).until(() -> lab.status(container).getState() == ContainerState.CONTAINER_EXITED);
        assertThat(lab.status(container).getReason()).isEqualTo("MachineEnded");
        assertThat(lab.status(container).getMessage()).contains("Kernel panic");
        lab.remove(sandbox);
        assertThat(lab.leaks()).isEmpty();
    }

    @Test
    void seesAMachineThatEndsByItself() throws Exception {
        String sandbox = lab.run(lab.pod("victim"));
        String container = lab.start(sandbox, lab.container("main", "sleep", "1000"));
        String info = lab.runtime.podSandboxStatus(
                        PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox).setVerbose(true).build())
                .getInfoOrThrow("info");
        long pid = Long.parseLong(info.replaceAll(".*\"pid\":(\\d+).*", "$1"));
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
        await().atMost(Duration.ofSeconds(60)).until(() -> lab.status(container).getState() == ContainerState.CONTAINER_EXITED);
        assertThat(lab.status(container).getExitCode()).isEqualTo(137);
        assertThat(lab.status(container).getReason()).isEqualTo("MachineEnded");
        assertThat(lab.runtime.podSandboxStatus(PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox).build())
                        .getStatus()
                        .getState())
                .isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
        assertThat(lab.leaks()).isEmpty();
        lab.remove(sandbox);
        assertThat(lab.leaks()).isEmpty();
    }
}
