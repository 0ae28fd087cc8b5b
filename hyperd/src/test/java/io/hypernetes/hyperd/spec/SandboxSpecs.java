package io.hypernetes.hyperd.spec;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.cri.v1.*;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/// Sandboxes and the runtime itself.
abstract class SandboxSpecs {
    private final Bench bench;

    SandboxSpecs(Bench bench) {
        this.bench = bench;
    }

    @Test
    @DisplayName("runtime should return version info [Conformance]")
    void version() {
        VersionResponse version = bench.runtime.version(VersionRequest.newBuilder().setVersion("0.1.0").build());
        assertThat(version.getVersion()).isEqualTo("0.1.0");
        assertThat(version.getRuntimeName()).isNotEmpty();
        assertThat(version.getRuntimeVersion()).isNotEmpty();
        assertThat(version.getRuntimeApiVersion()).isEqualTo("v1");
    }

    @Test
    @DisplayName("runtime should return runtime conditions [Conformance]")
    void conditions() {
        StatusResponse status = bench.runtime.status(StatusRequest.newBuilder().setVerbose(true).build());
        assertThat(status.getStatus().getConditionsList())
                .filteredOn(RuntimeCondition::getStatus)
                .map(RuntimeCondition::getType)
                .contains("RuntimeReady", "NetworkReady");
        assertThat(status.getRuntimeHandlersList()).map(RuntimeHandler::getName).contains("");
        assertThat(status.getInfoOrThrow("config")).contains("\"stateDir\"");
    }

    @Test
    @DisplayName("runtime should support running, stopping and removing PodSandbox [Conformance], StopPodSandbox should not return an error if already stopped")
    void runStopRemove() {
        PodSandboxConfig config = bench.lab.pod("lifecycle").toBuilder()
                .setMetadata(PodSandboxMetadata.newBuilder()
                        .setName("PodSandbox-with-attributes-" + UUID.randomUUID())
                        .setUid("cri-test-uid" + UUID.randomUUID())
                        .setNamespace("cri-test-namespace" + UUID.randomUUID())
                        .setAttempt(2))
                .clearHostname()
                .clearLogDirectory()
                .putLabels("foo", "bar")
                .putAnnotations("abc", "def")
                .setLinux(LinuxPodSandboxConfig.newBuilder().setCgroupParent("/runtime-test"))
                .build();
        String id = bench.lab.run(config);
        assertThat(bench.sandboxStatus(id).getState()).isEqualTo(PodSandboxState.SANDBOX_READY);
        List<PodSandbox> listed = bench.sandboxes(PodSandboxFilter.newBuilder().setId(id));
        assertThat(listed).hasSize(1);
        preserves(config, listed.getFirst().getMetadata(), listed.getFirst().getLabelsMap(), listed.getFirst().getAnnotationsMap());
        PodSandboxStatus status = bench.sandboxStatus(id);
        preserves(config, status.getMetadata(), status.getLabelsMap(), status.getAnnotationsMap());
        assertThat(bench.sandboxes(PodSandboxFilter.newBuilder().putLabelSelector("foo", "bar"))).hasSize(1);
        assertThat(bench.sandboxes(PodSandboxFilter.newBuilder().putLabelSelector("foo", "baz"))).isEmpty();
        assertThat(bench.sandboxes(state(PodSandboxState.SANDBOX_READY))).anyMatch(pod -> pod.getId().equals(id));
        for (int i = 0; i < 2; i++) {
            bench.stopSandbox(id);
            assertThat(bench.sandboxStatus(id).getState()).isEqualTo(PodSandboxState.SANDBOX_NOTREADY);
        }
        assertThat(bench.sandboxes(state(PodSandboxState.SANDBOX_READY))).noneMatch(pod -> pod.getId().equals(id));
        for (int i = 0; i < 2; i++) {
            bench.removeSandbox(id);
            assertThat(bench.sandboxes(PodSandboxFilter.newBuilder().setId(id))).isEmpty();
        }
    }

    private static void preserves(
            PodSandboxConfig config, PodSandboxMetadata metadata, Map<String, String> labels, Map<String, String> annotations) {
        assertThat(metadata).isEqualTo(config.getMetadata());
        assertThat(labels).containsAllEntriesOf(config.getLabelsMap());
        assertThat(annotations).containsAllEntriesOf(config.getAnnotationsMap());
    }

    private static PodSandboxFilter.Builder state(PodSandboxState state) {
        return PodSandboxFilter.newBuilder().setState(PodSandboxStateValue.newBuilder().setState(state));
    }

    @Test
    @DisplayName("StopPodSandbox, RemovePodSandbox, StopContainer and RemoveContainer should not return an error if not found")
    void nothingThere() {
        bench.stopSandbox(UUID.randomUUID().toString());
        bench.removeSandbox(UUID.randomUUID().toString());
        bench.stopContainer(UUID.randomUUID().toString(), 0);
        bench.removeContainer(UUID.randomUUID().toString());
        assertThat(Bench.failure(() -> bench.sandboxStatus(UUID.randomUUID().toString()))).isEqualTo(io.grpc.Status.Code.NOT_FOUND);
        assertThat(Bench.failure(() -> bench.lab.status(UUID.randomUUID().toString()))).isEqualTo(io.grpc.Status.Code.NOT_FOUND);
    }

    @Test
    @DisplayName("should support safe and unsafe sysctls")
    void sysctls() {
        String container = bench.running(bench.idle("sysctls"));
        assertThat(bench.exec(container, "cat", "/proc/sys/kernel/shm_rmid_forced", "/proc/sys/fs/mqueue/msg_max")).isEqualTo("1\n100\n");
        bench.removeContainer(container);
    }

