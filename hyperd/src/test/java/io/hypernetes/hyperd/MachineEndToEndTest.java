package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.hypernetes.cri.v1.*;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real machines, driven as a kubelet does, over the socket. Needs root and QEMU.
class MachineEndToEndTest {
    @TempDir
    static Path folder;

    static Lab lab;

    @BeforeAll
    static void build() throws Exception {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/qemu-system-x86_64")), "needs QEMU");
        for (String part : List.of("../jailer", "../hyperstart")) {
            assertThat(new ProcessBuilder("make", "-s", "-C", part).inheritIO().start().waitFor()).isZero();
        }
        lab = new Lab(folder);
    }

    @AfterAll
    static void end() throws Exception {
        if (lab != null) {
            lab.close();
        }
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
    void survivesTheDeathOfTheEngine() throws Exception {
        String sandbox = lab.run(lab.pod("survivor"));
        Path map = folder.resolve("pods/uid-survivor/volumes/kubernetes.io~configmap/settings");
        Lab.publish(map, "v1", "blue");
        String counter = lab.start(sandbox, lab.container(
                        "counter", "sh", "-c", "i=1; while [ $i -le 3000 ]; do echo $i; i=$((i+1)); done; sleep 1000")
                .addMounts(Mount.newBuilder().setContainerPath("/config").setHostPath(map.toString())));
        String quitter = lab.start(sandbox, lab.container("quitter", "sh", "-c", "sleep 3; exit 42"));
        String bootTime = lab.exec(counter, "cut", "-d.", "-f1", "/proc/uptime").getStdout().toStringUtf8();
        lab.kill();
        // The quitter ends while nobody is there.
        Thread.sleep(4000);
        Lab.publish(map, "v2", "green");
        lab.start();
        assertThat(lab.status(counter).getState()).isEqualTo(ContainerState.CONTAINER_RUNNING);
        await().atMost(Duration.ofSeconds(60)).until(() -> lab.status(quitter).getState() == ContainerState.CONTAINER_EXITED);
        assertThat(lab.status(quitter).getExitCode()).isEqualTo(42);
        await().atMost(Duration.ofSeconds(60)).until(() -> lab.log("survivor", "counter").size() >= 3000);
        assertThat(lab.log("survivor", "counter"))
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 3000).mapToObj(Integer::toString).toList());
        int uptime = Integer.parseInt(lab.exec(counter, "cut", "-d.", "-f1", "/proc/uptime").getStdout().toStringUtf8().strip());
        assertThat(uptime).isGreaterThanOrEqualTo(Integer.parseInt(bootTime.strip()) + 4);
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
