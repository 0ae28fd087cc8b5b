package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.cri.v1.ContainerAttributes;
import io.hypernetes.cri.v1.ContainerMetadata;
import io.hypernetes.cri.v1.ContainerStats;
import io.hypernetes.cri.v1.CpuUsage;
import io.hypernetes.cri.v1.LinuxPodSandboxStats;
import io.hypernetes.cri.v1.MemoryUsage;
import io.hypernetes.cri.v1.PodSandboxAttributes;
import io.hypernetes.cri.v1.PodSandboxStats;
import io.hypernetes.cri.v1.UInt64Value;
import io.hypernetes.kubelet.cri.CriRuntime;
import io.hypernetes.kubelet.cri.Labels;
import io.hypernetes.kubelet.usage.PodUsage;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class PodUsageTest {
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    @TempDir
    Path folder;

    @Test
    void ratesAreThoseSinceTheLastQuestionAndWindowsAreTold() {
        AtomicReference<Instant> now = new AtomicReference<>(START.plusSeconds(40));
        try (FakeCri fake = new FakeCri(folder.resolve("cri.sock"));
                CriRuntime cri = new CriRuntime(folder.resolve("cri.sock"), Runnable::run, HostPaths.below(folder))) {
            PodUsage usage = new PodUsage(cri, now::get);
            Map<String, Instant> started = Map.of("c1", START);

            fake.stats = List.of(stats(now.get(), Duration.ofSeconds(10), 64 << 20));
            JsonNode first = ask(usage, started);
            assertThat(first.path("metadata").path("name").asString()).isEqualTo("web");
            assertThat(first.path("metadata").path("namespace").asString()).isEqualTo("default");
            assertThat(first.path("window").asString()).isEqualTo("40.000s");
            JsonNode container = first.path("containers").get(0);
            assertThat(container.path("name").asString()).isEqualTo("main");
            assertThat(container.path("usage").path("cpu").asString()).isEqualTo("250000000n");
            assertThat(container.path("usage").path("memory").asString()).isEqualTo("65536Ki");

            now.set(START.plusSeconds(50));
            fake.stats = List.of(stats(now.get(), Duration.ofSeconds(15), 64 << 20));
            JsonNode second = ask(usage, started);
            assertThat(second.path("window").asString()).isEqualTo("10.000s");
            assertThat(second.path("containers").get(0).path("usage").path("cpu").asString()).isEqualTo("500000000n");

            // The container began anew: its counter fell, and what it did before is not taken for what it does now.
            now.set(START.plusSeconds(60));
            fake.stats = List.of(stats(now.get(), Duration.ofSeconds(1), 1 << 20));
            JsonNode third = ask(usage, Map.of("c1", START.plusSeconds(58)));
            assertThat(third.path("containers").get(0).path("usage").path("cpu").asString()).isEqualTo("500000000n");
        }
    }

    private static JsonNode ask(PodUsage usage, Map<String, Instant> started) {
        return JsonMapper.shared().readTree(usage.ofTenant("red", started)).path("items").get(0);
    }

    private static PodSandboxStats stats(Instant at, Duration cpu, long memory) {
        long nanos = at.getEpochSecond() * 1_000_000_000L + at.getNano();
        return PodSandboxStats.newBuilder()
                .setAttributes(PodSandboxAttributes.newBuilder().setId("s1")
                        .putAllLabels(Map.of(Labels.TENANT, "red", Labels.POD_NAME, "web", Labels.POD_NAMESPACE, "default")))
                .setLinux(LinuxPodSandboxStats.newBuilder().addContainers(ContainerStats.newBuilder()
                        .setAttributes(ContainerAttributes.newBuilder().setId("c1").setMetadata(ContainerMetadata.newBuilder().setName("main")))
                        .setCpu(CpuUsage.newBuilder().setTimestamp(nanos).setUsageCoreNanoSeconds(number(cpu.toNanos())))
                        .setMemory(MemoryUsage.newBuilder().setTimestamp(nanos).setWorkingSetBytes(number(memory)))))
                .build();
    }

    private static UInt64Value number(long value) {
        return UInt64Value.newBuilder().setValue(value).build();
    }
}
