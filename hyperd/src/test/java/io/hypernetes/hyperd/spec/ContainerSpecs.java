package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.*;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// The life of containers, commands in them, what they use.
abstract class ContainerSpecs {
    private final Bench bench;

    ContainerSpecs(Bench bench) {
        this.bench = bench;
    }

    private boolean listed(String id) {
        return bench.containers(ContainerFilter.newBuilder().setId(id)).stream().anyMatch(container -> container.getId().equals(id));
    }

    @Test
    @DisplayName("runtime should support creating, starting, stopping and removing created, running and stopped containers [Conformance]")
    void life() {
        String created = bench.lab.create(bench.sandbox, bench.idle("created"));
        assertThat(listed(created)).isTrue();
        assertThat(bench.lab.status(created).getState()).isEqualTo(ContainerState.CONTAINER_CREATED);
        bench.removeContainer(created);
        assertThat(listed(created)).isFalse();

        String running = bench.running(bench.idle("running"));
        bench.removeContainer(running);
        assertThat(listed(running)).isFalse();

        String stopped = bench.running(bench.idle("stopped"));
        // The first process of a namespace is not touched by a signal that it does not yet catch (bit 14 is SIGTERM's).
        await().atMost(Duration.ofSeconds(60)).until(() -> bench.exec(stopped, "cat", "/proc/1/status").lines()
                .filter(line -> line.startsWith("SigCgt:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring("SigCgt:".length()).strip(), 16) & 1 << 14) != 0));
        long begin = System.nanoTime();
        bench.stopContainer(stopped, 60);
        assertThat(System.nanoTime() - begin).as("ends by itself at SIGTERM").isLessThan(60_000_000_000L);
        assertThat(bench.lab.status(stopped).getState()).isEqualTo(ContainerState.CONTAINER_EXITED);
        bench.stopContainer(stopped, 60);
        for (int i = 0; i < 2; i++) {
            bench.removeContainer(stopped);
            assertThat(listed(stopped)).isFalse();
        }
    }

    @Test
    @DisplayName("runtime should support preserving container attributes [Conformance]")
    void attributes() {
        ContainerConfig.Builder asked = bench.idle("attributes")
                .putLabels("foo", "bar")
                .putAnnotations("abc", "def")
                .setStopSignal(Signal.SIGUSR1);
        String id = bench.lab.create(bench.sandbox, asked);
        ContainerStatus status = bench.lab.status(id);
        assertThat(status.getMetadata()).isEqualTo(asked.getMetadata());
        assertThat(status.getLabelsMap()).containsEntry("foo", "bar");
        assertThat(status.getAnnotationsMap()).containsEntry("abc", "def");
        assertThat(status.getImage().getImage()).isEqualTo(asked.getImage().getImage());
        assertThat(status.getImageRef()).isNotEmpty();
        assertThat(status.getStopSignal()).isEqualTo(Signal.SIGUSR1);
        assertThat(status.getCreatedAt()).isPositive();
        Container seen = bench.containers(ContainerFilter.newBuilder().setId(id)).getFirst();
        assertThat(seen.getMetadata()).isEqualTo(asked.getMetadata());
        assertThat(seen.getPodSandboxId()).isEqualTo(bench.sandbox);
        assertThat(seen.getLabelsMap()).containsEntry("foo", "bar");
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support execSync [Conformance]")
    void execSync() {
        String id = bench.running(bench.idle("exec"));
        assertThat(bench.exec(id, "echo", "-n", "hello")).isEqualTo("hello");
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support execSync with timeout [Conformance]")
    void execSyncWithTimeout() {
        String id = bench.running(bench.idle("exec-timeout"));
        assertThat(Bench.failure(() -> bench.runtime.execSync(ExecSyncRequest.newBuilder()
                        .setContainerId(id)
                        .addAllCmd(List.of("sleep", "4321"))
                        .setTimeout(1)
                        .build())))
                .isEqualTo(io.grpc.Status.Code.DEADLINE_EXCEEDED);
        assertThat(bench.exec(id, "ps")).doesNotContain("4321");
        bench.removeContainer(id);
    }

    @Test
    @DisplayName("runtime should support listing container stats, stats for started containers, when filter is nil, for three created containers, filtered by labels [Conformance]")
    void stats() {
        List<String> three = IntStream.range(0, 3)
                .mapToObj(i -> bench.running(bench.idle("stats").putLabels("foo", "bar" + i)))
                .toList();
        ContainerStats one = bench.runtime.containerStats(ContainerStatsRequest.newBuilder().setContainerId(three.getFirst()).build())
                .getStats();
        assertThat(one.getAttributes().getId()).isEqualTo(three.getFirst());
        assertThat(one.getAttributes().getMetadata().getName()).startsWith("stats");
        assertThat(one.getCpu().getTimestamp()).isPositive();
        assertThat(one.getMemory().getTimestamp()).isPositive();
        assertThat(stats(ListContainerStatsRequest.getDefaultInstance())).containsAll(three);
        assertThat(stats(filtered(ContainerStatsFilter.newBuilder().setId(three.getLast())))).containsExactly(three.getLast());
        assertThat(stats(filtered(ContainerStatsFilter.newBuilder().putLabelSelector("foo", "bar1")))).containsExactly(three.get(1));
        assertThat(stats(filtered(ContainerStatsFilter.newBuilder().putLabelSelector("foo", "baz")))).isEmpty();
        three.forEach(bench::removeContainer);
    }

    private static ListContainerStatsRequest filtered(ContainerStatsFilter.Builder filter) {
        return ListContainerStatsRequest.newBuilder().setFilter(filter).build();
    }

    private List<String> stats(ListContainerStatsRequest request) {
        return bench.runtime.listContainerStats(request).getStatsList().stream()
                .map(stats -> stats.getAttributes().getId())
                .toList();
    }

    @Test
    @DisplayName("should terminate with exitCode 137 and reason OOMKilled")
    void outOfMemory() {
        ContainerStatus status = bench.finished(bench.lab.container(bench.name("oom"), "sh", "-c", "dd if=/dev/zero of=/dev/null bs=20M")
                .setLinux(LinuxContainerConfig.newBuilder()
                        .setResources(LinuxContainerResources.newBuilder()
                                .setMemoryLimitInBytes(15 << 20)
                                .setMemorySwapLimitInBytes(15 << 20))));
        assertThat(status.getExitCode()).isEqualTo(137);
        assertThat(status.getReason()).isEqualTo("OOMKilled");
        bench.removeContainer(status.getId());
    }

    @Test
    @DisplayName("should support network, container log and container exec of multiple containers in a pod")
    void several() throws Exception {
        String server = bench.running(bench.lab.container(
                bench.name("server"), "sh", "-c", "echo serving; mkdir -p /www && echo page > /www/index.html && httpd -f -p 8000 -h /www"));
        ContainerConfig.Builder asked = bench.lab.container(bench.name("other"), "sh", "-c", "echo hello World; sleep 1000");
        String other = bench.running(asked);
        await().atMost(Bench.SOON).until(() -> bench.lab.exec(other, "wget", "-q", "-O", "-", "http://127.0.0.1:8000/")
                .getStdout().toStringUtf8().equals("page\n"));
        await().atMost(Bench.SOON).until(() -> bench.lab.log(Bench.POD, asked.getMetadata().getName()).contains("hello World"));
        assertThat(bench.lab.status(other).getLogPath()).endsWith("/" + asked.getLogPath());
        assertThat(bench.exec(server, "echo", "httpd")).isEqualTo("httpd\n");
        assertThat(bench.exec(other, "echo", "busybox")).isEqualTo("busybox\n");
        bench.removeContainer(server);
        bench.removeContainer(other);
    }
}