    /// Names of which the suite says that not every runtime has them.
    private static final Set<String> OPTIONAL = Set.of("container_spec_cpu_quota");

    @Test
    @DisplayName("runtime should support returning metrics descriptors, and listing pod sandbox metrics [Conformance]")
    void metrics() {
        List<MetricDescriptor> descriptors =
                bench.runtime.listMetricDescriptors(ListMetricDescriptorsRequest.getDefaultInstance()).getDescriptorsList();
        assertThat(descriptors).map(MetricDescriptor::getName).doesNotHaveDuplicates().contains(
                "container_cpu_usage_seconds_total", "container_memory_working_set_bytes", "container_network_receive_bytes_total");
        assertThat(descriptors).allMatch(descriptor -> !descriptor.getHelp().isEmpty() && descriptor.getLabelKeysCount() > 0);
        assertThat(descriptors).map(MetricDescriptor::getName).containsAll(OPTIONAL);
        String container = bench.running(bench.idle("metrics").setLinux(LinuxContainerConfig.newBuilder()
                .setResources(LinuxContainerResources.newBuilder()
                        .setCpuPeriod(100_000)
                        .setCpuQuota(20_000)
                        .setCpuShares(1024)
                        .setMemoryLimitInBytes(64 << 20))));
        bench.exec(container, "sh", "-c", "mkdir -p /var/lib/mydisktest && for i in $(seq 1 10); do echo hi > /var/lib/mydisktest/$i; done; sync");
        PodSandboxMetrics pod = bench.runtime.listPodSandboxMetrics(ListPodSandboxMetricsRequest.getDefaultInstance())
                .getPodMetricsList().stream()
                .filter(metrics -> metrics.getPodSandboxId().equals(bench.sandbox))
                .findFirst()
                .orElseThrow();
        List<Metric> told = new ArrayList<>(pod.getMetricsList());
        pod.getContainerMetricsList().stream()
                .filter(metrics -> metrics.getContainerId().equals(container))
                .forEach(metrics -> told.addAll(metrics.getMetricsList()));
        for (MetricDescriptor descriptor : descriptors) {
            assertThat(told).filteredOn(metric -> metric.getName().equals(descriptor.getName()))
                    .as(descriptor.getName())
                    .isNotEmpty()
                    .allMatch(metric -> metric.getLabelValuesCount() == descriptor.getLabelKeysCount());
        }
        assertThat(told).filteredOn(metric -> metric.getName().equals("container_spec_memory_limit_bytes"))
                .singleElement().satisfies(metric -> assertThat(metric.getValue().getValue()).isEqualTo(64 << 20));
        for (String positive : List.of("container_processes", "container_file_descriptors", "container_memory_usage_bytes",
                "container_start_time_seconds", "container_fs_limit_bytes", "container_fs_usage_bytes")) {
            assertThat(told).filteredOn(metric -> metric.getName().equals(positive))
                    .as(positive)
                    .allMatch(metric -> metric.getValue().getValue() > 0);
        }
        assertThat(bench.runtime.streamPodSandboxMetrics(StreamPodSandboxMetricsRequest.getDefaultInstance()))
                .toIterable()
                .flatMap(StreamPodSandboxMetricsResponse::getPodSandboxMetricsList)
                .map(PodSandboxMetrics::getPodSandboxId)
                .contains(bench.sandbox);
        bench.removeContainer(container);
    }

    @Test
    @DisplayName("should list pods, containers, stats and images via streaming")
    void streams() {
        assertThat(bench.runtime.streamPodSandboxes(StreamPodSandboxesRequest.newBuilder()
                        .setFilter(PodSandboxFilter.newBuilder().setId(bench.sandbox))
                        .build()))
                .toIterable()
                .flatMap(StreamPodSandboxesResponse::getPodSandboxesList)
                .map(PodSandbox::getId)
                .containsExactly(bench.sandbox);
        assertThat(bench.runtime.streamPodSandboxes(StreamPodSandboxesRequest.newBuilder()
                        .setFilter(PodSandboxFilter.newBuilder().setId("non-existent-id"))
                        .build()))
                .toIterable()
                .isEmpty();
        String container = bench.running(bench.idle("streamed").putLabels("stream-stats", "yes"));
        assertThat(bench.runtime.streamContainers(StreamContainersRequest.newBuilder()
                        .setFilter(ContainerFilter.newBuilder().setPodSandboxId(bench.sandbox))
                        .build()))
                .toIterable()
                .flatMap(StreamContainersResponse::getContainersList)
                .map(Container::getId)
                .contains(container);
        assertThat(bench.runtime.streamContainerStats(StreamContainerStatsRequest.newBuilder()
                        .setFilter(ContainerStatsFilter.newBuilder().putLabelSelector("stream-stats", "yes"))
                        .build()))
                .toIterable()
                .flatMap(StreamContainerStatsResponse::getContainerStatsList)
                .map(stats -> stats.getAttributes().getId())
                .containsExactly(container);
        assertThat(bench.runtime.streamPodSandboxStats(StreamPodSandboxStatsRequest.newBuilder()
                        .setFilter(PodSandboxStatsFilter.newBuilder().setId(bench.sandbox))
                        .build()))
                .toIterable()
                .flatMap(StreamPodSandboxStatsResponse::getPodSandboxStatsList)
                .hasSize(1);
        assertThat(bench.images.streamImages(StreamImagesRequest.getDefaultInstance()))
                .toIterable()
                .flatMap(StreamImagesResponse::getImagesList)
                .hasSizeGreaterThanOrEqualTo(2);
        bench.removeContainer(container);
    }
}
